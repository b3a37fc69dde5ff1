"""Rows as JSON holds them, and the frames that pipelines take: one mapping, both ways."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from mlops_platform.column_kind import Value
from mlops_platform.serving.schema import FeatureSchema, TextColumn

if TYPE_CHECKING:
    import pandas as pd

Row = Mapping[str, Any]
"""Values by column name; other keys, such as the entity, may be there."""


def frame_of(schema: FeatureSchema, rows: Sequence[Row]) -> pd.DataFrame:
    """Make the frame training saw: columns in schema order, float64 with NaN, object with None."""
    return frame_of_columns(
        schema, (map(itemgetter(name), rows) for name in schema.names), len(rows)
    )


def frame_of_columns(
    schema: FeatureSchema, columns: Iterable[Iterable[Any]], count: int
) -> pd.DataFrame:
    """The same of `count` values of each column, in the order of the schema."""
    import numpy as np
    import pandas as pd

    named = zip(schema.columns, columns, strict=True)
    return pd.DataFrame(
        {
            column.name: np.fromiter(values, column.column_kind.dtype, count)
            for column, values in named
        }
    )


def rows_of(schema: FeatureSchema, frame: pd.DataFrame) -> list[dict[str, Value]]:
    """Write the feature columns of a frame as JSON holds them: null where missing."""
    columns = []
    for column in schema.columns:
        kind = column.column_kind.json_type
        values, missing = frame[column.name].tolist(), frame[column.name].isna().tolist()
        columns.append([None if m else kind(v) for v, m in zip(values, missing, strict=True)])
    return [dict(zip(schema.names, row, strict=True)) for row in zip(*columns, strict=True)]


def without_refused(schema: FeatureSchema, frame: pd.DataFrame) -> pd.DataFrame:
    """Keep the rows of a frame that lack no required value and hold no text that is too long."""
    required = [column.name for column in schema.columns if not column.missing_allowed]
    kept = frame[frame[required].notna().all(axis=1)]
    for column in schema.columns:
        if isinstance(column, TextColumn):
            kept = kept[~(kept[column.name].str.len() > column.max_characters)]
    return kept
