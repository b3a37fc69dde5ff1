"""Explanation: contributions that add up, and how exactly they must."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from mlops_platform.errors import ServingError
from mlops_platform.serving.frames import Row

TOLERANCE: Final = 1e-6
"""Largest difference between the sum of an explanation and what it explains, on its scale."""


class NotExplainable(ServingError):
    """A model whose contributions are not exact; the message says why."""


@dataclass(frozen=True)
class Explanation:
    """`base` and `contributions` add up to `total`, on whose scale `number` is.

    Args:
        base: mean over training rows (trees) or over the background (linear models).
        contributions: by feature, in the order of the schema.
    """

    base: float
    contributions: dict[str, float]
    total: float
    number: float


class Explains(Protocol):
    """What explains a model: one number of it, or the probabilities of all its classes."""

    def explanations(self, row: Row, added: Sequence[float] = ()) -> tuple[Explanation, ...]:
        """Of one row: a single one, or one for each class that the model knows.

        Args:
            added: what the constants of a task add to the scores of these classes.
        """
        ...

    def prove(self, rows: Sequence[Row], numbers: Sequence[Sequence[float]]) -> float:
        """Compare with what the pipeline says; the largest error on the scale of explanations.

        Raises:
            NotExplainable: one does not add up.
        """
        ...


def not_additive(error: float) -> NotExplainable:
    """The refusal of contributions that are so far from what they explain."""
    return NotExplainable(
        f"contributions add up to {error:g} beside the answer (allowed {TOLERANCE:g})."
    )
