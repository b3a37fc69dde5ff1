"""What the sensor and the schedule of a model do, told as stories in replayed time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dagster as dg
import pytest

from mlops_platform.clock import move_to
from mlops_platform.components.instance import open_instance
from mlops_platform.components.model_lifecycle.automation import (
    DECISION_TAG,
    periodic_retraining,
    retraining_sensor,
    window_schedule,
)
from mlops_platform.components.model_lifecycle.services import open_ledger
from mlops_platform.components.models import declared_spec
from mlops_platform.data.published import Manifest
from mlops_platform.files import write_text
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import Decision, NewDecision, VersionIdentity
from mlops_platform.monitoring.performance.window_performance import WindowPerformance
from mlops_platform.settings import Settings
from mlops_platform.spec import RetrainingSpec
from mlops_platform.usecases.freeze import freeze, unfreeze
from mlops_platform.usecases.verdicts import is_verdict

MODEL = "flight_delay"
MONDAY = datetime(2013, 4, 1, 4, tzinfo=UTC)  # midnight in New York
WEEK = timedelta(days=7)
GOOD, BAD = 0.45, 0.55


@dg.op
def nothing() -> None:
    """Stands for a training: these stories are about when one is asked for."""


@dg.job(name=f"train_{MODEL}")
def training() -> None:
    nothing()


@dataclass
class Story:
    """One deployment, its clock, and what happens to it."""

    home: Settings
    ledger: Ledger
    instance: dg.DagsterInstance

    def __post_init__(self) -> None:
        self.spec = declared_spec(MODEL)
        self.sensor = retraining_sensor(self.spec)
        self.schedule = window_schedule(self.spec, "dbt_features")

    def declare(self, **retraining: Any) -> None:
        """The YAML's `retraining` says something else."""
        declared = RetrainingSpec.model_validate(retraining)
        self.spec = self.spec.model_copy(update={"retraining": declared})
        self.sensor = retraining_sensor(self.spec)

    def at(self, moment: datetime) -> None:
        move_to(self.home.replayed_moment, moment)

    def new_data(self, content: str) -> None:
        for table in (self.spec.features.table, self.spec.label.table):
            state = {"2013-03-31": {"rows": 1, "digest": content}}
            manifest = {"partition_column": "local_date", "partitions": state}
            file = self.home.published / table / "_manifest.json"
            write_text(file, Manifest.model_validate(manifest).model_dump_json())

    def release(self, version: int) -> None:
        """A training was promoted."""
        current = self.ledger.current_release(MODEL)
        self.ledger.release(
            MODEL,
            VersionIdentity(
                version=version,
                run_id=f"run-{version}",
                digests={"model.skops": "0" * 64},
                schema_hash="s",
                environment_hash="e",
            ),
            NewDecision(
                kind="promote", reason="better", actor="gate", evidence=self._evidence(version)
            ),
            expected_sequence=current.sequence if current else None,
        )

    def reject(self) -> None:
        """A training lost at the gate."""
        self.ledger.record_decision(
            MODEL,
            NewDecision(kind="reject", reason="worse", actor="gate", evidence=self._evidence(0)),
        )

    def _evidence(self, version: int) -> dict:
        from mlops_platform.data.published import published_digest

        root = self.home.published
        return {
            "mlflow_run": f"run-{version}",
            "features_digest": published_digest(root, self.spec.features.table),
            "labels_digest": published_digest(root, self.spec.label.table),
        }

    def window(
        self, week: int, log_loss: float, *, version: int = 1, mature: bool = True
    ) -> WindowPerformance:
        """The performance of the n-th week is measured."""
        start = date(2013, 4, 1) + week * WEEK
        measured = WindowPerformance(
            window=str(start),
            start=start,
            end=start + WEEK,
            version=version,
            release=version,
            rows=1000,
            labelled=900,
            settled=1000 if mature else 920,
            mature=mature,
            as_of=MONDAY + (week + 1) * WEEK,
            metrics={"log_loss": log_loss},
            base_rate_log_loss=0.6,
            reference_log_loss=GOOD,
            reference_base_rate_log_loss=0.6,
        )
        folder = self.home.records / "latest" / f"{MODEL}__performance"
        write_text(folder / f"{start}.json", measured.model_dump_json())
        return measured

    def tick(self) -> dg.RunRequest | dg.SkipReason:
        with dg.build_sensor_context(self.instance) as context:
            answer = self.sensor(context)
        assert isinstance(answer, dg.RunRequest | dg.SkipReason)
        return answer

    def asked(self) -> dg.RunRequest:
        answer = self.tick()
        assert isinstance(answer, dg.RunRequest), answer
        return answer

    def waited(self) -> str:
        answer = self.tick()
        assert isinstance(answer, dg.SkipReason), answer
        return str(answer.skip_message)

    def run(self, request: dg.RunRequest) -> dg.DagsterRun:
        """The daemon starts what was asked for."""
        return self.instance.create_run_for_job(
            training, tags={**request.tags, "dagster/run_key": str(request.run_key)}
        )

    def due(self) -> list[dg.RunRequest]:
        with dg.build_schedule_context(self.instance) as context:
            answer = self.schedule(context)
        return [] if isinstance(answer, dg.SkipReason) else list(answer)

    def policy_decisions(self) -> list[Decision]:
        found = self.ledger.decisions(MODEL)
        return [one for one in reversed(found) if "policy" in one.evidence and not is_verdict(one)]


