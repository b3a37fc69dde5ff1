"""The real flights: what is corrected, taken back and erased after a snapshot."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from shutil import copytree
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from mlops_platform.components.models import declared_spec
from mlops_platform.data.features.dbt import DbtProjectFolder, begin_as_parsed, build, publications
from mlops_platform.data.features.kept_projects import KeptProjects, copy_project
from mlops_platform.data.features.origin import FactsOrigin
from mlops_platform.data.features.published import publish_table
from mlops_platform.data.landing.deliveries import day_folder, day_rows
from mlops_platform.data.landing.landing import Arrival, land_day
from mlops_platform.data.training_set import TrainingSet, snapshot_training_set
from mlops_platform.demo.nycflights import FACTS, NycFlights
from mlops_platform.settings import PROJECT_ROOT, Settings, read_settings
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.reproduction.from_facts import BuiltAgain, build_again
from tests.dbt_project.conftest import land
from tests.usecases.reproduction.delivered import erase_rows

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.slow
PERIOD = (date(2013, 2, 1), date(2013, 2, 12))
TAKEN = datetime(2013, 2, 13, 6, tzinfo=UTC)
BEFORE, LATER = TAKEN - timedelta(hours=1), TAKEN + timedelta(days=3)
DAY = date(2013, 2, 6)
OUTCOMES = FACTS["flight_outcomes"]


@dataclass(frozen=True)
class Flights:
    """Some days of the real year, landed, built by the real project, and a snapshot of them."""

    root: Path

    @property
    def place(self) -> Settings:
        return read_settings({"MLOPS_HOME": str(self.root / "home")})

    @property
    def project(self) -> Path:
        return self.root / "dbt_project"

    @property
    def spec(self) -> ModelSpec:
        declared: Any = declared_spec("flight_delay").model_dump()
        declared["training"]["history"]["split"] = {"validation_days": 3, "test_days": 3}
        return ModelSpec.model_validate(declared)

    def build(self) -> None:
        place = self.place
        dbt = DbtProjectFolder(self.project, place.warehouse, place.lake, place.dbt_target)
        flights = ["path:models/flights", "path:seeds"]
        assert not any(outcome.failed for outcome in build(dbt, flights, tested=False))
        published = publications(dbt.manifest)
        for table in (self.spec.features.table, self.spec.label.table):
            how = published[table]
            publish_table(place.warehouse, table, how.partition_by, place.published, how.order_by)

    def snapshot(self) -> TrainingSet:
        place = self.place
        origin = FactsOrigin(recorded_at=TAKEN, built_with=KeptProjects(place.lake).last_build())
        return snapshot_training_set(
            self.spec, place.published, place.training_sets, TAKEN, origin=origin
        )

    def deliver(self, change: Callable[[pa.Table], pa.Table], at: datetime = LATER) -> None:
        """Deliver the outcomes of a day once more."""
        landing, table = self.place.landing, OUTCOMES.table
        rows = day_rows(OUTCOMES, day_folder(landing, table, DAY))
        arrival = Arrival.begun(landing, table, [DAY], at)
        assert land_day(landing, OUTCOMES, DAY, change(rows), arrival).redelivered

    def build_again(self) -> BuiltAgain:
        return build_again(self.place, self.spec, self.snapshot(), self.project, keep=False)


@pytest.fixture(scope="module")
def taken_once(tmp_path_factory: pytest.TempPathFactory) -> Flights:
    flights = Flights(tmp_path_factory.mktemp("flights"))
    land(NycFlights(cache=tmp_path_factory.mktemp("cache")), flights.place.landing, PERIOD)
    copy_project(PROJECT_ROOT / "dbt_project", flights.project)
    begin_as_parsed(flights.project, PROJECT_ROOT / "dbt_project")
    flights.build()
    flights.snapshot()
    return flights


@pytest.fixture
def flights(taken_once: Flights, tmp_path: Path) -> Flights:
    copytree(taken_once.root, tmp_path / "copy")
    return replace(taken_once, root=tmp_path / "copy")


def later_arrivals(rows: pa.Table) -> pa.Table:
    """All of the day were an hour and a half later than it was said."""
    position = rows.schema.get_field_index("arrival_delay_minutes")
    field = rows.schema.field(position)
    return rows.set_column(position, field, pc.add(rows[position], 90).cast(field.type))


def taken_back(rows: pa.Table) -> pa.Table:
    """Some of the day never were."""
    return rows.slice(20)


def test_corrections_and_retractions_that_came_later_were_not_known(flights: Flights) -> None:
    flights.deliver(later_arrivals)
    flights.deliver(taken_back)
    told = flights.build_again()
    assert told.equal, told.rows
    assert {table.table: table.later for table in told.tables if table.later} == {
        "flight_outcomes": 2
    }


def test_what_had_been_corrected_and_taken_back_before_is_built_so_again(flights: Flights) -> None:
    untouched = flights.snapshot()
    flights.deliver(later_arrivals, BEFORE)
    flights.deliver(taken_back, BEFORE + timedelta(minutes=1))
    flights.build()
    assert untouched.rows - flights.snapshot().rows in range(15, 21)
    flights.deliver(lambda rows: rows.slice(1))
    told = flights.build_again()
    assert told.equal, told.rows
    outcomes = next(table for table in told.tables if table.table == "flight_outcomes")
    assert (outcomes.known, outcomes.later) == (14, 1)


def test_erased_outcomes_are_missing_and_their_traces_in_later_rates_differ(
    flights: Flights,
) -> None:
    landing, table = flights.place.landing, OUTCOMES.table
    entity = day_rows(OUTCOMES, day_folder(landing, table, DAY))["flight_id"][0].as_py()
    erase_rows(landing, table, f"flight_id = '{entity}'", LATER)
    told = flights.build_again()
    assert not told.equal
    assert told.rows.missing_examples == (entity,)
    assert told.rows.missing == 1
    assert {column.column for column in told.rows.columns} >= {"carrier_late_rate_7d"}
    assert [(erased.table, erased.rows) for erased in told.erased] == [("flight_outcomes", 1)]
