"""Landings whose tables have days of their own: each set of days is one job."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
import pytest
import yaml

from mlops_platform.components.instance import open_instance
from mlops_platform.components.landing.jobs import daily_landings, landing_jobs
from mlops_platform.components.model_lifecycle.component import lifecycle_models
from mlops_platform.components.model_lifecycle.lifecycle_model import LifecycleModel
from mlops_platform.data.landing.deliveries import day_of
from mlops_platform.driving.driver import JobDriver
from mlops_platform.driving.landing import TableLanding
from mlops_platform.driving.missing import land, land_days, unlanded_days
from mlops_platform.errors import MlopsError
from mlops_platform.settings import Settings
from tests.components.conftest import Sandbox
from tests.documents.cases import Case, refuse_undocumented
from tests.driving.test_phases import Shown

NEW_YORK = {"start": "2024-03-01", "end": "2024-03-06", "timezone": "America/New_York"}
BERLIN = {"start": "2024-03-03", "end": "2025-01-01", "timezone": "Europe/Berlin"}
TABLES = {"flight_schedules": NEW_YORK, "flight_outcomes": NEW_YORK, "weather": BERLIN}
JOBS = [
    "land_days_from_2024_03_01_to_2024_03_06_america_new_york",
    "land_days_from_2024_03_03_to_2025_01_01_europe_berlin",
]
NOW = datetime(2024, 3, 5, 4, 30, tzinfo=UTC)
"""In Berlin the 4th of March has ended, and in New York it has half an hour to go."""
CASE = Case(
    "a second landing with other dates or another time zone",
    "no definitions could be loaded at all",
    "one job for each set of days; whoever lands days lands those that each table has",
    JOBS[1],
)


def days(*numbers: int) -> list[date]:
    return [date(2024, 3, number) for number in numbers]


@dataclass
class Place:
    """A deployment of three landings and a model, and the files that they land."""

    home: Settings
    driver: JobDriver
    model: LifecycleModel

    def landed(self) -> dict[str, list[date]]:
        folders = sorted(self.home.landing.glob("*/day=*"))
        landed: dict[str, list[date]] = {table: [] for table in TABLES}
        for folder in folders:
            landed[folder.parent.name].append(day_of(folder))
        return landed


def declare(sandbox: Sandbox, source: Path, tables: Mapping[str, Mapping[str, str]]) -> None:
    """Landings of one file, by the days that each has."""
    source.mkdir()
    (source / "facts.csv").write_text("id,at\na,2024-03-02 12:00:00\nb,2024-03-04 12:00:00\n")
    for table, partitions in tables.items():
        attributes = {
            "table": table,
            "description": table,
            "folder": str(source),
            "pattern": "*.csv",
            "time_column": "at",
            "partitions": partitions,
            "key": ["id"],
            "owners": ["team:me"],
        }
        component = "mlops_platform.components.FolderLandingComponent"
        sandbox.declare(
            f"landing_{table}", yaml.safe_dump({"type": component, "attributes": attributes})
        )


@pytest.fixture
def place(home: Settings, sandbox: Sandbox, flight_delay: str, tmp_path: Path) -> Iterator[Place]:
    declare(sandbox, tmp_path / "source", TABLES)
    sandbox.declare("flight_delay", flight_delay)
    with sandbox.folder.build_component_tree() as tree:
        instances = tree.build_defs()
        (model,) = lifecycle_models(tree)
    definitions = dg.Definitions.merge(
        dg.Definitions(executor=dg.in_process_executor), instances, landing_jobs(instances)
    )
    with open_instance() as instance:
        yield Place(home, JobDriver(definitions, instance), model)


def test_whoever_lands_days_lands_those_that_each_table_has(place: Place) -> None:
    repository = place.driver.definitions.get_repository_def()
    jobs = sorted(job for job in repository.job_names if job.startswith("land_days"))
    assert jobs == JOBS
    assert CASE.reads in jobs
    # A training lands what has ended, wherever.
    missing = unlanded_days(place.driver, place.model, place.home, NOW)
    assert missing == days(1, 2, 3, 4)
    land(place.driver, place.model, missing, NOW, print)
    flights, weather = days(1, 2, 3), days(3, 4)
    assert place.landed() == {
        "flight_schedules": flights,
        "flight_outcomes": flights,
        "weather": weather,
    }
    # `mlops land` takes the job of its table.
    by_hand = TableLanding(place.driver, Shown(), place.home.landing, NOW, "me")
    assert by_hand.days("weather", (None, None)) == []
    assert by_hand.land("flight_outcomes", days(3), retract=False) == []
    with pytest.raises(MlopsError, match="no landing has the day 2024-02-29"):
        land_days(place.driver, place.model, [date(2024, 2, 29)], NOW, print)


def test_tables_of_the_same_days_have_one_job(sandbox: Sandbox, tmp_path: Path) -> None:
    declare(sandbox, tmp_path / "source", dict.fromkeys(TABLES, BERLIN))
    [landing] = daily_landings(sandbox.definitions())
    assert landing.job == "land_days"
    assert [key.path[-1] for key in landing.keys] == sorted(TABLES)


def test_zones_that_differ_by_a_sign_have_jobs_of_their_own() -> None:
    landings = [
        dg.AssetsDefinition(
            specs=[
                dg.AssetSpec(
                    ["landing", f"t{number}"],
                    tags={"landing": "daily"},
                    partitions_def=dg.DailyPartitionsDefinition("2024-03-01", timezone=zone),
                )
            ],
        )
        for number, zone in enumerate(("Etc/GMT+5", "Etc/GMT-5"))
    ]
    names = [landing.job for landing in daily_landings(dg.Definitions(assets=landings))]
    assert names == [
        "land_days_from_2024_03_01_etc_gmt_minus_5",
        "land_days_from_2024_03_01_etc_gmt_plus_5",
    ]


def test_the_document_shows_what_happens_to_landings() -> None:
    refuse_undocumented("Schemas", [CASE])
