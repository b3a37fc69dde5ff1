"""The versions of the facts of one day, which a delivery writes down for whoever reads.

So reading costs what the versions are, and not what the deliveries were: nobody compares them
again.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mlops_platform.data.engine import identifier, private_duckdb
from mlops_platform.data.landing.changes import Changes
from mlops_platform.data.landing.deliveries import (
    ADDED,
    CHANGED,
    FIRST,
    GONE,
    INTERNAL,
    LATER,
    delivery_folders,
    delivery_moment,
)
from mlops_platform.data.landing.landed_table import KNOWN_AT, LandedTable
from mlops_platform.data.landing.schema.layouts import ByName
from mlops_platform.data.landing.schema.types import MOMENT
from mlops_platform.data.parquet import read_parquet
from mlops_platform.data.types import in_canonical_types

if TYPE_CHECKING:
    import pyarrow as pa

VERSIONS: Final = "versions"
"""Name of the file, in the folder of every delivery but a day's first one."""
KNOWN, ENDED, ARRIVED = (f"{INTERNAL}{name}" for name in ("known", "ended", "arrived"))
ALWAYS: Final = "TIMESTAMPTZ '1900-01-01 00:00:00+00'"
"""From when on a fact was known whose source does not say, and which came with its day."""


def counts_from(kind: str, said: str, arrived: str) -> str:
    """Write the SQL of the moment from which a row of a delivery's file counts.

    What is gone is known to be so on arrival; a new value when the source says, but not before it
    arrived; an addition, and what came with its day, are believed to have been known when the
    source says.

    Args:
        kind: the file.
        said: SQL of the moment that the source says, NULL where it says nothing.
        arrived: SQL of the moment of the delivery.
    """
    return {
        FIRST: said,
        ADDED: f"coalesce({said}, {arrived})",
        CHANGED: f"greatest({said}, {arrived})",
        GONE: arrived,
    }[kind]


def versions_after(
    table: LandedTable, folder: Path, changes: Changes, by_name: ByName, delivered_at: datetime
) -> pa.Table:
    """The versions of a day after one more delivery.

    Columns: those that landed, when a version was known (`counts_from`) and superseded (NULL: not
    yet), and when it arrived.

    Args:
        folder: of the day, without this delivery.
    """
    said = said_known_at(table, changes.facts.column_names) or "NULL::TIMESTAMPTZ"
    key = ", ".join(map(identifier, table.key))
    added, changed, gone = (counts_from(kind, said, "$at") for kind in LATER)
    with private_duckdb() as connection:
        connection.register("added", changes.added)
        connection.register("changed", changes.changed)
        connection.register("gone", changes.gone)
        connection.register("before", _versions_before(table, folder, by_name))
        versions = connection.sql(
            f"WITH events AS (SELECT {key}, {changed} AS _at FROM changed "
            f"UNION ALL SELECT {key}, {gone} FROM gone), "
            f"ended AS (SELECT * REPLACE (least({ENDED}, _at) AS {ENDED}) "
            f"FROM before LEFT JOIN events USING ({key})) "
            # What was replaced before it was known was never known.
            f"SELECT * EXCLUDE (_at) FROM ended WHERE {ENDED} IS NULL OR {ENDED} > {KNOWN} "
            f"UNION ALL BY NAME SELECT *, {added} AS {KNOWN}, $at AS {ARRIVED} FROM added "
            f"UNION ALL BY NAME SELECT *, {changed} AS {KNOWN}, $at AS {ARRIVED} FROM changed "
            f"ORDER BY {key}, {KNOWN}",
            params={"at": delivered_at},
        ).to_arrow_table()
    return in_canonical_types(versions).cast(_schema(changes.facts.schema))


def said_known_at(table: LandedTable | None, columns: list[str]) -> str | None:
    """Write the SQL of the moment that the source says, None where it says nothing."""
    declared = table.known_at if table is not None else None
    name = declared or (KNOWN_AT if KNOWN_AT in columns else None)
    return None if name is None else f"CAST({identifier(name)} AS TIMESTAMPTZ)"


def _versions_before(table: LandedTable, folder: Path, by_name: ByName) -> pa.Table:
    """Of the day as it is: written down, or those of its only delivery."""
    last = delivery_folders(folder)[-1]
    file = last / f"{VERSIONS}.parquet"
    if file.is_file():
        ours = dict.fromkeys((KNOWN, ENDED, ARRIVED), MOMENT)
        return by_name.with_columns({**by_name.columns, **ours}).rows(read_parquet(file))
    rows = by_name.rows(in_canonical_types(read_parquet(last / f"{FIRST}.parquet")))
    said = said_known_at(table, rows.column_names)
    with private_duckdb() as connection:
        connection.register("first_rows", rows)
        return connection.sql(
            f"SELECT *, {said or ALWAYS} AS {KNOWN}, NULL::TIMESTAMPTZ AS {ENDED}, "
            f"$at AS {ARRIVED} FROM first_rows",
            params={"at": delivery_moment(last.name)},
        ).to_arrow_table()


def _schema(content: pa.Schema) -> pa.Schema:
    import pyarrow as pa

    moment = pa.timestamp("us", tz="UTC")
    return pa.schema([*content, *(pa.field(name, moment) for name in (KNOWN, ENDED, ARRIVED))])
