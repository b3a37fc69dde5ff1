"""Counts, batch by batch, what a file holds that training never saw."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import inf, sqrt
from typing import TYPE_CHECKING, Final

from mlops_platform.usecases.prediction.feature_file import feature
from mlops_platform.usecases.prediction.record import Unseen

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from mlops_platform.serving.schema import (
        CategoricalColumn,
        FeatureColumn,
        FeatureSchema,
        NumericColumn,
    )

    Flags = NDArray[np.bool_]

MOST_EXAMPLES, MOST_KEPT = 5, 10_000
"""Categories that are told, and that are counted by name: a column of ids has millions."""
NOTABLE_SHARE: Final = 0.1
"""By which more rows than in training lack a value before it is told."""
SIGMAS: Final = 4.0
"""And by how many standard deviations of a sample of as many rows."""
RARE: Final = 0.01
"""Probability, by the share of training, below which that no row has a value is told."""


class UnseenCounts:
    """What of a file training never saw.

    Args:
        missing: share of the rows without a value, by feature, in training.
        absent: features that the file does not have, which are told by themselves.
    """

    def __init__(
        self, schema: FeatureSchema, missing: Mapping[str, float], absent: tuple[str, ...] = ()
    ) -> None:
        self._missing = missing
        self._columns = [
            (column, _counter(column)) for column in schema.columns if column.name not in absent
        ]
        self._nulls: Counter[str] = Counter()
        self.rows = self.unseen_rows = 0

    def add(self, batch: pa.RecordBatch) -> None:
        """Count some rows."""
        import numpy as np

        unseen = np.zeros(batch.num_rows, dtype=bool)
        for column, counter in self._columns:
            values = batch[feature(column.name)]
            is_null = values.is_null(nan_is_null=column.column_kind.is_number)
            self._nulls[column.name] += is_null.true_count
            if counter is not None:
                unseen |= counter.add(values)
        self.rows += batch.num_rows
        self.unseen_rows += int(unseen.sum())

    def unseen(self) -> Iterator[Unseen]:
        """All of it, in the order of the columns."""
        for column, counter in self._columns:
            if counter is not None and counter.rows:
                yield counter.unseen(self.rows)
            if (lacking := self._lacking(column.name)) is not None:
                yield lacking

    def _lacking(self, name: str) -> Unseen | None:
        """More missing than in training: by much, and by more than such a sample has by chance."""
        usual, nulls, rows = self._missing.get(name), self._nulls[name], self.rows
        if usual is None or not nulls:
            return None
        share = nulls / rows
        excess = share - usual
        deviation = sqrt(usual * (1 - usual) / rows)
        is_all = nulls == rows and usual**rows < RARE
        if not is_all and not (
            excess > NOTABLE_SHARE and nulls > 1 and excess > SIGMAS * deviation
        ):
            return None
        return Unseen(
            column=name,
            kind="all_missing" if is_all else "more_missing",
            rows=nulls,
            share=share,
            examples=(),
            seen=f"{100 * usual:.1f} %",
        )


class _Categories:
    """Categories that are not among those of training."""

    def __init__(self, column: CategoricalColumn) -> None:
        import pyarrow as pa

        self.name, self.rows = column.name, 0
        self._known = pa.array(column.categories or (), pa.string())
        self._counts: Counter[str] = Counter()

    def add(self, values: pa.Array) -> Flags:
        import pyarrow.compute as pc

        flags = pc.and_(values.is_valid(), pc.invert(pc.is_in(values, value_set=self._known)))
        strangers = values.filter(flags)
        self.rows += len(strangers)
        for pair in pc.value_counts(strangers):
            category = str(pair["values"].as_py())
            if category in self._counts or len(self._counts) < MOST_KEPT:
                self._counts[category] += pair["counts"].as_py()
        unseen: Flags = flags.to_numpy(zero_copy_only=False)
        return unseen

    def unseen(self, rows: int) -> Unseen:
        common = self._counts.most_common(MOST_EXAMPLES)
        return Unseen(
            column=self.name,
            kind="unseen_category",
            rows=self.rows,
            share=self.rows / rows,
            examples=tuple(f"{category!r} ({count:,})" for category, count in common),
            seen=f"{len(self._known):,} categories",
        )


class _Range:
    """Numbers that are smaller or larger than all of training."""

    def __init__(self, column: NumericColumn) -> None:
        assert column.minimum is not None
        assert column.maximum is not None
        self.name, self.rows = column.name, 0
        self._low, self._high = column.minimum, column.maximum
        self._smallest, self._largest = inf, -inf

    def add(self, values: pa.Array) -> Flags:
        numbers = values.to_numpy(zero_copy_only=False)
        flags: Flags = (numbers < self._low) | (numbers > self._high)
        if flags.any():
            strangers = numbers[flags]
            self.rows += len(strangers)
            self._smallest = min(self._smallest, float(strangers.min()))
            self._largest = max(self._largest, float(strangers.max()))
        return flags

    def unseen(self, rows: int) -> Unseen:
        ends = dict.fromkeys((self._smallest, self._largest))
        return Unseen(
            column=self.name,
            kind="outside_range",
            rows=self.rows,
            share=self.rows / rows,
            examples=tuple(f"{end:g}" for end in ends),
            seen=f"{self._low:g} to {self._high:g}",
        )


def _counter(column: FeatureColumn) -> _Categories | _Range | None:
    from mlops_platform.serving.schema import CategoricalColumn, NumericColumn

    if isinstance(column, CategoricalColumn) and column.categories is not None:
        return _Categories(column)
    if isinstance(column, NumericColumn) and column.minimum is not None:
        return _Range(column)
    return None
