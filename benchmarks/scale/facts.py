"""`python -m benchmarks.scale.facts FOLDER ROWS DAYS`: writes synthetic daily facts as Parquet."""

from __future__ import annotations

import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import duckdb

FIRST_DAY: Final = date(2013, 1, 1)
DAYS_OF_YEAR: Final = 364
"""Fifty-two weeks: rows are given by the year, however many days of it are written."""
SNAPSHOTS: Final = {
    "planes": "registered_planes",
    "airports": "stations",
    "airlines": "carriers",
}
"""Tables of which one day is landed -> the view that has their rows."""
CARRIERS: Final = 400
FEWEST_STATIONS, MOST_STATIONS, FLIGHTS_PER_STATION = 30, 300, 33_000
FEWEST_PLANES, FLIGHTS_PER_PLANE = 500, 250


def write_facts(folder: Path, rows: int, days: int) -> None:
    """Write one file per table and day, `<table>/<day>.parquet`, and one per snapshot.

    Args:
        rows: departures of a whole year.
        days: of it that are written.
    """
    stations = min(max(rows // FLIGHTS_PER_STATION, FEWEST_STATIONS), MOST_STATIONS)
    with duckdb.connect(config={"threads": 2, "memory_limit": "2GB"}) as connection:
        for name, value in {
            "flights": rows,
            "days": DAYS_OF_YEAR,
            "carriers": CARRIERS,
            "stations": stations,
            "planes": max(rows // FLIGHTS_PER_PLANE, FEWEST_PLANES),
        }.items():
            connection.execute(f"SET VARIABLE {name} = {value}")
        connection.execute(f"SET VARIABLE first_day = DATE '{FIRST_DAY}'")
        connection.execute(Path(__file__).with_name("facts.sql").read_text(encoding="utf-8"))
        for table, view in SNAPSHOTS.items():
            _write(connection, f"FROM {view}", folder / table / f"{FIRST_DAY}.parquet")
        for number in range(days):
            day = FIRST_DAY + timedelta(days=number)
            # The first flight of a day is the first whose share of the year reaches it.
            first, last = (-(-at * rows // DAYS_OF_YEAR) for at in (number, number + 1))
            for table, content in {
                "flight_schedules": f"schedules_of({first}, {last})",
                "flight_outcomes": f"outcomes_of({first}, {last})",
                "weather": f"weather_of(DATE '{day}')",
            }.items():
                _write(connection, f"FROM {content}", folder / table / f"{day}.parquet")


def _write(connection: duckdb.DuckDBPyConnection, query: str, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    connection.execute(f"COPY ({query}) TO '{file}' (FORMAT parquet, COMPRESSION zstd)")


if __name__ == "__main__":
    write_facts(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
