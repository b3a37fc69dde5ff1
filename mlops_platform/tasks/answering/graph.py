"""Graph: what a task writes its answer to where it leaves the platform as a graph of tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

Tensor = str
"""Name of a tensor in a graph; that of a row each has the shape (rows,)."""


class Graph(Protocol):
    """A graph of the operators of ONNX, in float64."""

    def constant(self, value: float | Sequence[float] | Sequence[str]) -> Tensor:
        """A scalar, or a vector of numbers or texts."""
        ...

    def columns(self, tensors: Sequence[Tensor]) -> Tensor:
        """Tensors of a row each beside one another, shape (rows, tensors)."""
        ...

    def apply(self, operator: str, *inputs: Tensor, **attributes: Any) -> Tensor:
        """What an operator makes of its inputs."""
        ...