@pytest.fixture
def story(home: Settings) -> Iterator[Story]:
    ledger = open_ledger()
    ledger.create_schema()
    with dg.DagsterInstance.ephemeral() as instance:
        begun = Story(home, ledger, instance)
        begun.new_data("january to march")
        begun.at(MONDAY)
        yield begun


@pytest.fixture
def failing(story: Story) -> Story:
    """A champion whose first week, mature by now, was bad; new data have come since."""
    story.release(1)
    story.window(0, BAD)
    story.new_data("first week of april")
    story.at(MONDAY + 2 * WEEK)
    return story


def test_before_the_first_champion_nothing_is_asked_for(story: Story) -> None:
    assert "no champion" in story.waited()
    assert story.due() == []


def test_a_good_week_asks_for_nothing(story: Story) -> None:
    story.release(1)
    story.window(0, GOOD)
    story.at(MONDAY + 2 * WEEK)
    assert "fine" in story.waited()


def test_a_bad_week_asks_once_however_often_the_sensor_ticks(failing: Story) -> None:
    requests = {failing.asked().run_key for _ in range(5)}
    assert len(requests) == 1
    (decision,) = failing.policy_decisions()
    assert (decision.kind, decision.window) == ("retrain", "2013-04-01")
    assert decision.actor == "sensor retrain_flight_delay"
    assert "0.55" in decision.reason


def test_a_wait_is_written_once_however_often_the_sensor_ticks(story: Story) -> None:
    story.release(1)
    story.window(0, GOOD)
    story.at(MONDAY + 2 * WEEK)
    reasons = {story.waited() for _ in range(5)}
    assert [one.reason for one in story.policy_decisions()] == list(reasons)


def test_while_a_training_runs_nothing_is_asked_for(failing: Story) -> None:
    failing.run(failing.asked())
    assert "runs or is queued" in failing.waited()


def test_a_training_that_a_person_started_counts_as_well(failing: Story) -> None:
    failing.instance.create_run_for_job(training)
    assert "runs or is queued" in failing.waited()


def test_a_daemon_that_dies_before_the_run_starts_asks_again_for_the_same(failing: Story) -> None:
    before = failing.asked()
    restarted = Story(failing.home, open_ledger(), failing.instance)
    after = restarted.asked()
    assert (after.run_key, after.tags) == (before.run_key, before.tags)


def test_a_run_that_fails_is_tried_again_as_often_as_declared(failing: Story) -> None:
    keys = []
    for _ in range(failing.spec.retraining.max_attempts):
        request = failing.asked()
        keys.append(request.run_key)
        failing.instance.report_run_failed(failing.run(request))
    assert len(set(keys)) == failing.spec.retraining.max_attempts
    assert "ended without a verdict" in failing.waited()

    failing.at(MONDAY + 3 * WEEK + timedelta(hours=1))
    again = failing.asked()
    assert again.tags[DECISION_TAG] != request.tags[DECISION_TAG]


def test_a_rejected_challenger_is_followed_by_another_after_the_cooldown(failing: Story) -> None:
    failing.run(first := failing.asked())
    failing.instance.report_run_failed(failing.instance.get_runs(limit=1)[0])
    failing.reject()
    failing.new_data("second week of april")
    assert "cooldown" in failing.waited()

    failing.at(MONDAY + 3 * WEEK)
    second = failing.asked()
    assert second.tags[DECISION_TAG] != first.tags[DECISION_TAG]


def test_without_new_data_a_rejected_challenger_is_not_tried_again(failing: Story) -> None:
    failing.asked()
    failing.reject()
    failing.at(MONDAY + 4 * WEEK)
    assert "No feature or label has changed" in failing.waited()


def test_a_new_champion_is_first_judged_on_windows_of_its_own(failing: Story) -> None:
    failing.asked()
    failing.release(2)
    failing.new_data("more")
    failing.window(1, BAD)  # scored by the old champion, matures after its end
    failing.at(MONDAY + 4 * WEEK)
    assert "version 2" in failing.waited()


