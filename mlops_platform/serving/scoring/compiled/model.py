"""A fitted model compiled into plain functions: the same numbers, a thousand times sooner.

Scalers, imputers and encoders become lookups, a linear model a sum, trees conditional expressions.
Nothing is believed: packaging compares both on thousands of rows (`parity.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mlops_platform.serving.frames import Row
from mlops_platform.serving.schema import FeatureSchema
from mlops_platform.serving.scoring.compiled.columns import (
    CompiledColumn,
    NotCompilable,
    sklearn_name,
)
from mlops_platform.serving.scoring.compiled.linear import LINEAR, LinearScore, compile_linear
from mlops_platform.serving.scoring.compiled.sklearn_ensembles import ensemble_of
from mlops_platform.serving.scoring.compiled.trees import (
    CompiledTrees,
    TreeliteTrees,
    compile_ensemble,
)
from mlops_platform.serving.scoring.compiled.unpacked import Link, unpack

__all__ = ["CompiledModel", "NotCompilable", "compile_model"]


@dataclass(frozen=True)
class CompiledHead:
    """One number of a model as a function of a row."""

    score: LinearScore | CompiledTrees | TreeliteTrees
    link: Link

    def number(self, row: Row) -> float:
        """Of one row."""
        return self.link.number(self.score.raw(row))

    def numbers(self, rows: Sequence[Row]) -> list[float]:
        """Of some rows."""
        return [self.link.number(raw) for raw in self.score.raws(rows)]


@dataclass(frozen=True)
class CompiledModel:
    """A finished model as functions of a row."""

    heads: tuple[CompiledHead, ...]

    @property
    def best_rows(self) -> int:
        """More rows at once are quicker through the pipeline."""
        return min(head.score.best_rows for head in self.heads)

    def numbers(self, row: Row) -> tuple[float, ...]:
        """What the model says of one row."""
        if len(self.heads) == 1:  # no loop on the way of most requests
            head = self.heads[0]
            return (head.link.number(head.score.raw(row)),)
        return tuple([head.number(row) for head in self.heads])

    def numbers_of(self, rows: Sequence[Row]) -> list[tuple[float, ...]]:
        """What the model says of some rows."""
        return list(zip(*[head.numbers(rows) for head in self.heads], strict=True))


def compile_model(model: Any, schema: FeatureSchema) -> CompiledModel:
    """Compile what a task has finished.

    Raises:
        NotCompilable: a part of it has no compiled form; the message names it.
    """
    parts = unpack(model, schema)
    return CompiledModel(
        tuple(
            CompiledHead(_compiled(head.estimator, head.columns), head.link) for head in parts.heads
        )
    )


def _compiled(
    estimator: Any, columns: tuple[CompiledColumn, ...]
) -> LinearScore | CompiledTrees | TreeliteTrees:
    if sklearn_name(estimator) in LINEAR:
        return compile_linear(estimator, columns)
    ensemble = ensemble_of(estimator, columns)
    if ensemble is None:
        raise NotCompilable(f"{type(estimator).__name__} has no compiled form.")
    return compile_ensemble(ensemble, estimator)
