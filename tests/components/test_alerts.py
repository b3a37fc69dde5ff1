"""What the alerts of a model make of its checks, runs and silences, told as stories in time."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from mlops_platform.clock import move_to
from mlops_platform.components.instance import open_instance
from mlops_platform.components.model_lifecycle.automation.requests import ANY_ASSETS
from mlops_platform.components.model_lifecycle.automation.retraining import RETRAIN
from mlops_platform.components.model_lifecycle.automation.sensor_cursor import (
    LastLook,
    SensorCursor,
)
from mlops_platform.components.model_lifecycle.incidents.evaluations import Evaluations
from mlops_platform.components.model_lifecycle.incidents.sensor import AlertLook
from mlops_platform.components.model_lifecycle.lifecycle_model import FeatureStore, LifecycleModel
from mlops_platform.components.model_lifecycle.shared import ALERTS
from mlops_platform.components.models import declared_spec
from mlops_platform.components.stages import run_tags
from mlops_platform.files import write_text
from mlops_platform.ledger.records import NewDecision, NewIncidentEvent, VersionIdentity
from mlops_platform.monitoring.alerting.incident import Incident
from mlops_platform.monitoring.loss_figures import LossFigures
from mlops_platform.monitoring.performance.window_performance import WindowPerformance
from mlops_platform.settings import Settings
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.deployment import open_deployment
from mlops_platform.usecases.incidents import alert as alert_module
from mlops_platform.usecases.incidents.acknowledge import acknowledge, incidents_in, resolve

MODEL = "flight_delay"
MONDAY = datetime(2013, 4, 1, 4, tzinfo=UTC)  # midnight in New York
DAY, WEEK = timedelta(days=1), timedelta(days=7)
TABLE = dg.AssetKey(["features", "flight_features"])


@dg.asset(
    key=[MODEL, "drift_report"],
    check_specs=[dg.AssetCheckSpec("drift", asset=[MODEL, "drift_report"])],
)
def drift_report():
    return dg.MaterializeResult(check_results=[dg.AssetCheckResult(passed=True)])


@dg.asset(key=[MODEL, "gate"], check_specs=[dg.AssetCheckSpec("limits", asset=[MODEL, "gate"])])
def gate():
    return dg.MaterializeResult(check_results=[dg.AssetCheckResult(passed=True)])


@dg.asset(key=TABLE, check_specs=[dg.AssetCheckSpec("no_nulls", asset=TABLE, blocking=True)])
def flight_features():
    return dg.MaterializeResult(
        check_results=[dg.AssetCheckResult(passed=False, metadata={"reason": "3 nulls"})]
    )


class Weather(dg.Config):
    """Whether a window can be scored."""

    succeeds: bool


@dg.asset(key=[MODEL, "predictions"])
def predictions(config: Weather) -> None:
    if not config.succeeds:
        raise ValueError("the column is gone")


@dg.asset(key=["severe_delay", "predictions"])
def predictions_of_another() -> None:
    raise ValueError("not of this model")


@dg.asset(key=[MODEL, "bento"], check_specs=[dg.AssetCheckSpec("serves", asset=[MODEL, "bento"])])
def bento():
    raise ValueError("no disk")


DEFINITIONS = dg.Definitions(
    assets=[drift_report, gate, flight_features, bento, predictions, predictions_of_another]
)


def memory(looked_at: datetime, watched_since: datetime) -> str:
    """The cursor of a sensor that has looked at the model."""
    look = AlertLook(looked_at=looked_at, watched_since=watched_since).model_dump_json()
    last = LastLook(looked_at=looked_at, memory=look)
    cursor = SensorCursor(ticked_at=looked_at, unbroken_since=watched_since, models={MODEL: last})
    return cursor.text


@dataclass
class Story:
    """One deployment, its clock, and what happens to it."""

    home: Settings
    instance: dg.DagsterInstance
    spec: ModelSpec
    cursor: str | None = None

    def at(self, moment: datetime) -> None:
        move_to(self.home.replay_clock(MODEL), moment)

    def declare(self, **alerting: Any) -> None:
        declared = {**self.spec.alerting.model_dump(mode="json"), **alerting}
        spec = {**self.spec.model_dump(mode="json"), "alerting": declared}
        self.spec = ModelSpec.model_validate(spec)

    def watched_for(self, **time: float) -> None:
        """The sensor has ticked every minute for so long."""
        now = datetime.now(UTC)
        self.cursor = memory(now, now - timedelta(**time))

    def tick(self) -> str:
        """The daemon lets the sensor tick."""
        store = FeatureStore(tables={}, assets=[TABLE], build_op="dbt_features")
        sensor = ALERTS.over([LifecycleModel(self.spec, store)])
        with dg.build_sensor_context(
            self.instance, repository_def=DEFINITIONS.get_repository_def(), cursor=self.cursor
        ) as context:
            answer = sensor(context)
        assert isinstance(answer, dg.SensorResult)
        assert answer.skip_reason is not None
        self.cursor = answer.cursor
        return str(answer.skip_reason.skip_message)

    def check(
        self, asset: str, check: str, passed: bool, *, error: bool = False, **metadata: Any
    ) -> None:
        """A run evaluates a check."""
        severity = dg.AssetCheckSeverity.ERROR if error else dg.AssetCheckSeverity.WARN
        self.instance.report_runless_asset_event(
            dg.AssetCheckEvaluation(
                asset_key=dg.AssetKey([MODEL, asset]),
                check_name=check,
                passed=passed,
                severity=severity,
                metadata={"reason": "it moved", **metadata},
            )
        )

    def run(self, *, succeeds: bool) -> None:
        config = {"ops": {f"{MODEL}__predictions": {"config": {"succeeds": succeeds}}}}
        self.materialize(predictions, run_config=config, tags=run_tags(MODEL, "watch"))

    def materialize(self, *assets: dg.AssetsDefinition, **arguments: Any) -> bool:
        """A person materialises assets by hand; returns whether that succeeds."""
        job = DEFINITIONS.resolve_job_def(ANY_ASSETS)
        keys = [key for asset in assets for key in asset.keys]
        result = job.execute_in_process(
            instance=self.instance, asset_selection=keys, raise_on_error=False, **arguments
        )
        return result.success

    def release(self) -> None:
        open_deployment().ledger.release(
            MODEL,
            VersionIdentity(
                version=1, run_id="r", digests={"m": "0"}, schema_hash="s", environment_hash="e"
            ),
            NewDecision(kind="promote", reason="better", actor="gate"),
            expected_sequence=None,
        )

    def measure(self, start: date) -> None:
        measured = WindowPerformance(
            window=str(start),
            start=start,
            end=start + WEEK,
            version=1,
            release=1,
            rows=10,
            labelled=10,
            outcomes_known=10,
            mature=True,
            as_of=MONDAY,
            metrics={"log_loss": 0.5},
            losses=LossFigures(loss=0.5, baseline_loss=0.6, test_loss=0.4, test_baseline_loss=0.6),
        )
        folder = self.home.records / "latest" / f"{MODEL}__performance"
        write_text(folder / f"{start}.json", measured.to_stored())

    @property
    def incidents(self) -> list[Incident]:
        return list(incidents_in(open_deployment().incident_log, MODEL).values())

    @property
    def open(self) -> dict[str, str]:
        """Severity of what is open."""
        return {one.fingerprint[0]: one.severity for one in self.incidents if one.is_open}

    def ticket(self, name: str) -> str:
        return (self.home.incidents / MODEL / f"{name}.md").read_text()


@pytest.fixture(scope="module")
def spec() -> ModelSpec:
    return declared_spec(MODEL)


@pytest.fixture
def story(home: Settings, spec: ModelSpec) -> Iterator[Story]:
    open_deployment().ledger.create_schema()
    with dg.DagsterInstance.ephemeral() as instance:
        begun = Story(home, instance, spec)
        begun.at(MONDAY)
        yield begun


def test_where_nothing_fails_nobody_is_told(story: Story) -> None:
    story.check("drift_report", "drift", True)
    story.run(succeeds=True)
    assert story.tick() == "0 open incidents; nothing new"
    assert story.incidents == []


def test_a_failed_check_becomes_an_incident_with_its_evidence(story: Story) -> None:
    story.release()
    story.check("drift_report", "drift", False, window="2013-04-01", value=0.31)
    assert "1 opened, 1 noticed, 1 delivered" in story.tick()
    assert story.tick() == "1 open incidents; nothing new"
    ticket = story.ticket("flight_delay-1")
    for shown in ("it moved", "0.3100", "2013-04-01", "Version 1 (release 1)", "taken by log"):
        assert shown.lower() in ticket.lower()


def test_a_check_that_passes_again_ends_its_incident(story: Story) -> None:
    story.check("drift_report", "drift", False, window="2013-04-01")
    story.tick()
    story.check("drift_report", "drift", True, window="2013-04-08")
    assert "1 resolved" in story.tick()
    assert story.open == {}
    assert "resolved]" in story.ticket("flight_delay-1")


def test_a_window_that_cannot_be_judged_yet_ends_nothing(story: Story) -> None:
    story.check("drift_report", "drift", False, window="2013-04-01")
    story.tick()
    story.check("drift_report", "drift", True, window="2013-04-08", conclusive=False)
    story.tick()
    assert story.open == {"drift_report/drift": "ticket"}


def test_an_error_is_a_page_and_the_yaml_has_the_last_word(story: Story) -> None:
    story.check("drift_report", "drift", False, error=True)
    story.tick()
    assert story.open == {"drift_report/drift": "page"}
    story.declare(severities={"checks": {"drift": "off"}})
    story.check("drift_report", "drift", False, error=True)
    story.tick()
    assert story.open == {}


def test_a_candidate_that_loses_is_no_incident(story: Story) -> None:
    story.check("gate", "limits", False)
    story.tick()
    assert story.open == {}


def test_everything_between_two_ticks_counts_not_only_the_latest(story: Story) -> None:
    story.tick()
    for week, passed in enumerate((False, True, False)):
        story.check("drift_report", "drift", passed, window=f"2013-04-{1 + 7 * week:02}")
    story.tick()
    (incident,) = story.incidents
    assert incident.occasions == ("2013-04-15",)


def test_a_deployment_with_a_past_begins_with_the_present(story: Story) -> None:
    story.check("drift_report", "drift", False)
    story.check("drift_report", "drift", True)
    story.tick()
    assert story.incidents == []


def test_a_run_that_fails_is_an_incident_until_one_succeeds(story: Story) -> None:
    story.run(succeeds=False)
    story.tick()
    (incident,) = story.incidents
    assert incident.fingerprint == ("run/watch", "flight_delay__predictions: ValueError")
    assert "the column is gone" in incident.seen.summary
    story.run(succeeds=True)
    story.tick()
    assert story.open == {}


def test_a_run_that_a_check_has_stopped_is_told_by_the_check_alone(story: Story) -> None:
    assert not story.materialize(flight_features, drift_report)
    story.tick()
    assert story.open == {"features/flight_features/no_nulls": "page"}


def test_every_model_of_a_store_hears_of_its_checks(story: Story) -> None:
    store = FeatureStore(tables={}, assets=[TABLE], build_op="dbt_features")
    other = story.spec.model_copy(update={"name": "severe_delay"})
    sensor = ALERTS.over([LifecycleModel(story.spec, store), LifecycleModel(other, store)])
    story.materialize(flight_features)
    with dg.build_sensor_context(
        story.instance, repository_def=DEFINITIONS.get_repository_def()
    ) as context:
        sensor(context)
    log = open_deployment().incident_log
    heard = {
        name: [incident.fingerprint[0] for incident in incidents_in(log, name).values()]
        for name in (MODEL, "severe_delay")
    }
    assert set(map(tuple, heard.values())) == {("features/flight_features/no_nulls",)}


def test_a_check_that_its_run_never_came_to_is_not_judged(story: Story) -> None:
    story.materialize(bento, tags=run_tags(MODEL, "train"))
    story.tick()
    assert story.open == {"run/train": "ticket"}
    story.check("bento", "serves", passed=False)
    story.tick()
    assert story.open == {"run/train": "ticket", "bento/serves": "ticket"}


def test_a_run_that_was_only_planned_does_not_hide_what_another_found_later(
    story: Story,
) -> None:
    story.materialize(bento)
    # Its record may be newer than one that was planned before it and evaluated after it.
    serves = dg.AssetCheckKey(dg.AssetKey([MODEL, "bento"]), "serves")
    assert Evaluations(story.instance, [serves]).newest == {serves: None}
    story.check("bento", "serves", passed=False)
    story.materialize(bento)
    evaluations = Evaluations(story.instance, [serves])
    assert evaluations.newest == {serves: None}
    (evaluation,) = evaluations.after(datetime.now(UTC) - timedelta(minutes=10))
    assert not evaluation.check.passed


def test_after_a_crash_or_a_lost_cursor_nothing_happens_twice(story: Story) -> None:
    story.check("drift_report", "drift", False)
    story.run(succeeds=False)
    story.tick()
    before = [incident.id for incident in story.incidents]
    story.cursor = None
    story.tick()
    assert [incident.id for incident in story.incidents] == before


def test_windows_that_stop_arriving_page_somebody(story: Story) -> None:
    story.release()
    story.at(MONDAY + WEEK + timedelta(hours=20))
    story.tick()
    assert story.open == {}
    story.at(MONDAY + WEEK + timedelta(hours=25))
    story.tick()
    assert story.open == {"heartbeats/windows_arrive": "page"}
    story.measure(date(2013, 4, 1))
    story.tick()
    assert story.open == {}


def test_predictions_that_stop_arriving_page_somebody(story: Story) -> None:
    story.release()
    story.tick()
    assert story.open == {}
    story.declare(heartbeats={"prediction_minutes": 10})
    story.watched_for(minutes=9)
    story.tick()
    assert story.open == {}
    story.watched_for(minutes=11)
    story.tick()
    assert story.open == {"heartbeats/predictions_are_logged": "page"}
    write_text(story.home.prediction_log(MODEL) / "predictions-1.jsonl", "{}\n")
    story.tick()
    assert story.open == {}


def test_a_ticket_that_nobody_looks_after_becomes_a_page(story: Story) -> None:
    for week in range(3):
        story.at(MONDAY + week * WEEK)
        story.check("drift_report", "drift", False, window=f"2013-04-{1 + 7 * week:02}")
        story.tick()
    assert story.open == {"drift_report/drift": "page"}


def test_an_acknowledged_incident_is_quiet(story: Story) -> None:
    story.check("drift_report", "drift", False, error=True)
    story.tick()
    acknowledge(open_deployment(), "flight_delay-1", "on it", "alice")
    story.at(MONDAY + DAY)
    assert story.tick() == "1 open incidents; nothing new"
    story.at(MONDAY + 4 * DAY)
    assert "1 noticed" in story.tick()


def test_what_a_person_declares_over_stays_over_until_it_fails_again(story: Story) -> None:
    story.check("drift_report", "drift", False)
    story.tick()
    resolve(open_deployment(), "flight_delay-1", "retired", "bob", datetime.now(UTC))
    story.tick()
    assert story.open == {}
    story.check("drift_report", "drift", False)
    story.tick()
    assert story.open == {"drift_report/drift": "ticket"}


def test_a_channel_that_fails_fails_no_tick_and_is_tried_again(
    story: Story, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    channel = {"type": "webhook", "name": "on_call", "url_variable": "ON_CALL_URL"}
    story.declare(channels=[channel, {"type": "log", "name": "log"}])
    story.check("drift_report", "drift", False)
    assert "1 delivered; 1 notices wait" in story.tick()
    assert "on_call: the environment variable ON_CALL_URL is not set" in caplog.text
    story.declare(channels=[{"type": "log", "name": "on_call"}, {"type": "log", "name": "log"}])
    assert "1 delivered" in story.tick()
    assert story.tick() == "1 open incidents; nothing new"


def test_every_tick_leaves_a_heartbeat(story: Story) -> None:
    story.check("drift_report", "drift", False)
    story.tick()
    text = (story.home.metrics / "alerts_flight_delay.prom").read_text()
    samples = [one for family in text_string_to_metric_families(text) for one in family.samples]
    gauges = {(one.name, *one.labels.values()): one.value for one in samples}
    assert gauges["mlops_open_incidents", MODEL, "ticket"] == 1
    assert gauges["mlops_open_incidents", MODEL, "page"] == 0
    assert gauges["mlops_waiting_notices", MODEL, "log"] == 0
    assert abs(gauges["mlops_alerts_tick_timestamp_seconds", MODEL] - time.time()) < 60


def test_what_happened_is_part_of_the_hash_chain(story: Story) -> None:
    story.check("drift_report", "drift", False, share=float("nan"))
    story.tick()
    assert open_deployment().ledger.verify_chain(MODEL) is None
    assert json.loads(json.dumps(story.incidents[0].seen.facts))["share"] == "nan"


def test_tickets_are_whole_files(story: Story) -> None:
    story.check("drift_report", "drift", False, reason="a | b\nc")
    story.tick()
    assert [file.suffix for file in Path(story.home.incidents / MODEL).iterdir()] == [".md"]
    assert "a \\| b c" in story.ticket("flight_delay-1")


def test_a_record_that_cannot_be_read_keeps_nobody_from_being_told(story: Story) -> None:
    broken = story.home.records / "latest" / f"{MODEL}__performance" / "2013-04-01.json"
    write_text(broken, "{}")
    story.check("drift_report", "drift", False)
    assert "1 delivered" in story.tick()
    assert "records of the windows cannot be read" in story.ticket("flight_delay-1")


def test_a_ticket_that_cannot_be_written_keeps_nobody_from_being_told(
    story: Story, caplog: pytest.LogCaptureFixture
) -> None:
    write_text(story.home.incidents / MODEL, "a file where the folder should be")
    story.check("drift_report", "drift", False)
    assert "1 delivered" in story.tick()
    assert "the ticket of flight_delay-1 cannot be written" in caplog.text


def test_a_ticket_follows_what_is_done_about_it(story: Story) -> None:
    story.check("drift_report", "drift", False)
    story.tick()
    acknowledge(open_deployment(), "flight_delay-1", "on it", "alice")
    story.release()
    story.tick()
    ticket = story.ticket("flight_delay-1")
    assert "by alice: on it" in ticket
    assert "gate promoted a candidate. better" in ticket


def test_a_death_before_the_message_is_sent_sends_it_at_the_next_tick(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    story.check("drift_report", "drift", False)
    with monkeypatch.context() as dying:
        dying.setattr(alert_module, "deliver", _die)
        with pytest.raises(KeyboardInterrupt):
            story.tick()
    assert "it moved" in story.ticket("flight_delay-1")
    assert "1 delivered" in story.tick()
    (incident,) = story.incidents
    assert len(incident.notices) == 1


def test_somebody_who_acknowledges_meanwhile_is_not_overruled(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    story.check("drift_report", "drift", False, window="2013-04-01")
    story.tick()
    advance, log = alert_module.advance, open_deployment().incident_log

    def interrupted(*arguments: Any) -> list[NewIncidentEvent]:
        found = advance(*arguments)
        if not story.incidents[0].acknowledged:
            acknowledge(open_deployment(), "flight_delay-1", "on it", "alice")
        return found

    monkeypatch.setattr(alert_module, "advance", interrupted)
    story.check("drift_report", "drift", False, error=True, window="2013-04-08")
    story.tick()
    kinds = [event.kind for event in log.events(MODEL)]
    assert kinds[3:6] == ["acknowledged", "persisted", "escalated"]


def test_a_sensor_that_fails_at_a_model_every_time_pages_somebody(
    home: Settings, spec: ModelSpec
) -> None:
    open_deployment().ledger.create_schema()
    with open_instance() as instance:
        ticked = ticking(instance, RETRAIN.name)
        story = Story(home, instance, retrained(spec))
        story.tick()
        assert story.open == {}
        ticked(minutes_ago=0, failing_minutes=30)
        story.tick()
        assert story.open == {}  # the daemon, and the alerts with it, may have been down
        story.watched_for(minutes=30)
        story.tick()
        assert story.open == {"heartbeats/sensors_tick": "page"}
        assert "retrain since" in story.incidents[0].seen.summary
        ticked(minutes_ago=0)
        story.tick()
        assert story.open == {}


def test_a_sensor_that_does_not_tick_any_more_pages_somebody(
    home: Settings, spec: ModelSpec
) -> None:
    open_deployment().ledger.create_schema()
    with open_instance() as instance:
        ticked = ticking(instance, RETRAIN.name)
        story = Story(home, instance, retrained(spec))
        story.watched_for(minutes=30)
        ticked(minutes_ago=20)
        story.tick()
        assert story.open == {"heartbeats/sensors_tick": "page"}


def test_a_model_that_waits_for_its_turn_is_not_missed(home: Settings, spec: ModelSpec) -> None:
    open_deployment().ledger.create_schema()
    with open_instance() as instance:
        ticked = ticking(instance, RETRAIN.name)
        story = Story(home, instance, retrained(spec))
        story.watched_for(minutes=30)
        ticked(minutes_ago=0, looked_minutes=29)
        story.tick()
        assert story.open == {}


def test_slow_rounds_over_many_models_do_not_switch_the_watch_off(story: Story) -> None:
    story.release()
    story.declare(heartbeats={"prediction_minutes": 10})
    now = datetime.now(UTC)
    look = AlertLook(looked_at=now - timedelta(minutes=7), watched_since=now - timedelta(hours=1))
    last = LastLook(looked_at=look.looked_at, memory=look.model_dump_json())
    ticks = {"ticked_at": now - timedelta(minutes=1), "unbroken_since": now - timedelta(hours=1)}
    story.cursor = SensorCursor(**ticks, models={MODEL: last}).text
    story.tick()
    assert story.open == {"heartbeats/predictions_are_logged": "page"}


def test_a_sensor_that_the_yaml_of_a_model_does_not_want_is_not_missed(
    home: Settings, spec: ModelSpec
) -> None:
    open_deployment().ledger.create_schema()
    with open_instance() as instance:
        ticking(instance, RETRAIN.name)(minutes_ago=20)
        story = Story(home, instance, spec)
        story.watched_for(minutes=30)
        story.tick()
        assert story.open == {}


def test_the_run_of_another_model_is_none_of_this_one(story: Story) -> None:
    assert not story.materialize(predictions_of_another)
    story.tick()
    assert story.incidents == []
    assert not story.materialize(predictions_of_another)
    story.tick()
    assert story.incidents == []


def test_a_run_over_two_models_fails_for_the_one_whose_step_failed(story: Story) -> None:
    works = {"ops": {f"{MODEL}__predictions": {"config": {"succeeds": True}}}}
    assert not story.materialize(predictions, predictions_of_another, run_config=works)
    story.tick()
    assert story.incidents == []
    fails = {"ops": {f"{MODEL}__predictions": {"config": {"succeeds": False}}}}
    assert not story.materialize(predictions, run_config=fails)
    story.tick()
    assert story.open == {"run/watch": "ticket"}


def test_a_part_of_a_stage_that_a_person_makes_does_not_end_its_incident(story: Story) -> None:
    story.run(succeeds=False)
    story.tick()
    works = {"ops": {f"{MODEL}__predictions": {"config": {"succeeds": True}}}}
    assert story.materialize(predictions, run_config=works)
    story.tick()
    assert story.open == {"run/watch": "ticket"}
    story.run(succeeds=True)
    story.tick()
    assert story.open == {}


def retrained(spec: ModelSpec) -> ModelSpec:
    """The YAML switches the retraining on."""
    schedules = spec.schedules.model_copy(update={"retraining": True})
    return spec.model_copy(update={"schedules": schedules})


def _die(*_: object) -> list[str]:
    raise KeyboardInterrupt


def ticking(instance: dg.DagsterInstance, sensor: str) -> Callable[..., None]:
    """Switch a sensor on as the daemon does; returns what writes the cursor of its last tick."""
    from dagster._core import remote_origin
    from dagster._core.scheduler import instigation

    location = remote_origin.RegisteredCodeLocationOrigin("mlops_platform")
    repository = remote_origin.RemoteRepositoryOrigin(location, "__repository__")
    origin = remote_origin.RemoteInstigatorOrigin(repository, sensor)

    def state(cursor: str | None) -> instigation.InstigatorState:
        return instigation.InstigatorState(
            origin,
            instigation.InstigatorType.SENSOR,
            instigation.InstigatorStatus.RUNNING,
            instigation.SensorInstigatorData(cursor=cursor),
        )

    def ticked(
        *, minutes_ago: float, looked_minutes: float = 0, failing_minutes: float | None = None
    ) -> None:
        now = datetime.now(UTC)
        last = LastLook(
            looked_at=now - timedelta(minutes=looked_minutes),
            failing_since=failing_minutes and now - timedelta(minutes=failing_minutes),
        )
        cursor = SensorCursor(ticked_at=now - timedelta(minutes=minutes_ago), models={MODEL: last})
        instance.update_instigator_state(state(cursor.text))

    instance.add_instigator_state(state(None))
    return ticked
