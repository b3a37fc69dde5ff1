"""Which days are to be landed and built before a training."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pyarrow as pa
import pytest

from mlops_platform.components.instance import open_instance
from mlops_platform.components.model_lifecycle.lifecycle_model import LifecycleModel
from mlops_platform.components.models import declared_lifecycle
from mlops_platform.data.features.builds import Builds, Project
from mlops_platform.data.features.published import Manifest
from mlops_platform.data.landing.landed_table import LandedTable
from mlops_platform.data.landing.landing import Arrival, land_day
from mlops_platform.definitions import defs
from mlops_platform.driving.driver import JobDriver
from mlops_platform.driving.missing import unbuilt_days, unlanded_days
from mlops_platform.files import write_text
from mlops_platform.settings import Settings, settings
from tests.homes.stamped import write_stamp

FIRST = date(2013, 1, 1)
TABLES = ("flight_schedules", "flight_outcomes", "weather")


def days(*numbers: int) -> list[date]:
    return [FIRST + timedelta(days=number) for number in numbers]


def land_flights(home: Settings, table: str, day: date, rows: int) -> None:
    flights = pa.table(
        {"flight_id": pa.array([f"{day} {row}" for row in range(rows)], pa.string())}
    )
    arrival = Arrival.begun(home.landing, table, [day], datetime(2013, 2, 1, tzinfo=UTC))
    land_day(home.landing, LandedTable(table=table, key=("flight_id",)), day, flights, arrival)


@pytest.fixture(scope="module")
def model() -> LifecycleModel:
    return declared_lifecycle("flight_delay")


@pytest.fixture(scope="module")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    """Loaded once: they name no home."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLOPS_HOME", str(tmp_path_factory.mktemp("definitions")))
        settings.cache_clear()
        write_stamp(settings().home)
        loaded = defs()
    settings.cache_clear()
    return loaded


@pytest.fixture
def driver(definitions: dg.Definitions, home: Settings) -> Iterator[JobDriver]:
    with open_instance() as instance:
        yield JobDriver(definitions, instance)


def test_days_are_missing_once_they_have_ended_where_they_are(
    home: Settings, driver: JobDriver, model: LifecycleModel
) -> None:
    before_midnight = datetime(2013, 1, 4, 4, 59, tzinfo=UTC)
    assert unlanded_days(driver, model, home, before_midnight) == days(0, 1)
    assert unlanded_days(driver, model, home, before_midnight + timedelta(minutes=1)) == days(
        0, 1, 2
    )


def test_a_day_that_one_table_lacks_is_to_be_landed(
    home: Settings, driver: JobDriver, model: LifecycleModel
) -> None:
    for table in TABLES:
        for day in days(0, 1, 2):
            if (table, day) != ("weather", days(1)[0]):
                land_flights(home, table, day, 1)
    assert unlanded_days(driver, model, home, datetime(2013, 1, 4, 5, tzinfo=UTC)) == days(1)


def test_what_is_built_beside_a_model_is_landed_for_it_too(
    home: Settings, driver: JobDriver
) -> None:
    """`departures` reads no weather, and no build of its domain does without."""
    departures = declared_lifecycle("departures")
    for day in days(0, 1):
        for table in ("flight_schedules", "flight_outcomes"):
            land_flights(home, table, day, 1)
    assert unlanded_days(driver, departures, home, datetime(2013, 1, 3, 5, tzinfo=UTC)) == days(
        0, 1
    )


def test_of_tables_that_a_domain_is_not_made_from_nothing_is_missing(
    home: Settings, driver: JobDriver, model: LifecycleModel
) -> None:
    own = (model.spec.features.table, model.spec.label.table)
    tables = dict.fromkeys(own, dg.AssetKey(["staging", "stg_weather"]))
    store = replace(model.store, tables=tables, assets=list(tables.values()))
    of_weather = replace(model, store=store)
    now = datetime(2013, 1, 3, 5, tzinfo=UTC)
    assert unlanded_days(driver, of_weather, home, now) == days(0, 1)
    for day in days(0, 1):
        land_flights(home, "weather", day, 1)
    assert unlanded_days(driver, of_weather, home, now) == []
    assert unlanded_days(driver, model, home, now) == days(0, 1)


def test_a_landed_day_that_is_not_published_is_to_be_built(
    home: Settings, driver: JobDriver, model: LifecycleModel
) -> None:
    now = datetime(2013, 1, 5, 5, tzinfo=UTC)
    assert unbuilt_days(driver, model, home, now) == []  # nothing has landed
    for day, rows in zip(days(0, 1, 2, 3), (2, 1, 0, 1), strict=True):
        land_flights(home, "flight_schedules", day, rows)
    assert unbuilt_days(driver, model, home, now) == days(0, 1, 3)
    built = {str(day): {"rows": 1, "digest": "d"} for day in days(0, 1)}
    manifest = Manifest.model_validate({"partition_column": "local_date", "partitions": built})
    file = home.published / model.spec.features.table / "_manifest.json"
    write_text(file, manifest.model_dump_json())
    assert unbuilt_days(driver, model, home, now) == days(3)


def test_a_day_that_a_build_covered_without_rows_to_publish_is_not_asked_for_again(
    home: Settings, driver: JobDriver, model: LifecycleModel
) -> None:
    now = datetime(2013, 1, 5, 5, tzinfo=UTC)
    for day in days(0, 1):
        land_flights(home, "flight_outcomes", day, 1)
    build_all(home)
    assert unbuilt_days(driver, model, home, now) == []


def test_a_table_that_is_new_to_the_store_is_built_for_all_days(
    home: Settings, driver: JobDriver, model: LifecycleModel
) -> None:
    now = datetime(2013, 1, 5, 5, tzinfo=UTC)
    for day in days(0, 1):
        land_flights(home, "flight_outcomes", day, 1)
    build_all(home, "flight_labels", "features_of_another_model")
    assert unbuilt_days(driver, model, home, now) == days(0, 1)


def test_a_table_that_lands_late_on_a_built_day_has_it_built_again(
    home: Settings, driver: JobDriver, model: LifecycleModel
) -> None:
    now = datetime(2013, 1, 5, 5, tzinfo=UTC)
    for day in days(0, 1, 3):
        land_flights(home, "flight_schedules", day, 1)
    build_all(home)
    land_flights(home, "weather", days(1)[0], 1)
    assert unbuilt_days(driver, model, home, now) == days(1, 3)
    # The gap is filled: it is built for the first time.
    land_flights(home, "flight_schedules", days(2)[0], 1)
    assert set(days(2)) <= set(unbuilt_days(driver, model, home, now))


def build_all(home: Settings, *tables: str) -> None:
    """As far as the state of builds knows."""
    builds = Builds(home.landing, home.published)
    tables = tables or ("flight_features", "flight_labels")
    project = Project(sources=TABLES, tables=tables, reach_days=29)
    builds.begin(project, datetime(2013, 2, 1, tzinfo=UTC), {})
    builds.end()
