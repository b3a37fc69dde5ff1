"""A fitted model compiled into plain functions: the same numbers, a thousand times sooner.

Scalers, imputers and encoders become lookups, a linear model a sum, trees conditional expressions,
the centre of a cluster a distance.
Nothing is believed: packaging compares both on thousands of rows (`parity.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlops_platform.serving.schema import FeatureSchema
from mlops_platform.serving.scoring.compiled.columns import (
    BatchColumns,
    ColumnBatch,
    CompiledRow,
    NotCompilable,
)
from mlops_platform.serving.scoring.compiled.linear import LinearScore, LinearTerms
from mlops_platform.serving.scoring.compiled.links import Joint, Link
from mlops_platform.serving.scoring.compiled.nearest.distance import (
    CompiledDistance,
    DistanceTerms,
)
from mlops_platform.serving.scoring.compiled.plain_model import PlainHead, PlainModel, plain_model
from mlops_platform.serving.scoring.compiled.trees import (
    CompiledTrees,
    TreeliteTrees,
    compile_ensemble,
)

__all__ = ["CompiledModel", "NotCompilable", "compile_model", "compile_plain"]


@dataclass(frozen=True)
class CompiledHead:
    """One number of a model as a function of a row."""

    score: LinearScore | CompiledDistance | CompiledTrees | TreeliteTrees
    link: Link

    def by_position(self, positions: Mapping[str, int]) -> CompiledHead:
        """The same of the values of a row."""
        return CompiledHead(self.score.by_position(positions), self.link)

    def number(self, row: CompiledRow) -> float:
        """Of one row."""
        return self.link.number(self.score.raw(row))

    def numbers(self, rows: Sequence[CompiledRow]) -> list[float]:
        """Of some rows."""
        return [self.link.number(raw) for raw in self.score.raws(rows)]

    def numbers_of_batch(self, batch: ColumnBatch) -> list[float]:
        """Of the rows of a batch."""
        return [*map(self.link.number, self.score.raws_of(batch).tolist())]


@dataclass(frozen=True)
class CompiledModel:
    """A finished model as functions of a row."""

    heads: tuple[CompiledHead, ...]
    joint: Joint | None = None

    @property
    def best_rows(self) -> int:
        """More rows at once are quicker by columns."""
        return min(head.score.best_rows for head in self.heads)

    @property
    def most_rows(self) -> int | None:
        """The most rows at once that it scores without the pipeline; None where any number."""
        alone = not any(head.score.columns_need_pipeline for head in self.heads)
        return None if alone else self.best_rows

    def by_position(self, names: Sequence[str]) -> CompiledModel:
        """The same of rows that are their values, in the order of `names`."""
        positions = {name: position for position, name in enumerate(names)}
        heads = tuple(head.by_position(positions) for head in self.heads)
        return CompiledModel(heads, self.joint)

    def numbers(self, row: CompiledRow) -> tuple[float, ...]:
        """What the model says of one row."""
        if len(self.heads) == 1:  # no loop on the way of most requests
            head = self.heads[0]
            numbers: tuple[float, ...] = (head.link.number(head.score.raw(row)),)
        else:
            numbers = tuple([head.number(row) for head in self.heads])
        return numbers if self.joint is None else self.joint.numbers(numbers)

    def numbers_of(self, rows: Sequence[CompiledRow]) -> list[tuple[float, ...]]:
        """What the model says of some rows, one after the other."""
        return self._together([head.numbers(rows) for head in self.heads])

    def numbers_alone(self, columns: Sequence[Sequence[Any]], rows: int) -> list[tuple[float, ...]]:
        """The same of rows that are given by their columns, without the pipeline."""
        if self.most_rows is None and rows > self.best_rows:
            return self.numbers_by_column(columns, rows)
        return self.numbers_of(list(zip(*columns, strict=True)))

    def numbers_by_column(self, columns: BatchColumns, rows: int) -> list[tuple[float, ...]]:
        """The same of rows that are given by their columns, of `rows` values each.

        Raises:
            NotCompilable: this release of scikit-learn has other predictors of trees.
        """
        import numpy as np

        batch = ColumnBatch(columns, rows)
        # Numbers too large for the model are infinite, for a single row and here.
        with np.errstate(all="ignore"):
            return self._together([head.numbers_of_batch(batch) for head in self.heads])

    def _together(self, numbers: Sequence[Sequence[float]]) -> list[tuple[float, ...]]:
        """The numbers of all heads, row by row."""
        rows_of_numbers = list(zip(*numbers, strict=True))
        joint = self.joint
        return rows_of_numbers if joint is None else [*map(joint.numbers, rows_of_numbers)]


def compile_model(model: Any, schema: FeatureSchema, *, every_class: bool = False) -> CompiledModel:
    """Compile what a task has finished.

    Args:
        every_class: whether the numbers are the probabilities of all classes of the model.

    Raises:
        NotCompilable: a part of it has no compiled form; the message names it.
    """
    return compile_plain(plain_model(model, schema, every_class=every_class))


def compile_plain(plain: PlainModel) -> CompiledModel:
    """Compile what was read off a model, or was packed."""
    return CompiledModel(tuple(map(_compiled, plain.heads)), plain.joint)


def _compiled(head: PlainHead) -> CompiledHead:
    if isinstance(head.score, LinearTerms):
        return CompiledHead(LinearScore.of(head.score), head.link)
    if isinstance(head.score, DistanceTerms):
        return CompiledHead(CompiledDistance.of(head.score), head.link)
    return CompiledHead(compile_ensemble(head.score, head.treelite), head.link)
