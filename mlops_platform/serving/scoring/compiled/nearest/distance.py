"""The distance of a row from one centre, in the columns that a pipeline makes of its features."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec import Struct, structs

from mlops_platform.serving.scoring.compiled.columns import (
    ColumnBatch,
    CompiledColumn,
    CompiledRow,
    NotCompilable,
    Text,
)
from mlops_platform.serving.scoring.compiled.tree_code import Reader, compile_reader

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NEAREST = ("KMeans", "MiniBatchKMeans")
"""Clusterers whose rows belong to the centre that is nearest, and to nothing else."""


class DistanceTerms(Struct, frozen=True, tag=True):
    """A centre as plain data, with the columns in which distances are taken."""

    columns: tuple[CompiledColumn, ...]
    centre: tuple[float, ...]


@dataclass(frozen=True)
class Distance:
    """Euclidean distance from a centre.

    Args:
        read: from a row to the values of the columns.
    """

    read: Reader
    centre: tuple[float, ...]

    def raw(self, row: CompiledRow) -> float:
        """Of one row."""
        total = 0.0
        for value, at in zip(self.read(row), self.centre, strict=True):
            total += (value - at) * (value - at)
        return sqrt(total)

    def raws(self, rows: Sequence[CompiledRow]) -> list[float]:
        """Of some rows."""
        return [self.raw(row) for row in rows]


@dataclass(frozen=True)
class CompiledDistance(Distance):
    """The same, of a row and of many.

    Args:
        best_rows: more at once are quicker by columns.
        columns_need_pipeline: whether those need what loads it, scikit-learn.
    """

    columns: tuple[CompiledColumn, ...]
    best_rows: ClassVar[int] = 500
    columns_need_pipeline: ClassVar[bool] = False

    @classmethod
    def of(cls, terms: DistanceTerms) -> CompiledDistance:
        """Ready to be asked.

        Raises:
            NotCompilable: a column is still text.
        """
        return cls(compile_reader(terms.columns), terms.centre, terms.columns)

    def by_position(self, positions: Mapping[Any, int]) -> CompiledDistance:
        """The same of the values of a row."""
        columns = tuple(
            structs.replace(column, source=positions[column.source]) for column in self.columns
        )
        return replace(self, columns=columns, read=compile_reader(columns))

    def raws_of(self, batch: ColumnBatch) -> NDArray[np.float64]:
        """Of the rows of a batch: column after column, as for a single row."""
        import numpy as np

        total = np.zeros(batch.rows)
        for column, at in zip(self.columns, self.centre, strict=True):
            difference = batch.values(column) - at
            total += difference * difference
        return np.sqrt(total)


def read_distance(
    estimator: Any, columns: Iterable[CompiledColumn], position: int
) -> DistanceTerms:
    """One centre of a fitted clusterer.

    Raises:
        NotCompilable: a column is still text, or the centres are kept in single precision.
    """
    centres, columns = estimator.cluster_centers_, tuple(columns)
    if centres.dtype.name != "float64":
        raise NotCompilable(f"{type(estimator).__name__} has centres in {centres.dtype.name}.")
    for column in columns:
        if isinstance(column, Text):
            raise NotCompilable(f"{column.source}: reaches the estimator as text.")
    return DistanceTerms(columns, tuple(centres[position].tolist()))
