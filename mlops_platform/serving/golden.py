"""Golden rows: a few rows packed with the answers that the offline pipeline gave."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from mlops_platform.column_kind import Value
from mlops_platform.errors import ServingError
from mlops_platform.record import Record
from mlops_platform.serving.frames import frame_of, rows_of, without_refused
from mlops_platform.serving.schema import FeatureSchema
from mlops_platform.serving.scoring.rounding import (
    TOLERANCE,
    answer_difference,
    largest_difference,
)
from mlops_platform.tasks import Task

if TYPE_CHECKING:
    import pandas as pd


class GoldenRow(Record):
    """One row and the numbers that the offline pipeline gives it, exact to the last bit.

    It was asked for the row alone: BLAS rounds the same row otherwise within a batch.
    """

    features: dict[str, Value]
    numbers: tuple[float, ...]


class GoldenRows(Record):
    """The rows by which a service proves that it answers what was judged."""

    rows: tuple[GoldenRow, ...]

    @property
    def numbers(self) -> list[tuple[float, ...]]:
        """What the offline pipeline says of each."""
        return [row.numbers for row in self.rows]


def choose_golden_rows(
    schema: FeatureSchema, task: Task, model: Any, rows: pd.DataFrame, count: int
) -> GoldenRows:
    """Choose at most `count` of the held-out `rows`, with what `model` answers for them.

    The choice depends on the entities only, not on the order of the rows: first, up to half of
    them, one row with a missing value for every column that has any, then the rest.

    Raises:
        ServingError: not one of the rows could be sent to the service.
    """
    from threadpoolctl import threadpool_limits

    candidates = without_refused(schema, rows)
    if candidates.empty:
        raise ServingError(
            f"{schema.model}: none of {len(rows)} rows can be golden, all lack required values; "
            "describe the features on the rows the model was fitted on."
        )
    keys = candidates[schema.entity].map(_spread)
    ordered = candidates.iloc[keys.argsort(kind="stable").to_numpy()]
    chosen = ordered.iloc[list(_positions(schema, ordered, count))]
    # As the service does: with a team of threads one row takes 0.2 s on a busy machine.
    with threadpool_limits(1):
        return GoldenRows(
            rows=tuple(_answered(schema, task, model, row) for row in rows_of(schema, chosen))
        )


def require_same_numbers(
    expected: Sequence[Sequence[float]], served: Sequence[Sequence[float]]
) -> float:
    """Measure the largest difference between expected and served numbers, row by row.

    Raises:
        ServingError: it is more than rounding explains.
    """
    import numpy as np

    return _rounding(largest_difference(np.array(expected, float), np.array(served, float)))


def require_same_answers(
    expected: Sequence[Mapping[str, Any]], served: Sequence[Mapping[str, Any]]
) -> float:
    """Measure the largest difference between expected and served answers, row by row.

    Raises:
        ServingError: it is more than rounding explains.
    """
    return _rounding(max(map(answer_difference, expected, served), default=0.0))


def _rounding(difference: float) -> float:
    if not difference <= TOLERANCE:
        raise ServingError(
            f"golden rows: what is served is {difference:g} away from the offline pipeline "
            f"(allowed {TOLERANCE:g}); rebuild the Bento in the environment that serves it."
        )
    return difference


def _answered(schema: FeatureSchema, task: Task, model: Any, row: dict[str, Value]) -> GoldenRow:
    [numbers] = task.numbers(model, frame_of(schema, [row])).tolist()
    return GoldenRow(features=row, numbers=tuple(numbers))


def _spread(entity: object) -> str:
    return hashlib.sha256(str(entity).encode()).hexdigest()


def _positions(schema: FeatureSchema, ordered: pd.DataFrame, count: int) -> Iterator[int]:
    incomplete: dict[int, None] = {}
    for name in schema.names:
        missing = ordered[name].isna().to_numpy()
        if missing.any() and len(incomplete) < max(1, count // 2):
            incomplete[int(missing.argmax())] = None
    others = (position for position in range(len(ordered)) if position not in incomplete)
    yield from incomplete
    yield from islice(others, count - len(incomplete))
