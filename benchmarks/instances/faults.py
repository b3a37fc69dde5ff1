"""Faults of one column of a window: missing values, another category, another unit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from mlops_platform.data.engine import private_duckdb
from mlops_platform.monitoring.drift.profile.histogram import Histogram
from mlops_platform.monitoring.drift.profile.profile import Profile, count_window
from mlops_platform.spec import ModelSpec

SHARE: Final = 0.2
UNIT: Final = 1.609344
"""Kilometres in a mile: two units of one thing that are not far from each other."""
PERCENT: Final = 100.0
"""The one other unit of a rate, which has no dimension."""
RATE: Final = re.compile(r"(^|_)(rate|share)(_|$)")
NULLS, SWAP, OTHER_UNIT = "20 % NULLs", "category swap", "unit change"


@dataclass(frozen=True)
class Fault:
    """What happens to one column."""

    kind: str
    column: str

    def counted(
        self, profile: Profile, values: pa.ChunkedArray, random: np.random.Generator
    ) -> dict[str, Histogram]:
        """The faulty column in the bins of the reference."""
        changed = pa.table({self.column: self._changed(values, random)})
        with private_duckdb() as connection:
            connection.register("faulty_rows", changed)
            return count_window(connection, "faulty_rows", profile, (self.column,))

    def _changed(self, values: pa.ChunkedArray, random: np.random.Generator) -> pa.Array:
        column = values.combine_chunks()
        hit = pa.array(random.random(len(column)) < SHARE)
        if self.kind == NULLS:
            return pa.compute.if_else(hit, pa.scalar(None, column.type), column)
        if self.kind == OTHER_UNIT:
            factor = PERCENT if RATE.search(self.column) else UNIT
            return pa.compute.multiply(column.cast(pa.float64()), factor)
        return pa.compute.if_else(hit, pa.scalar(second_commonest(column), column.type), column)


def second_commonest(values: pa.Array) -> Any:
    """The value with the second most rows; of equally many the first in order."""
    counted = pa.compute.value_counts(values.drop_null()).to_pylist()
    ranked = sorted(counted, key=lambda count: (-count["counts"], count["values"]))
    return ranked[1]["values"]


def eligible(spec: ModelSpec, profile: Profile) -> Iterator[Fault]:
    """Every column with every fault that it can have.

    A column without values can lose none; one of a single category has no other; and zero in
    another unit is zero, so that a column of zeros has no unit.
    """
    features = spec.features
    for column in (*features.numeric, *features.categorical, *features.boolean):
        total = profile.column(column).total
        if total.present:
            yield Fault(NULLS, column)
        if column in features.categorical and len(total.keys) > 1:
            yield Fault(SWAP, column)
        if column in features.numeric and np.any(_numbers(profile, column) != 0):
            yield Fault(OTHER_UNIT, column)


def _numbers(profile: Profile, column: str) -> np.ndarray:
    bins = profile.bins.by_name[column]
    return bins.transform(profile.column(column).total.keys)
