"""`python -m benchmarks.scale.bare STEP FOLDER DAYS`: the same queries in bare DuckDB.

One step in a process of its own, and what it took as JSON on stdout. DuckDB has its own settings
(four fifths of the machine's memory), and nothing is checked, kept, or written whole or not at all.
The queries of features and their tests are those that dbt ran last in HOME.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import duckdb

FIRST_DAY: Final = date(2013, 1, 1)
ALWAYS: Final = "TIMESTAMPTZ '1900-01-01'"
TABLES: Final = {
    "flight_schedules": ("scheduled_departure_at", "flight_id", ALWAYS),
    "flight_outcomes": ("known_at", "flight_id", "known_at"),
    "weather": ("observed_at", "observed_at, origin", "observed_at"),
    "planes": ("registered_at", "tail_number", ALWAYS),
    "airports": ("registered_at", "airport", ALWAYS),
    "airlines": ("registered_at", "carrier", ALWAYS),
}
"""Of each landed table the column of its day, its key, and since when a fact is known."""
PUBLISHED: Final = ("flight_features", "flight_labels")


def land(connection: duckdb.DuckDBPyConnection, folder: Path, last: date) -> None:
    """One file per table and day, ordered by the key."""
    # DuckDB makes no folder above that of a table.
    (folder / "bare" / "landing").mkdir(parents=True, exist_ok=True)
    for table, (moment, key, known_at) in TABLES.items():
        connection.execute(
            "COPY (SELECT COLUMNS(lambda name: name != 'known_at'), "
            f"{known_at} AS known_at, {moment}::DATE AS day "
            f"FROM '{folder}/facts/{table}/*.parquet' "
            f"WHERE {moment}::DATE <= DATE '{last}' ORDER BY day, {key}) "
            f"TO '{folder}/bare/landing/{table}' (FORMAT parquet, COMPRESSION zstd, "
            "PARTITION_BY (day), OVERWRITE_OR_IGNORE)"
        )


def build(connection: duckdb.DuckDBPyConnection, folder: Path, last: date) -> None:
    """All models and tests that dbt compiled, and the published tables as one file a day."""
    landing, home = folder / "bare" / "landing", folder / "home"
    connection.execute(f"ATTACH '{folder}/bare/warehouse.duckdb' AS warehouse")
    connection.execute("USE warehouse")
    connection.execute(
        "CREATE OR REPLACE MACRO read_landing(landed_table) AS TABLE "
        "SELECT *, NULL::TIMESTAMPTZ AS delivered_at, NULL::TIMESTAMPTZ AS superseded_at FROM "
        f"query('FROM read_parquet(''{landing}/' || landed_table || "
        "'/*/*.parquet'', hive_partitioning = true, hive_types = {''day'': DATE})')"
    )
    seed = folder / "project" / "dbt_project" / "seeds" / "airport_timezones.csv"
    connection.execute(f"CREATE OR REPLACE TABLE airport_timezones AS FROM '{seed}'")
    ran = json.loads((home / "warehouse" / "dbt" / "run_results.json").read_bytes())
    for node in ran["results"]:
        kind, _, name, *_ = node["unique_id"].split(".")
        if kind == "model":
            made = "VIEW" if name.startswith("stg_") else "TABLE"
            connection.execute(f"CREATE OR REPLACE {made} {name} AS {node['compiled_code']}")
        elif kind == "test":
            connection.execute(f"SELECT count(*) FROM ({node['compiled_code']})").fetchall()
    for table in PUBLISHED:
        connection.execute(
            f"COPY (FROM {table} ORDER BY local_date, flight_id) TO '{folder}/bare/{table}' "
            "(FORMAT parquet, COMPRESSION zstd, PARTITION_BY (local_date), OVERWRITE_OR_IGNORE)"
        )


def take_training_set(connection: duckdb.DuckDBPyConnection, folder: Path, last: date) -> None:
    """Features and labels, joined and in order, in one file."""
    features, labels = (
        f"read_parquet('{folder}/home/lake/features/{table}/*/*.parquet', hive_partitioning = true)"
        for table in PUBLISHED
    )
    connection.execute(
        f"COPY (SELECT features.*, is_late, known_at FROM {features} AS features "
        f"JOIN {labels} AS labels USING (flight_id, local_date) WHERE is_late IS NOT NULL "
        f"ORDER BY event_time, flight_id) TO '{folder}/bare/rows.parquet' "
        "(FORMAT parquet, COMPRESSION zstd)"
    )


STEPS: Final[dict[str, Callable[..., None]]] = {
    "land": land,
    "build_features": build,
    "take_training_set": take_training_set,
}


def main(step: str, folder: Path, days: int) -> dict[str, Any]:
    """Run one step, timed without imports.

    Args:
        folder: with `facts`, and the `home` and `project` of the platform's turn.

    Returns:
        seconds, CPU seconds, and the peak of the resident size of the process.
    """
    with duckdb.connect(config={"threads": 2}) as connection:
        zone = "America/New_York" if step == "land" else "UTC"
        connection.execute(f"SET TimeZone = '{zone}'")
        started, cpu = time.perf_counter(), time.process_time()
        STEPS[step](connection, folder, FIRST_DAY + timedelta(days=days - 1))
        return {
            "seconds": time.perf_counter() - started,
            "cpu_seconds": time.process_time() - cpu,
            "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))) + "\n")
