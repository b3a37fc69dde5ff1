"""Weights of served rows: no request carries them, so that they come of the published features."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from mlops_platform.data.engine import identifier
from mlops_platform.data.features.landed.rows import open_newest
from mlops_platform.data.features.published import published_rows
from mlops_platform.spec import ModelSpec
from mlops_platform.spec.data import SAMPLE_WEIGHT

if TYPE_CHECKING:
    import duckdb

_VIEW: Final = "weights"


class JoinedWeights(NamedTuple):
    """SQL by which a query gets a weight; all empty where the model declares none.

    Attributes:
        join: behind the rows that are joined.
        column: behind other columns, after a comma.
        known: behind a WHERE: that the weight is known.
    """

    join: str = ""
    column: str = ""
    known: str = ""


def join_weights(
    connection: duckdb.DuckDBPyConnection,
    published_root: Path,
    spec: ModelSpec,
    *,
    entity: str,
    day: str,
) -> JoinedWeights:
    """Open the published weights, and write how rows are joined with them.

    With event time a row has the weight of its entity on the day of its event, without that of the
    newest row of its entity. One that was never published has none.

    Args:
        entity: SQL of the entity as text.
        day: SQL of the day.

    Raises:
        DataError: the features are not published.
    """
    features = spec.features
    if features.weight is None:
        return JoinedWeights()
    if features.has_event_time:
        rows = published_rows(published_root / features.table, features.partition)
        of_day = f" AND {_VIEW}.day = {day}"
    else:
        open_newest(connection, published_root, spec)
        rows, of_day = "features", ""
    weight = f"CAST({identifier(features.weight)} AS DOUBLE)"
    connection.execute(
        f"CREATE TEMP VIEW {_VIEW} AS SELECT "
        f"CAST({identifier(features.entity)} AS VARCHAR) AS entity, "
        f"CAST({identifier(features.partition)} AS DATE) AS day, "
        f"CASE WHEN isfinite({weight}) AND {weight} > 0 THEN {weight} END AS weight FROM {rows}"
    )
    return JoinedWeights(
        join=f" LEFT JOIN {_VIEW} ON {_VIEW}.entity = {entity}{of_day}",
        column=f", {_VIEW}.weight AS {identifier(SAMPLE_WEIGHT)}",
        known=f" AND {_VIEW}.weight IS NOT NULL",
    )
