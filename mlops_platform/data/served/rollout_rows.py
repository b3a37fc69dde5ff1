"""Served predictions of a champion and its challenger, joined with matured labels."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mlops_platform.data.engine import identifier, literal, not_finite, private_duckdb
from mlops_platform.data.features.labels import open_labels
from mlops_platform.data.parquet_files import parquet_folder
from mlops_platform.data.served.rows import FILES
from mlops_platform.data.served.weights import join_weights
from mlops_platform.spec import ModelSpec

if TYPE_CHECKING:
    import pyarrow as pa

_PAIRED, _APART = 2, 1


class Arm(NamedTuple):
    """A version as its logged predictions name it."""

    version: int
    sequence: int


class Arms(NamedTuple):
    """The two versions of a rollout.

    Args:
        paired: both predict the same rows of a request, as in the shadow.
    """

    champion: Arm
    challenger: Arm
    paired: bool


def read_rollout_rows(
    spec: ModelSpec,
    landed: Path,
    published_root: Path,
    arms: Arms,
    *,
    matured: date,
    as_of: datetime,
) -> pa.Table | None:
    """What the two versions predicted for entities whose labels have matured.

    Of each entity that an arm predicted several times the last prediction counts. In the shadow
    only what both predicted for the same row of a request counts, so that both arms have the same
    rows. Rows without an entity, or whose entity is kept from the log, meet no label.

    Columns: challenger (BOOLEAN), day (of the event), label, the outputs, the weight of the row
    where the model declares weights (a row without one is left out); by arm and entity.

    Args:
        landed: folder of the model's landed predictions.
        matured: last day of events whose labels count as complete.
        as_of: labels are read as they were known then.

    Returns:
        None where nothing has landed yet.

    Raises:
        DataError: the labels are not published.
    """
    if not any(landed.glob(FILES)):
        return None
    served = parquet_folder(landed, [FILES], union_by_name=True)
    outputs = spec.task.outputs
    fields = ", ".join(identifier(output.field) for output in outputs)
    named = ", ".join(
        f"{identifier(output.field)} AS {identifier(output.name)}" for output in outputs
    )
    with private_duckdb() as connection:
        open_labels(connection, published_root, spec, as_of)
        weights = join_weights(
            connection, published_root, spec, entity="last.entity", day="known.day"
        )
        return connection.sql(
            f'WITH arms AS (SELECT entity, request_id, "row", time, {fields}, '
            f"role <> 'champion' AS challenger FROM {served} "
            "WHERE entity IS NOT NULL AND CASE WHEN role = 'champion' "
            "THEN version = $champion AND sequence = $champion_sequence "
            "ELSE version = $challenger AND sequence = $challenger_sequence END), "
            "asked AS (SELECT *, min(time) OVER request AS asked_at, "
            "count(DISTINCT challenger) OVER request AS arms FROM arms "
            'WINDOW request AS (PARTITION BY entity, request_id, "row")), '
            "last AS (FROM asked WHERE arms >= $arms QUALIFY row_number() OVER ("
            "PARTITION BY entity, challenger "
            'ORDER BY asked_at DESC, request_id DESC, "row" DESC) = 1) '
            f"SELECT challenger, {_day(spec)} AS day, label, {named}{weights.column} "
            f"FROM last JOIN ({_known(spec)}) AS known USING (entity){weights.join} "
            f"WHERE {_day(spec)} <= $matured AND known.day >= {_day(spec)}{weights.known} "
            "ORDER BY challenger, entity",
            params={
                "champion": str(arms.champion.version),
                "champion_sequence": arms.champion.sequence,
                "challenger": str(arms.challenger.version),
                "challenger_sequence": arms.challenger.sequence,
                "arms": _PAIRED if arms.paired else _APART,
                "matured": matured,
            },
        ).to_arrow_table()


def _day(spec: ModelSpec) -> str:
    """Write the SQL of the day of an event: of its label, or without event time of the request."""
    if spec.features.has_event_time:
        return "known.day"
    return f"CAST(timezone({literal(spec.window.timezone)}, asked_at) AS DATE)"


def _known(spec: ModelSpec) -> str:
    """Write the SQL of every label that is not NULL; logged entities are text."""
    label, features = spec.label, spec.features
    # A class may be called `nan`.
    is_number = spec.task.label_type == "DOUBLE"
    finite = f"AND NOT {not_finite(identifier(label.column))}" if is_number else ""
    return (
        f"SELECT CAST({identifier(features.entity)} AS VARCHAR) AS entity, "
        f"{identifier(features.partition)} AS day, "
        f"CAST({identifier(label.column)} AS {spec.task.label_type}) AS label FROM labels "
        f"WHERE {identifier(label.column)} IS NOT NULL {finite}"
    )
