"""What the sensors of trial and probation do, told as stories in replayed time.

Ledger, registry, logs, labels and windows are real files; only the training is left out.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import dagster as dg
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from click.testing import CliRunner, Result
from sklearn.linear_model import LogisticRegression

from mlops_platform.artifacts.allow_list import TRUSTED_TYPES
from mlops_platform.artifacts.model_store import save_model
from mlops_platform.cli import main
from mlops_platform.clock import move_to
from mlops_platform.column_kind import KINDS
from mlops_platform.components.model_lifecycle.automation.model_sensor import ModelSensor
from mlops_platform.components.model_lifecycle.lifecycle_model import FeatureStore, LifecycleModel
from mlops_platform.components.model_lifecycle.release.release_assets import champion_asset
from mlops_platform.components.model_lifecycle.rollout.assets import rollout_asset
from mlops_platform.components.model_lifecycle.rollout.automation import PROBATION, ROLL_OUT
from mlops_platform.components.models import declared_spec
from mlops_platform.data.parquet import write_parquet
from mlops_platform.data.served.served import land_log
from mlops_platform.data.training_set import TrainingSet
from mlops_platform.files import write_text
from mlops_platform.ledger.challenger import standing_challenger
from mlops_platform.ledger.records import (
    BentoIdentity,
    Decision,
    NewDecision,
    Release,
    VersionIdentity,
)
from mlops_platform.monitoring.loss_figures import LossFigures
from mlops_platform.monitoring.performance.window_performance import WindowPerformance
from mlops_platform.registry.model_files import ModelDescription
from mlops_platform.registry.requirements import pinned_requirements
from mlops_platform.serving.watching.objectives import Objectives
from mlops_platform.settings import Settings
from mlops_platform.spec import ModelSpec, ReleaseSpec
from mlops_platform.tasks import DEFAULT_TASK
from mlops_platform.training.judging.gate import Verdict
from mlops_platform.usecases.candidate.judge import EvaluatedCandidate, JudgedCandidate
from mlops_platform.usecases.candidate.train import TrainedCandidate
from mlops_platform.usecases.deployment import Deployment, open_deployment
from mlops_platform.usecases.ledger.freeze import freeze, unfreeze
from mlops_platform.usecases.release.bento import record_bento
from mlops_platform.usecases.release.reconcile import projection_faults, reconcile
from mlops_platform.usecases.release.register import RegisteredCandidate
from mlops_platform.usecases.release.release import Promotion
from mlops_platform.usecases.release.roll_back import roll_back
from mlops_platform.usecases.rollout.begin import release_or_challenge
from tests.data.features.claims import claim
from tests.homes.blank_registry import put_blank_registry
from tests.serving.packed import pack_small, small_spec

MODEL = "flight_delay"
MONDAY = datetime(2013, 7, 1, 4, tzinfo=UTC)  # midnight in New York
DAY = timedelta(days=1)
ROWS = 150
GOOD, BAD = 0.45, 0.65
FITTED_ON = pd.DataFrame(np.random.default_rng(0).normal(size=(200, 2)), columns=["wind", "late"])
FITTED = LogisticRegression().fit(FITTED_ON, FITTED_ON["late"] > 0)


@dataclass
class Story:
    """One deployment, its clock, and what happens to it."""

    deployment: Deployment
    spec: ModelSpec

    def __post_init__(self) -> None:
        self.home, self.ledger = self.deployment.settings, self.deployment.ledger
        self.generator = np.random.default_rng(3)
        self.landing_clock = datetime.now(UTC)

    def at(self, moment: datetime) -> None:
        move_to(self.home.replay_clock(MODEL), moment)

    def register(self) -> VersionIdentity:
        directory = self.home.home / "fitted" / uuid4().hex
        digests = save_model(FITTED, directory)
        description = ModelDescription(
            input_example=FITTED_ON.head(2),
            kinds=dict.fromkeys(FITTED_ON.columns, KINDS["numeric"]),
            predict_method=DEFAULT_TASK.predict_method,
            answers=DEFAULT_TASK.answers_of_model,
            requirements=pinned_requirements(),
            trusted_types=TRUSTED_TYPES,
        )
        registry = self.deployment.registry
        with registry.training_run(MODEL, "run", {}) as run:
            version = registry.register_version(
                MODEL, run.run_id, directory, digests, description, {}
            )
        return VersionIdentity(
            version=version.version,
            run_id=run.run_id,
            digests=version.digests,
            schema_hash="5c",
            environment_hash="e4",
        )

    def train(self, release: ReleaseSpec | None = None) -> None:
        """A training passes the gate and is packaged."""
        current = self.ledger.current_release(MODEL)
        promotion = Promotion(
            MODEL,
            self.register(),
            NewDecision(kind="promote", reason="better", actor="gate"),
            expected_sequence=current.sequence if current else None,
        )
        standing = release_or_challenge(self.deployment, promotion, release or self.spec.release)
        bento = BentoIdentity(tag=self.pack(promotion.identity, standing.sequence))
        record_bento(self.ledger, standing, bento, "bento")
        reconcile(self.deployment, MODEL)

    def pack(self, identity: VersionIdentity, sequence: int) -> str:
        """A Bento that a roll back can verify; its tag."""
        registry, spec = self.deployment.registry, small_spec(MODEL)
        with registry.fetched_version(MODEL, identity.version) as fetched:
            files, fitted = fetched.directory, (FITTED, FITTED_ON)
            return pack_small(self.home, spec, identity, files, fitted, sequence=sequence)

    def traffic(self, day: int, *, challenger_is_better: bool) -> None:
        """A day is served by both, landed and labelled."""
        local = date(2013, 7, 1) + timedelta(days=day)
        truth = self.generator.choice([0.1, 0.9], ROWS)
        entities = [f"{local}-{at}" for at in range(ROWS)]
        self.label(local, entities, self.generator.random(ROWS) < truth)
        dull = 0.5 + 0.3 * (truth - 0.5)
        champion, challenger = (dull, truth) if challenger_is_better else (truth, dull)
        lines = [
            self._line(local, entity, role, float(probability))
            for role, scores in (("champion", champion), ("shadow", challenger))
            for entity, probability in zip(entities, scores, strict=True)
        ]
        log = self.home.prediction_log(MODEL)
        write_text(log / f"predictions-w1-{local}.jsonl", "".join(lines))
        land_log(self.spec, log, self.home.served / MODEL, self.landing_clock)

    def _line(self, day: date, entity: str, role: str, probability: float) -> str:
        line = {
            "time": f"{day}T15:00:00.000Z",
            "request_id": entity,
            "row": 0,
            "route": "predict",
            "entity": entity,
            "model": MODEL,
            "version": "1" if role == "champion" else "2",
            "sequence": 1 if role == "champion" else 2,
            "role": role,
            "features": {"carrier": "UA"},
            "probability": probability,
            "decision": probability >= 0.5,
            "latency_ms": 1.5,
        }
        return json.dumps(line) + "\n"

    def label(self, day: date, entities: list[str], late: np.ndarray) -> None:
        known = datetime(day.year, day.month, day.day, 20, tzinfo=UTC)
        table = pa.table(
            {
                "flight_id": entities,
                "is_late": late,
                "known_at": pa.array([known] * len(entities), pa.timestamp("us", "UTC")),
            }
        )
        folder = self.home.published / self.spec.label.table
        write_parquet(table, folder / f"local_date={day}" / "data.parquet")
        claim(folder)

    def served(self, version: str, requests: int, errors: int = 0, seconds: float = 0.01) -> None:
        """Workers answered for the champion."""
        counting = Objectives(self.home.prediction_log(MODEL), uuid4().hex, MODEL)
        for at in range(requests):
            counting.observe(version, "champion", 500 if at < errors else 200, seconds)
        counting.close()

    def window(self, release: int, loss: float) -> None:
        """A week that one release scored has matured."""
        start = date(2013, 7, 1)
        measured = WindowPerformance(
            window=str(start),
            start=start,
            end=start + timedelta(days=7),
            version=release,
            release=release,
            rows=1000,
            labelled=900,
            outcomes_known=1000,
            mature=True,
            as_of=MONDAY + 9 * DAY,
            metrics={"log_loss": loss},
            losses=LossFigures(
                name="log loss",
                loss=loss,
                baseline_loss=0.6,
                test_loss=GOOD,
                test_baseline_loss=0.6,
            ),
        )
        folder = self.home.records / "latest" / f"{MODEL}__performance"
        write_text(folder / f"{start}.json", measured.to_stored())

    def tick(self, sensor: ModelSensor) -> dg.SensorResult:
        model = LifecycleModel(self.spec, FeatureStore(tables={}, assets=(), build_op="build"))
        with dg.DagsterInstance.ephemeral() as instance, dg.build_sensor_context(instance) as tick:
            answer = sensor.over([model])(tick)
        assert isinstance(answer, dg.SensorResult)
        return answer

    def asked(self) -> dg.RunRequest | None:
        """The run that is asked for, where one is."""
        requests = self.tick(ROLL_OUT).run_requests
        return requests[0] if requests else None

    def asked_key(self) -> str | None:
        request = self.asked()
        assert request is not None
        return request.run_key

    def judge(self, *, by_sensor: bool = True) -> dict[str, Any]:
        """The run that the sensor asks for; what its asset shows."""
        tags = {"dagster/sensor_name": "roll_out"} if by_sensor else {}
        asset = rollout_asset(self.spec, dg.AssetKey(self.spec.label.table))
        with dg.DagsterInstance.ephemeral() as instance:
            result = dg.materialize([asset], instance=instance, tags=tags)
            self.materialised = [
                event.asset_key.path[-1] for event in result.get_asset_materialization_events()
            ]
        (shown,) = result.asset_materializations_for_node(f"{MODEL}__rollout")[-1:]
        return {name: value.value for name, value in shown.metadata.items()}

    def probation(self) -> str:
        """One tick of the sensor, and what it says."""
        answer = self.tick(PROBATION)
        assert answer.skip_reason is not None
        return str(answer.skip_reason.skip_message)

    @property
    def champion(self) -> Release:
        release = self.ledger.current_release(MODEL)
        assert release is not None
        return release

    def last(self) -> Decision:
        return self.ledger.decisions(MODEL, limit=1)[0]


@pytest.fixture
def story(home: Settings) -> Iterator[Story]:
    put_blank_registry(home.home)
    deployment = open_deployment()
    deployment.registry.initialise([MODEL])
    release = ReleaseSpec(mode="shadow", min_labelled=300, max_days=10)
    spec = declared_spec(MODEL).model_copy(update={"release": release})
    begun = Story(deployment, spec)
    begun.ledger.create_schema()
    begun.at(MONDAY - DAY)
    begun.train()
    begun.label(date(2013, 6, 30), ["before"], np.array([True]))
    begun.at(MONDAY)
    yield begun
    assert begun.ledger.verify_chain(MODEL) is None
    assert projection_faults(deployment, MODEL) == []


def test_a_good_challenger_is_watched_for_days_and_then_serves(story: Story) -> None:
    story.train()
    assert (story.champion.version, story.last().kind) == (1, "package")
    for day in range(4):
        story.at(MONDAY + (day + 1) * DAY)
        story.traffic(day, challenger_is_better=True)
        assert story.judge()["verdict"] == "wait"
        assert story.champion.version == 1
    # Two days after its third day the labels of three days are complete.
    story.at(MONDAY + 5 * DAY)
    shown = story.judge()
    assert shown["verdict"] == "promote"
    assert (story.champion.version, story.champion.actor) == (2, "roll_out")
    assert story.champion.bento_tag == "flight_delay:v2"
    assert "champion" in story.materialised
    assert story.asked() is None
    assert story.judge()["reason"] == "Nothing is on trial."


def test_a_bad_challenger_never_answers_anybody(story: Story) -> None:
    story.train()
    for day in range(5):
        story.traffic(day, challenger_is_better=False)
    story.at(MONDAY + 8 * DAY)
    assert story.judge()["verdict"] == "abort"
    assert story.champion.sequence == 1
    assert standing_challenger(story.ledger, MODEL) is None


def test_the_sensor_asks_once_a_day_and_when_labels_come(story: Story) -> None:
    assert story.asked() is None
    story.train()
    keys = {story.asked_key() for _ in range(3)}
    story.at(MONDAY + timedelta(hours=5))
    assert {story.asked_key()} == keys
    story.traffic(0, challenger_is_better=True)
    keys |= {story.asked_key()}
    story.at(MONDAY + DAY)
    keys |= {story.asked_key()}
    assert len(keys) == 3


def test_a_frozen_model_keeps_its_challenger_waiting(story: Story) -> None:
    story.train()
    for day in range(5):
        story.traffic(day, challenger_is_better=True)
    story.at(MONDAY + 8 * DAY)
    freeze(story.ledger, MODEL, "runway works", "alice")
    assert story.judge()["verdict"] == "wait"
    assert story.champion.version == 1
    assert story.judge(by_sensor=False)["verdict"] == "promote"


def test_a_champion_that_fails_requests_is_rolled_back_once(story: Story) -> None:
    story.train(ReleaseSpec(mode="direct"))
    story.served("2", 150, errors=30)
    assert "On probation" in story.probation()
    story.served("2", 150)
    assert "Version 1 serves again" in story.probation()
    assert (story.champion.version, story.champion.kind) == (1, "roll_back")
    assert story.champion.actor == "sensor probation"
    assert story.last().evidence["errors"] == 30
    story.served("1", 500, errors=500)
    assert "No champion is on probation" in story.probation()
    assert story.champion.sequence == 3


def test_a_slow_champion_is_rolled_back(story: Story) -> None:
    story.train(ReleaseSpec(mode="direct"))
    story.served("2", 300, seconds=0.01)
    story.served("2", 10, seconds=0.9)
    assert "99th percentile" in story.probation()
    assert story.champion.version == 1


def test_matured_quality_rolls_back(story: Story) -> None:
    probation = story.spec.release.probation.model_copy(update={"hours": 24 * 14})
    release = story.spec.release.model_copy(update={"probation": probation})
    story.spec = story.spec.model_copy(update={"release": release})
    story.train(ReleaseSpec(mode="direct"))
    story.window(1, BAD)
    story.at(MONDAY + 9 * DAY)
    assert "On probation" in story.probation()
    story.window(2, BAD)
    assert "Version 1 serves again" in story.probation()
    assert story.last().evidence["window"] == "2013-07-01"


def test_a_champion_that_keeps_its_objectives_is_confirmed_once(story: Story) -> None:
    story.train(ReleaseSpec(mode="direct"))
    story.served("2", 300)
    assert "On probation" in story.probation()
    assert story.last().kind != "keep"
    story.at(MONDAY + DAY)
    assert "300 requests kept" in story.probation()
    assert "No champion is on probation" in story.probation()
    assert (story.last().kind, story.champion.version) == ("keep", 2)
    # What comes after its probation is for monitoring and for people.
    story.served("2", 300, errors=300)
    assert "No champion is on probation" in story.probation()


def test_while_frozen_nothing_is_rolled_back_and_the_ledger_says_so_once(story: Story) -> None:
    story.train(ReleaseSpec(mode="direct"))
    freeze(story.ledger, MODEL, "incident 7", "alice")
    story.served("2", 300, errors=300)
    for _ in range(3):
        assert "incident 7" in story.probation()
    assert story.champion.version == 2
    waits = story.ledger.decisions(MODEL, kinds=["wait"])
    assert len(waits) == 1
    unfreeze(story.ledger, MODEL, "over", "alice")
    assert "Version 1 serves again" in story.probation()


def _registered(story: Story) -> RegisteredCandidate:
    """What the gate has let pass against the present champion; no figure of it is looked at."""
    training_set = TrainingSet.model_construct(
        hash="ab", features_digest="f", labels_digest="l", history="all", as_of=MONDAY
    )
    candidate = TrainedCandidate.model_construct(
        run_id="r", training_set=training_set, cpu_seconds=1.0
    )
    evaluated = EvaluatedCandidate.model_construct(
        candidate=candidate, champion_sequence=story.champion.sequence
    )
    verdict = Verdict(outcome="promote", reason="Every criterion passes.", criteria=())
    judged = JudgedCandidate.model_construct(evaluated=evaluated, verdict=verdict)
    return RegisteredCandidate.model_construct(judged=judged, identity=story.register())


@pytest.mark.parametrize("mode", ["direct", "shadow"])
def test_a_freeze_after_the_gate_ends_a_run_of_a_sensor_well_and_releases_nothing(
    story: Story, mode: str
) -> None:
    @dg.asset(key=[MODEL, "registered_version"])
    def registered_version() -> RegisteredCandidate:
        passed = _registered(story)
        freeze(story.ledger, MODEL, "incident 7", "alice")
        return passed

    release = ReleaseSpec.model_validate({"mode": mode})
    spec = story.spec.model_copy(update={"release": release})
    before = story.champion
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize(
            [registered_version, champion_asset(spec)],
            instance=instance,
            resources={"io_manager": dg.mem_io_manager},
            tags={"dagster/sensor_name": "retrain"},
        )
    assert result.success
    materialised = [event.asset_key for event in result.get_asset_materialization_events()]
    assert materialised == [dg.AssetKey([MODEL, "registered_version"])]
    assert story.champion == before
    assert standing_challenger(story.ledger, MODEL) is None
    assert (story.last().kind, story.last().actor) == ("wait", "retrain")
    assert "incident 7" in story.last().reason


def test_neither_a_first_champion_nor_one_that_was_rolled_back_to_is_on_probation(
    story: Story,
) -> None:
    story.served("1", 300, errors=300)
    assert "No champion is on probation" in story.probation()
    story.train(ReleaseSpec(mode="direct"))
    roll_back(
        story.deployment,
        MODEL,
        reason="by hand",
        actor="alice",
    )
    reconcile(story.deployment, MODEL)
    assert "No champion is on probation" in story.probation()


def test_a_roll_back_by_probation_ends_a_trial_beside_it(story: Story) -> None:
    story.train(ReleaseSpec(mode="direct"))
    story.train()
    assert standing_challenger(story.ledger, MODEL) is not None
    story.served("2", 300, errors=300)
    assert "Version 1 serves again" in story.probation()
    assert standing_challenger(story.ledger, MODEL) is None


def test_a_person_promotes_or_rejects_on_the_command_line(story: Story) -> None:
    def approve(*arguments: str) -> Result:
        return CliRunner(env={"COLUMNS": "400"}).invoke(main, ["approve", MODEL, *arguments])

    assert "has no challenger" in approve("--reason", "soon").output
    story.train()
    assert approve("--reason", " ").exit_code == 2
    rejected = approve("--reject", "--reason", "the label changes", "--actor", "alice")
    assert "version 2 of flight_delay is aborted by alice" in rejected.output
    assert (story.last().kind, story.last().reason) == ("abort", "the label changes")

    story.train()
    freeze(story.ledger, MODEL, "runway works", "bob")
    other = approve("--version", "2", "--reason", "the board agreed", "--actor", "alice")
    assert other.exit_code == 1
    assert "that is version 3, in shadow" in other.output
    named = ("--version", "3", "--reason", "the board agreed", "--actor", "alice")
    assert approve("--what", "retraining", *named).exit_code == 2
    approved = approve(*named)
    assert approved.exit_code == 0
    assert "release 2, promoted by alice" in approved.output
    assert (story.champion.version, story.champion.actor) == (3, "alice")
