"""Models that are replayed beside others: each by its own clock, and what tells of it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from click.testing import CliRunner

from mlops_platform.cli import main
from mlops_platform.clock import move_to
from mlops_platform.components.instance import open_instance
from mlops_platform.components.landing.landing_asset import daily_landing_asset
from mlops_platform.components.model_lifecycle.automation.model_sensor import ModelSensor
from mlops_platform.components.model_lifecycle.automation.retraining import RETRAIN
from mlops_platform.components.model_lifecycle.automation.windows import WATCH
from mlops_platform.components.models import declared_lifecycle
from mlops_platform.components.replays import REPLAYED_TAG
from mlops_platform.data.features.published import Manifest
from mlops_platform.data.known_deliveries import Known, link_known_deliveries
from mlops_platform.data.landing.deliveries import day_folder, delivery_folders, read_delivery
from mlops_platform.data.landing.landed_table import LandedTable
from mlops_platform.data.landing.landing import Arrival, Landed, land_day
from mlops_platform.driving.driver import JobDriver
from mlops_platform.driving.phases import Phases
from mlops_platform.errors import MlopsError, SettingsError
from mlops_platform.files import write_text
from mlops_platform.ledger.records import NewDecision, VersionIdentity
from mlops_platform.replay.replayed_model import ReplayedModel
from mlops_platform.settings import Settings
from mlops_platform.usecases.deployment import Deployment, deployment_at
from tests.documents.cases import Case, refuse_undocumented
from tests.driving.test_phases import Shown

REPLAYED, LIVE = "flight_delay", "arrival_delay"
APRIL, A_WEEK_LATER = (datetime(2013, 4, day, 10, tzinfo=UTC) for day in (1, 8))
DAY = date(2013, 4, 3)
TIDES = LandedTable(table="tides", key=("tide",))


@dataclass(frozen=True)
class Place:
    """One home with two released models, of which the first one is replayed."""

    home: Settings
    instance: dg.DagsterInstance

    @property
    def deployment(self) -> Deployment:
        return deployment_at(self.home)

    def release(self, model: str) -> None:
        identity = VersionIdentity(
            version=1, run_id="1" * 32, digests={}, schema_hash="5", environment_hash="e"
        )
        first = NewDecision(kind="promote", reason="The first.", actor="gate")
        self.deployment.ledger.release(model, identity, first, expected_sequence=None)

    def tick(self, sensor: ModelSensor) -> dg.SensorResult:
        models = [declared_lifecycle(model) for model in (REPLAYED, LIVE)]
        with dg.build_sensor_context(self.instance) as context:
            answer = sensor.over(models)(context)
        assert isinstance(answer, dg.SensorResult)
        return answer

    def requests(self, sensor: ModelSensor) -> dict[str, list[dg.RunRequest]]:
        """What a tick asks for, by model."""
        asked = self.tick(sensor).run_requests or ()
        return {
            model: [request for request in asked if request.tags["mlops/model"] == model]
            for model in (REPLAYED, LIVE)
        }

    def land(self, height: int, **tags: str) -> Path:
        """Land the day as a run with such tags does; the folder of what it delivered."""

        def deliver(arrival: Arrival) -> Landed:
            return Landed([land_day(self.home.landing, TIDES, DAY, tides(height), arrival)])

        asset = daily_landing_asset(
            "tides",
            deliver,
            partitions=dg.DailyPartitionsDefinition("2013-01-01"),
            description="Tides.",
            owners=["team:sea"],
        )
        dg.materialize([asset], instance=self.instance, partition_key=str(DAY), tags=tags)
        return delivery_folders(day_folder(self.home.landing, "tides", DAY))[-1]

    def mlops(self, *arguments: str) -> str:
        shown = CliRunner(env={"COLUMNS": "400"}).invoke(main, list(arguments))
        assert shown.exit_code == 0, shown.output
        return shown.output


def tides(height: int) -> Any:
    import pyarrow as pa

    return pa.table({"tide": ["high"], "height": [height]})


@pytest.fixture
def place(home: Settings) -> Any:
    deployment_at(home).ledger.create_schema()
    for model in (REPLAYED, LIVE):
        spec = declared_lifecycle(model).spec
        for table in (spec.features.table, spec.label.table):
            partitions = {"2013-03-31": {"rows": 1, "digest": "d"}}
            manifest = {"partition_column": "local_date", "partitions": partitions}
            content = Manifest.model_validate(manifest).model_dump_json()
            write_text(home.published / table / "_manifest.json", content)
    move_to(home.replay_clock(REPLAYED), APRIL)
    with open_instance() as instance:
        place = Place(home, instance)
        for model in (REPLAYED, LIVE):
            place.release(model)
        move_to(home.replay_clock(REPLAYED), A_WEEK_LATER)
        yield place


def the_other_stays_in_the_present(place: Place) -> str:
    ledger = place.deployment.ledger
    (promoted,) = ledger.decisions(LIVE)
    assert datetime.now(UTC) - promoted.made_at < timedelta(hours=1)
    assert ledger.decisions(REPLAYED)[0].made_at == APRIL
    shown = place.mlops("status")
    assert f"{LIVE} as of" not in shown
    return shown


def sensors_see_each_at_its_moment(place: Place) -> str:
    asked = place.requests(WATCH)
    (window,) = asked[REPLAYED]
    assert window.partition_key == "2013-04-01"
    # Of the live model no window has ended since it was released.
    assert asked[LIVE] == []
    place.requests(RETRAIN)
    policy = {model: place.deployment.ledger.decisions(model)[0] for model in (REPLAYED, LIVE)}
    assert {decision.kind for decision in policy.values()} == {"wait"}
    assert policy[REPLAYED].made_at == A_WEEK_LATER
    assert datetime.now(UTC) - policy[LIVE].made_at < timedelta(hours=1)
    return json.dumps(dict(window.tags))


def decisions_say_so(place: Place) -> str:
    assert "in a replay" not in place.mlops("why", LIVE)
    return place.mlops("why", REPLAYED)


def a_replay_goes_forward(place: Place) -> str:
    move_to(place.home.replay_clock(LIVE), APRIL)  # earlier than the other
    assert place.deployment.moment_of(REPLAYED) == A_WEEK_LATER
    with pytest.raises(SettingsError) as refusal:
        move_to(place.home.replay_clock(REPLAYED), APRIL)
    return str(refusal.value)


def a_live_model_is_not_replayed(place: Place) -> str:
    phases = Phases(place.home.home / "seconds.json", Shown())
    driver = JobDriver(dg.Definitions(), place.instance)
    with pytest.raises(MlopsError) as refusal:
        ReplayedModel(driver, phases, declared_lifecycle(LIVE)).start_on(date(2013, 4, 1))
    assert not place.deployment.is_replayed(LIVE)
    return str(refusal.value)


def a_replay_ends(place: Place) -> str:
    told = place.mlops("status")
    place.home.replay_clock(REPLAYED).unlink()
    assert datetime.now(UTC) - place.deployment.moment_of(REPLAYED) < timedelta(hours=1)
    assert "replay of history" not in place.mlops("status")
    return told


def corrections_count_from_the_moment_of_their_landing(place: Place) -> str:
    place.land(1, **{REPLAYED_TAG: APRIL.isoformat()})
    replayed = read_delivery(place.land(2, **{REPLAYED_TAG: A_WEEK_LATER.isoformat()}))
    present = read_delivery(place.land(3))
    assert replayed.landed_at is not None
    assert replayed.landed_at <= present.delivered_at
    assert present.landed_at is None
    return replayed.to_stored()


def in_a_home_of_replays_only_what_had_really_landed_is_known(place: Place) -> str:
    moment = {REPLAYED_TAG: A_WEEK_LATER.isoformat()}
    place.land(1, **moment)
    read_at = datetime.now(UTC)
    place.land(2, **moment)
    (table,) = link_known_deliveries(
        place.home.landing, place.home.home / "known", Known(moment=read_at)
    )
    assert (table.known, table.later) == (1, 1)
    (first, second) = delivery_folders(day_folder(place.home.landing, "tides", DAY))
    assert second.name > first.name
    return read_delivery(first).to_stored()


def a_tag_without_a_moment_is_refused(place: Place) -> str:
    with pytest.raises(SettingsError) as refusal:
        place.land(1, **{REPLAYED_TAG: "April"})
    return str(refusal.value)


def a_damaged_clock_stops_its_own_model_alone(place: Place) -> str:
    place.home.replay_clock(REPLAYED).write_text("soon")
    answer = place.tick(RETRAIN)
    assert place.deployment.ledger.decisions(LIVE)[0].kind == "wait"
    return str(answer.skip_reason)


CASES: list[tuple[Case, Callable[[Place], str]]] = [
    (
        Case(
            "a model of one's own in a home where another is replayed",
            "lived in that past as well: no label of its table was known",
            "lives in the present; the replayed one stays where it is",
            "flight_delay as of 2013-04-08 10:00 UTC, which a replay of history has reached",
        ),
        the_other_stays_in_the_present,
    ),
    (
        Case(
            "a tick of a sensor over both",
            "looked at both at one moment",
            "looks at each at its own, and the runs of the replayed one say at which",
            '"mlops/replayed_moment": "2013-04-08T10:00:00+00:00"',
        ),
        sensors_see_each_at_its_moment,
    ),
    (
        Case(
            "a row of the ledger from a replay",
            "looked like one of that day",
            "says so, and the hash of its chain covers that",
            "in a replay",
        ),
        decisions_say_so,
    ),
    (
        Case(
            "a second replay in a home, of another model",
            "moved the first one, and could not begin before its moment",
            "has a clock of its own, which only moves forward",
            "the replay of flight_delay is at 2013-04-08 10:00:00+00:00 and cannot go back",
        ),
        a_replay_goes_forward,
    ),
    (
        Case(
            "a replay of a model that lives in the present",
            "moved into the past, where the home had a moment of another replay",
            "refused",
            "has a history of arrival_delay in the present, and a replay lives in the past",
        ),
        a_live_model_is_not_replayed,
    ),
    (
        Case(
            "the end of a replay",
            "none: the home stayed in the past",
            "without its clock the model goes on in the present, with its history",
            "replayed/flight_delay it lives in the present",
        ),
        a_replay_ends,
    ),
    (
        Case(
            "a correction that a replay lands, and one that lands in the present",
            "arrived at the one moment of the home",
            "the first counts from the week that is replayed, the second from today",
            '"delivered_at": "2013-04-08T10:00:00Z"',
        ),
        corrections_count_from_the_moment_of_their_landing,
    ),
    (
        Case(
            "`mlops reproduce` where several models are replayed",
            "took deliveries by the moments of replays for known that landed after the training",
            "goes by when they really landed",
            "landed_at",
        ),
        in_a_home_of_replays_only_what_had_really_landed_is_known,
    ),
    (
        Case(
            "a run whose tag names no moment",
            "there was no such tag",
            "refused before anything lands",
            "tag mlops/replayed_moment='April' names no moment with an offset",
        ),
        a_tag_without_a_moment_is_refused,
    ),
    (
        Case(
            "a damaged clock",
            "stopped all models",
            "stops its own alone, at every look",
            "holds 'soon', which is no moment with an offset. Delete the file to go by the",
        ),
        a_damaged_clock_stops_its_own_model_alone,
    ),
]


@pytest.mark.parametrize(
    ("case", "reading"), CASES, ids=[case.given.replace(" ", "-") for case, _ in CASES]
)
def test_each_model_has_its_own_clock(
    place: Place, case: Case, reading: Callable[[Place], str]
) -> None:
    assert case.reads in reading(place)


def test_every_case_is_documented() -> None:
    refuse_undocumented("Clocks of replays", [case for case, _ in CASES])