def test_a_second_episode_asks_again(failing: Story) -> None:
    first = failing.asked()
    failing.release(2)
    failing.window(2, GOOD, version=2)
    failing.new_data("more")
    failing.at(MONDAY + 4 * WEEK)
    assert "fine" in failing.waited()

    failing.window(3, BAD, version=2)
    failing.at(MONDAY + 5 * WEEK)
    second = failing.asked()
    assert second.tags[DECISION_TAG] != first.tags[DECISION_TAG]


def test_labels_that_come_late_are_waited_for(story: Story) -> None:
    story.release(1)
    story.new_data("more")
    story.window(0, BAD, mature=False)
    story.at(MONDAY + 2 * WEEK)
    assert "mature" in story.waited()

    story.window(0, BAD)
    assert story.asked()


def test_a_missing_window_does_not_hide_the_others(failing: Story) -> None:
    failing.window(2, BAD)  # week 1 was never measured
    failing.at(MONDAY + 4 * WEEK)
    failing.asked()
    assert failing.policy_decisions()[-1].window == "2013-04-15"
    assert "2013-04-08" in {request.partition_key for request in failing.due()}


def test_a_frozen_model_is_not_retrained_until_a_person_lets_it(failing: Story) -> None:
    freeze(failing.ledger, MODEL, "runway works", "alice")
    reason = failing.waited()
    assert "alice" in reason
    assert "runway works" in reason
    unfreeze(failing.ledger, MODEL, "done", "alice")
    assert failing.asked()


def test_every_window_that_ended_since_the_first_release_is_asked_for_once(story: Story) -> None:
    story.release(1)
    story.at(MONDAY + 3 * WEEK + timedelta(hours=6))
    requests = story.due()
    assert [request.partition_key for request in requests] == [
        "2013-04-01",
        "2013-04-08",
        "2013-04-15",
    ]
    days = requests[0].run_config["ops"]["dbt_features"]["config"]
    assert days == {"start_day": "2013-04-01", "end_day": "2013-04-07"}

    for week in range(3):
        story.window(week, GOOD)
    assert story.due() == []


def test_what_matures_is_left_to_the_run_that_builds_its_last_labels(story: Story) -> None:
    story.release(1)
    story.window(0, GOOD, mature=False)
    story.at(MONDAY + WEEK + timedelta(days=3))
    assert story.due() == []

    story.at(MONDAY + 2 * WEEK)
    (request,) = story.due()
    assert request.partition_key == "2013-04-08"
    assert request.asset_selection is None


def test_the_last_window_is_measured_again_by_itself(story: Story) -> None:
    window = story.spec.window.model_copy(update={"end": (MONDAY + WEEK).date()})
    spec = story.spec.model_copy(update={"window": window})
    story.schedule = window_schedule(spec, "dbt_features")
    story.release(1)
    story.window(0, GOOD, mature=False)
    story.at(MONDAY + WEEK + timedelta(days=1))
    assert story.due() == []

    story.at(MONDAY + WEEK + timedelta(days=3))
    (request,) = story.due()
    assert request.partition_key == "2013-04-01"
    assert request.asset_selection == [dg.AssetKey([MODEL, "performance"])]


def test_a_long_outage_is_caught_up_in_steps(story: Story) -> None:
    story.release(1)
    story.at(MONDAY + 20 * WEEK)
    assert len(story.due()) == 8


def test_a_periodic_retraining_asks_by_the_clock_unless_frozen_or_running(story: Story) -> None:
    story.declare(policy={"any": [{"rule": "schedule", "cron": "0 3 1 * *"}, "drift"]})
    (schedule,) = periodic_retraining(story.spec)
    story.release(1)
    story.new_data("first weeks of april")
    story.at(MONDAY + 2 * WEEK)
    assert "not time: `0 3 1 * *`" in story.waited()

    def ticked() -> dg.RunRequest | dg.SkipReason:
        # A schedule opens the instance again by its reference, which an ephemeral one has not.
        with open_instance() as instance, dg.build_schedule_context(instance) as context:
            answer = schedule(context)
        assert isinstance(answer, dg.RunRequest | dg.SkipReason)
        return answer

    assert isinstance(ticked(), dg.RunRequest)
    assert "0 3 1 * *" in story.policy_decisions()[-1].reason
    freeze(story.ledger, MODEL, "runway works", "alice")
    assert "Frozen: by alice" in str(ticked().skip_message)
    unfreeze(story.ledger, MODEL, "done", "alice")
    with open_instance() as instance:
        instance.create_run_for_job(training)
    assert "runs or is queued" in str(ticked().skip_message)


def test_without_a_cron_there_is_no_periodic_retraining(story: Story) -> None:
    assert periodic_retraining(story.spec) == []
