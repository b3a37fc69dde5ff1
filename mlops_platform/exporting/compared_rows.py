"""The rows by which an export is proved: the version's own, and such as it has never seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mlops_platform.column_kind import LARGEST_NUMBER, Value
from mlops_platform.exporting.refusal import NotExportable
from mlops_platform.serving.frames import rows_of, without_refused
from mlops_platform.serving.schema import (
    MAX_TEXT,
    BooleanColumn,
    CategoricalColumn,
    FeatureColumn,
    FeatureSchema,
    NumericColumn,
)

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

LEAST_ROWS: Final = 20_000
GENERATED_ROWS: Final = 2_000
"""At least, beside the version's own."""
SEED: Final = 74
UNSEEN: Final = ("never seen in training", " ", "\u00e9\u4e16\U0001f30d", "x" * MAX_TEXT)


@dataclass(frozen=True)
class ComparedRows:
    """Rows as JSON holds them.

    Args:
        own: of the version's training set.
        generated: made from them, one value of each changed or more.
    """

    own: Sequence[dict[str, Value]]
    generated: Sequence[dict[str, Value]]

    @property
    def all(self) -> list[dict[str, Value]]:
        """Both, its own first."""
        return [*self.own, *self.generated]


def compared_rows(schema: FeatureSchema, rows: pd.DataFrame) -> ComparedRows:
    """At most `LEAST_ROWS` rows of the version, evenly spaced, and at least `GENERATED_ROWS` more.

    Where the version has fewer, all of them, and more generated ones in their place.

    Raises:
        NotExportable: not one of its rows could be sent to a service.
    """
    import numpy as np

    taken = without_refused(schema, rows)
    if taken.empty:
        raise NotExportable(f"{schema.model}: no row of its training set could be scored.")
    places = np.linspace(0, len(taken) - 1, min(len(taken), LEAST_ROWS)).astype(int)
    own = rows_of(schema, taken.iloc[places])
    count = max(LEAST_ROWS - len(own), GENERATED_ROWS)
    return ComparedRows(own, list(_generated(schema, own, count)))


def _generated(
    schema: FeatureSchema, own: Sequence[dict[str, Value]], count: int
) -> Iterator[dict[str, Value]]:
    """Rows with values missing, unseen and extreme, or those of other rows."""
    import numpy as np

    generator = np.random.default_rng(SEED)
    odd = {column.name: _odd_values(column) for column in schema.columns}
    names = list(schema.names)
    for number in range(count):
        row = dict(own[int(generator.integers(len(own)))])
        # Every feature in turn has every odd value; every third row has more than one.
        name = names[number % len(names)]
        row[name] = odd[name][number // len(names) % len(odd[name])]
        if number % 3 == 0:
            _mix(row, own, odd, generator)
        yield row


def _mix(
    row: dict[str, Value],
    own: Sequence[dict[str, Value]],
    odd: dict[str, list[Value]],
    generator: np.random.Generator,
) -> None:
    """Take other values of a row from another one; one in ten is missing or unseen."""
    other = own[int(generator.integers(len(own)))]
    for name in row:
        drawn = generator.random()
        if drawn < 0.1:
            mild = [value for value in odd[name] if not _is_extreme(value)]
            row[name] = mild[int(generator.integers(len(mild)))] if mild else row[name]
        elif drawn < 0.4:
            row[name] = other[name]


def _is_extreme(value: Value) -> bool:
    """Two extremes in one row would hide each other: the larger one decides the sum."""
    return isinstance(value, float) and abs(value) > 1e6


def _odd_values(column: FeatureColumn) -> list[Value]:
    missing: list[Value] = [None] if column.missing_allowed else []
    if isinstance(column, BooleanColumn):
        return [*missing, True, False]
    if isinstance(column, CategoricalColumn):
        return [*missing, *UNSEEN, *(column.categories or ())[:50]]
    if isinstance(column, NumericColumn):
        return [*missing, *_odd_numbers(column)]
    return missing or [""]


def _odd_numbers(column: NumericColumn) -> list[Any]:
    least = 0.0 if column.minimum is None else column.minimum
    most = 1.0 if column.maximum is None else column.maximum
    span = max(most - least, 1.0)
    odd = (
        *(0.0, -0.0, least, most, (least + most) / 2),
        *(most + span, least - span, most + 1000 * span, least - 1000 * span),
        *(1e-300, LARGEST_NUMBER, -LARGEST_NUMBER),
    )
    return [number for number in odd if abs(number) <= LARGEST_NUMBER]
