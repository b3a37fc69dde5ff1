"""The sensor `rebuild`: asks once a day for what is stale, and not beside another build."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pyarrow as pa
import pytest

from mlops_platform.clock import move_to
from mlops_platform.components.instance import open_instance
from mlops_platform.components.model_lifecycle.automation.rebuild import rebuild_sensor
from mlops_platform.components.models import declared_lifecycles
from mlops_platform.data.features.builds import Builds, Project
from mlops_platform.data.landing.landed_table import LandedTable
from mlops_platform.data.landing.landing import Arrival, land_day
from mlops_platform.settings import Settings

FIVE_IN_NEW_YORK = datetime(2013, 3, 20, 9, tzinfo=UTC)
DAYS = [date(2013, 3, 1) + timedelta(days=number) for number in range(18)]
TIDES = LandedTable(table="tides", key=("tide",))


class Morning:
    """One deployment, and the ticks of its sensor."""

    def __init__(self, home: Settings, instance: dg.DagsterInstance) -> None:
        self.home, self.instance = home, instance
        self.cursor: str | None = None
        self.models = declared_lifecycles()
        self.sensor = rebuild_sensor(self.models)

    def land(self, day: date, height: int) -> None:
        rows = pa.table({"tide": [f"{day} high"], "height": [height]})
        arrival = Arrival.begun(self.home.landing, "tides", [day], FIVE_IN_NEW_YORK)
        land_day(self.home.landing, TIDES, day, rows, arrival)

    def build(self) -> None:
        builds = Builds(self.home.landing, self.home.published)
        project = Project(sources=("tides",), tables=("features",), reach_days=2)
        builds.begin(project, FIVE_IN_NEW_YORK, {})
        builds.end()

    def tick(self, at: datetime) -> tuple[list[tuple[str, str]], str | None]:
        """Days that it asks for, and why it asks for none."""
        for model in self.models:
            move_to(self.home.replay_clock(model.name), at)
        with dg.build_sensor_context(self.instance, cursor=self.cursor) as context:
            answer = self.sensor(context)
        assert isinstance(answer, dg.SensorResult)
        self.cursor = answer.cursor or self.cursor
        configs = [
            request.run_config["ops"]["dbt_features"]["config"]
            for request in answer.run_requests or ()
        ]
        asked = [(config["start_day"], config["end_day"]) for config in configs]
        return asked, answer.skip_reason and answer.skip_reason.skip_message


@pytest.fixture
def morning(home: Settings) -> Iterator[Morning]:
    with open_instance() as instance:
        morning = Morning(home, instance)
        for day in DAYS:
            morning.land(day, 1)
        morning.build()
        yield morning


def test_stale_days_are_asked_for_once_a_day_after_five(morning: Morning) -> None:
    assert morning.tick(FIVE_IN_NEW_YORK - timedelta(hours=1)) == ([], "No day is stale.")
    morning.land(DAYS[3], 2)
    asked, why = morning.tick(FIVE_IN_NEW_YORK - timedelta(minutes=1))
    # Where other domains are it is the next day already, and theirs have been looked for.
    assert (asked, why) == ([], "It was looked for stale days on 2013-03-20 already.")
    (span,), _ = morning.tick(FIVE_IN_NEW_YORK)
    assert span == ("2013-03-04", "2013-03-06")
    # Still stale, and asked for: the run may wait in the queue.
    assert morning.tick(FIVE_IN_NEW_YORK + timedelta(hours=3))[0] == []
    # It came to nothing: it is asked for on the next day again.
    assert morning.tick(FIVE_IN_NEW_YORK + timedelta(days=1))[0] == [span]
    morning.build()
    assert morning.tick(FIVE_IN_NEW_YORK + timedelta(days=2)) == ([], "No day is stale.")


def test_days_near_each_other_are_one_build(morning: Morning) -> None:
    morning.land(DAYS[0], 2)
    morning.land(DAYS[-1], 2)
    assert morning.tick(FIVE_IN_NEW_YORK)[0] == [("2013-03-01", "2013-03-18")]


def test_it_is_asked_for_after_a_build_that_runs(morning: Morning) -> None:
    morning.land(DAYS[3], 2)

    @dg.job
    def build_features() -> None:
        """Stands for a build."""

    run = morning.instance.create_run_for_job(build_features, status=dg.DagsterRunStatus.STARTED)
    at = FIVE_IN_NEW_YORK
    assert morning.tick(at) == ([], "A build runs or is queued.")
    morning.instance.report_run_canceled(run)
    assert len(morning.tick(at + timedelta(minutes=5))[0]) == 1


def test_before_the_first_build_nothing_is_stale(home: Settings) -> None:
    with open_instance() as instance:
        assert Morning(home, instance).tick(FIVE_IN_NEW_YORK) == ([], "No day is stale.")


def test_without_a_model_it_is_off(home: Settings) -> None:
    sensor = rebuild_sensor([])
    assert sensor.default_status == dg.DefaultSensorStatus.STOPPED
    with open_instance() as instance, dg.build_sensor_context(instance) as context:
        answer = sensor(context)
    assert isinstance(answer, dg.SensorResult)
    assert not answer.run_requests
