"""Two trials as one deployment lives through them, from the training to the verdict.

The jobs and sensors of production, a served Bento with two workers, clients that never pause, and a
ledger. The world is made up, so that what a trial must find is known: after three weeks short
flights are late and no longer long ones, weeks later it is the other way round for a while.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import numpy as np
import pandas as pd
import psutil
import pytest
import yaml
from dagster.components.testing import create_defs_folder_sandbox

from mlops_platform.cli.home.setup import copy_dagster_yaml
from mlops_platform.clock import move_to
from mlops_platform.components.instance import open_instance
from mlops_platform.components.model_lifecycle.automation.requests import stage_request
from mlops_platform.components.model_lifecycle.component import lifecycle_models
from mlops_platform.components.model_lifecycle.lifecycle_model import LifecycleModel
from mlops_platform.components.model_lifecycle.rollout.automation import PROBATION, ROLL_OUT
from mlops_platform.components.model_lifecycle.service.automation import EXPORT_ONLINE, LAND_SERVED
from mlops_platform.components.model_lifecycle.shared import shared_automation
from mlops_platform.components.record_io_manager import RecordIOManager
from mlops_platform.data.features.published import publish_table
from mlops_platform.driving.driver import JobDriver
from mlops_platform.ledger.challenger import standing_challenger
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import Activation
from mlops_platform.serving.roles import position
from mlops_platform.settings import PROJECT_ROOT, Settings, settings
from mlops_platform.usecases.deployment import open_deployment
from mlops_platform.usecases.release.reconcile import projection_faults
from tests.e2e.flights import MODEL, until
from tests.e2e.service.clients import AskingClients
from tests.homes.blank_registry import put_blank_registry
from tests.homes.stamped import write_stamp
from tests.ports import free_port

pytestmark = pytest.mark.slow

MLOPS = Path(sys.executable).with_name("mlops")
DEPLOYED = PROJECT_ROOT / "mlops_platform" / "defs"
FIRST_DAY = date(2013, 1, 7)
FLIGHTS_A_DAY = 60
SHORT_ARE_LATE = (range(21, 49), range(70, 80))
DAYS = 80
TRIAL_DAYS = 4
WORKERS = 2
ONE_HOT = "sklearn.preprocessing.OneHotEncoder"


def day(number: int) -> date:
    """A day of the made-up world."""
    return FIRST_DAY + timedelta(days=number)


def entity(number: int, flight: int) -> str:
    """Key of one flight of a day."""
    return f"{number}-{flight}"


def flights_of(first: int) -> list[str]:
    """The flights of the days of a trial."""
    return [
        entity(number, flight)
        for number in range(first, first + TRIAL_DAYS)
        for flight in range(FLIGHTS_A_DAY)
    ]


def world() -> pd.DataFrame:
    """Every flight of every day, and whether it was late."""
    random = np.random.default_rng(7)
    number = np.repeat(np.arange(DAYS), FLIGHTS_A_DAY)
    distance = random.uniform(100, 3000, len(number))
    short = np.isin(number, [one for span in SHORT_ARE_LATE for one in span])
    risk = 1 / (1 + np.exp(np.where(short, 1, -1) * (distance - 1500) / 300))
    noon = pd.to_datetime(FIRST_DAY, utc=True) + pd.to_timedelta(number * 24 + 12, unit="h")
    return pd.DataFrame(
        {
            "flight_id": [
                entity(*one)
                for one in zip(number, np.tile(range(FLIGHTS_A_DAY), DAYS), strict=True)
            ],
            "event_time": noon,
            "local_date": noon.date,
            "distance_miles": distance,
            "carrier": random.choice(np.array(["AA", "UA"], dtype=object), len(number)),
            "is_late": random.random(len(number)) < risk,
            "known_at": noon + timedelta(hours=6),
        }
    )


def declared(mode: str) -> str:
    """The YAML of the model."""
    attributes = {
        "name": MODEL,
        "description": "Will it be late?",
        "owners": ["team:flights"],
        "features": {
            "table": "flight_features",
            "entity": "flight_id",
            "numeric": ["distance_miles"],
            "categorical": ["carrier"],
        },
        "label": {"table": "flight_labels", "column": "is_late"},
        "window": {"cadence": "daily", "start": str(FIRST_DAY)},
        "training": {
            "history": {
                "span": {"rolling_days": 21},
                "split": {"validation_days": 7, "test_days": 7},
            },
            "tuning": {"trials": 1, "folds": 2},
            "candidates": [
                {
                    "name": "logistic_regression",
                    "preprocessing": [
                        {
                            "columns": "numeric",
                            "steps": [{"type": "sklearn.preprocessing.StandardScaler"}],
                        },
                        {
                            "columns": "categorical",
                            "steps": [{"type": ONE_HOT, "params": {"handle_unknown": "ignore"}}],
                        },
                    ],
                    "estimator": {"type": "sklearn.linear_model.LogisticRegression"},
                }
            ],
        },
        "evaluation": {"permutation_rows": 100},
        "gate": {"max_row_cpu_milliseconds": 1000},
        "release": {
            "mode": mode,
            "canary_share": 0.5,
            "min_labelled": 90,
            # A busy machine is no finding about a version.
            "probation": {"max_p99_milliseconds": 60_000},
        },
        "serving": {"online_store": {}},
        "card": {"intended_use": "Tests.", "out_of_scope": "Everything else."},
    }
    kind = "mlops_platform.components.ModelLifecycleComponent"
    return yaml.safe_dump({"type": kind, "attributes": attributes})


def loaded(mode: str) -> tuple[dg.Definitions, LifecycleModel]:
    """What Dagster loads from the YAML of the feature store and that of the model."""
    shared = dg.Definitions(resources={"io_manager": RecordIOManager()})
    store = (DEPLOYED / "flights" / "features" / "defs.yaml").read_text()
    files = {
        "features": store.replace("{{ context.project_root }}", str(PROJECT_ROOT)),
        MODEL: declared(mode),
    }
    with create_defs_folder_sandbox() as sandbox:
        for name, text in files.items():
            (sandbox.defs_folder_path / name).mkdir()
            (sandbox.defs_folder_path / name / "defs.yaml").write_text(text)
        with sandbox.build_component_tree() as tree:
            built, (model,) = tree.build_defs(), lifecycle_models(tree)
            return dg.Definitions.merge(shared, shared_automation([model]), built), model


@dataclass
class Clients(AskingClients):
    """Ask for one flight after the other by its key, each on a connection that is kept."""

    port: int
    flights: list[str]
    clients: int = 2
    answers: list[dict[str, Any]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def _ask(self, number: int) -> None:
        connection, asked = HTTPConnection("127.0.0.1", self.port, timeout=60), number
        while not self._end.is_set():
            body = json.dumps({"flight_id": self.flights[asked % len(self.flights)]})
            asked += self.clients
            try:
                connection.request(
                    "POST", "/v1/predict_by_entity", body, {"Content-Type": "application/json"}
                )
                response = connection.getresponse()
                answer = json.loads(response.read())
                if response.status != 200:
                    raise HTTPException(f"{response.status} {answer}")
            except (OSError, HTTPException, ValueError) as error:
                self.failures.append(repr(error))
                connection.close()
                continue
            self.answers.append(answer)
            if asked % 20 == number:
                connection.close()  # the next one may come to another worker
            time.sleep(0.02)
        connection.close()

    def all_again(self, seconds: float = 120) -> list[dict[str, Any]]:
        """Wait until every flight was asked for once more; the answers to that."""
        began = len(self.answers)
        until(lambda: {one["entity"] for one in self.answers[began:]} == set(self.flights), seconds)
        return self.answers[began:]


@dataclass
class Deployment:
    """A home in which time passes as the test says, and the automation that acts there."""

    settings: Settings
    instance: dg.DagsterInstance
    automation: dg.Definitions
    model: LifecycleModel

    @property
    def ledger(self) -> Ledger:
        return open_deployment().ledger

    @property
    def driver(self) -> JobDriver:
        return JobDriver(self.automation, self.instance)

    def train(self) -> None:
        """A person starts a training."""
        self.driver.execute(stage_request(MODEL, "train"))

    def live_to(self, number: int) -> None:
        """Move to the midnight that begins a day."""
        move_to(
            self.settings.replay_clock(MODEL),
            datetime.combine(day(number), datetime.min.time(), UTC),
        )

    def shown(self, asset: str) -> dict[str, Any]:
        """What the newest materialisation of an asset says."""
        key = dg.AssetKey([MODEL, asset])
        (record,) = self.instance.fetch_materializations(key, limit=1).records
        assert record.asset_materialization is not None
        return {name: one.value for name, one in record.asset_materialization.metadata.items()}

    def verdict(self) -> dict[str, Any]:
        """Land what was served, let the sensor have the trial judged, and tell what came of it."""
        self.driver.tick(LAND_SERVED.over([self.model]))
        (_,) = self.driver.tick(ROLL_OUT.over([self.model]))
        return self.shown("rollout")

    def landed(self) -> pd.DataFrame:
        """Every landed line."""
        files = str(self.settings.served / MODEL / "*" / "*.parquet")
        with duckdb.connect() as connection:
            return connection.execute("FROM read_parquet(?)", [files]).df()

    def activations(self, event: str, role: str, sequence: int) -> list[Activation]:
        said = self.ledger.activations(MODEL, limit=1000)
        return [
            one for one in said if (one.event, one.role, one.sequence) == (event, role, sequence)
        ]

    def wait_for(self, event: str, role: str, sequence: int) -> None:
        """Wait until every worker has reported something to the ledger."""
        until(lambda: len(self.activations(event, role, sequence)) == WORKERS, 60)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Three weeks have passed, and the first champion was released on them."""
    home = tmp_path_factory.mktemp("trials") / "mlops"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLOPS_HOME", str(home))
        settings.cache_clear()
        copy_dagster_yaml(settings())
        write_stamp(home)
        patch.setenv("DAGSTER_HOME", str(settings().dagster_home))
        publish(settings())
        open_deployment().ledger.create_schema()
        put_blank_registry(home)
        open_deployment().registry.initialise([MODEL])
        with open_instance() as instance:
            stage = Deployment(settings(), instance, *loaded("shadow"))
            stage.live_to(21)
            stage.train()
            stage.driver.tick(EXPORT_ONLINE.over([stage.model]))
            yield stage
    settings.cache_clear()


def publish(home: Settings) -> None:
    """Publish the whole world; what is not known yet at a moment nobody reads then."""
    warehouse, flights = home.home / "world.duckdb", world()
    with duckdb.connect(str(warehouse)) as connection:
        connection.register("flights", flights)
        connection.execute(
            "CREATE TABLE flight_features AS "
            "SELECT flight_id, event_time, local_date, distance_miles, carrier FROM flights"
        )
        connection.execute(
            "CREATE TABLE flight_labels AS "
            "SELECT flight_id, local_date, is_late, known_at FROM flights"
        )
    for table in ("flight_features", "flight_labels"):
        publish_table(warehouse, table, "local_date", home.published, ["flight_id"])


@pytest.fixture(scope="module")
def port(stage: Deployment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """`mlops serve`, from before the first trial until after the last one."""
    port = free_port()
    output = tmp_path_factory.mktemp("serve") / "output"
    with output.open("wb") as said:
        process = subprocess.Popen(
            [
                *(str(MLOPS), "serve", MODEL, "--port", str(port)),
                *("--workers", str(WORKERS), "--shutdown-delay", "0"),
            ],
            env={**os.environ, "MLOPS_SERVING_POLL_SECONDS": "0.2"},
            stdout=said,
            stderr=subprocess.STDOUT,
        )
    workers: list[psutil.Process] = []
    try:
        stage.wait_for("started", "champion", 1)
        workers = psutil.Process(process.pid).children(recursive=True)
        yield port
        assert process.poll() is None, output.read_text()
    except AssertionError as error:
        error.add_note(output.read_text())
        raise
    finally:
        process.terminate()
        process.wait(60)
        for worker in psutil.wait_procs(workers, timeout=5)[1]:
            worker.kill()


@dataclass(frozen=True)
class Trial:
    """What clients and automation saw of one trial.

    Args:
        during, after: answers while it was on trial, and after its verdict.
        early, verdict: what `rollout` said before and after the labels had matured.
        proved: what `served_predictions` said of the answers of the trial.
    """

    flights: list[str]
    during: list[dict[str, Any]]
    after: list[dict[str, Any]]
    failures: list[str]
    early: dict[str, Any]
    verdict: dict[str, Any]
    proved: dict[str, Any]


def live_through(
    stage: Deployment, port: int, mode: str, first: int, ends_as: tuple[str, str, int]
) -> Trial:
    """Train a challenger on the morning of a day, and let it be tried until its labels matured.

    Args:
        ends_as: event, role and sequence that every worker reports after the verdict.
    """
    stage.automation, stage.model = loaded(mode)
    stage.live_to(first)
    with Clients(port, flights_of(first)) as clients:
        clients.all_again()
        stage.train()
        challenger = standing_challenger(stage.ledger, MODEL)
        assert challenger is not None
        stage.wait_for("started", "challenger", challenger.sequence)
        during = clients.all_again()
        stage.live_to(first + TRIAL_DAYS - 1)
        early, proved = stage.verdict(), stage.shown("served_predictions")
        stage.live_to(first + TRIAL_DAYS + 2)
        verdict = stage.verdict()
        stage.wait_for(*ends_as)
        after = clients.all_again()
    return Trial(clients.flights, during, after, clients.failures, early, verdict, proved)


@pytest.fixture(scope="module")
def shadow(stage: Deployment, port: int) -> Trial:
    """A shadow that has learnt what has become of the world; it serves, and is confirmed."""
    trial = live_through(stage, port, "shadow", 42, ("swapped", "champion", 2))
    stage.live_to(50)
    assert stage.driver.tick(PROBATION.over([stage.model])) == []
    return trial


@pytest.fixture(scope="module")
def canary(stage: Deployment, port: int, shadow: Trial) -> Trial:
    """A canary that has learnt from weeks in which the world was another one."""
    return live_through(stage, port, "canary", 70, ("stopped", "challenger", 3))


def test_no_request_failed(shadow: Trial, canary: Trial) -> None:
    assert shadow.failures == canary.failures == []


def test_a_shadow_answers_nobody_and_scores_what_was_answered(
    stage: Deployment, shadow: Trial
) -> None:
    assert {(one["role"], one["version"]) for one in shadow.during} == {("champion", "1")}
    lines = stage.landed().query("sequence <= 2").set_index("request_id")
    answered = lines[lines.role == "champion"].join(lines[lines.role == "shadow"], rsuffix="_2")
    during = answered.loc[[one["request_id"] for one in shadow.during]]
    # The last few were asked for before what was landed, and may have been scored since.
    assert during.probability_2.notna().mean() > 0.9
    assert during.probability.tolist() == [one["probability"] for one in shadow.during]
    scored = during.dropna(subset="probability_2")
    assert set(scored.version_2) == {"2"}
    assert (scored.latency_ms_2 > scored.latency_ms).all()
    assert (scored.distance_miles == scored.distance_miles_2).all()


def test_a_canary_answers_always_the_same_half_of_the_entities(canary: Trial) -> None:
    roles = {one["entity"]: set[str]() for one in canary.during}
    for one in canary.during:
        roles[one["entity"]].add(one["role"])
        assert (one["version"], one["sequence"]) == {"champion": ("2", 2), "challenger": ("3", 3)}[
            one["role"]
        ]
    tried = {name for name, answered in roles.items() if answered == {"challenger"}}
    assert tried == {name for name in canary.flights if position(MODEL, "3", name) < 0.5}
    assert all(len(answered) == 1 for answered in roles.values())
    assert 0.4 < len(tried) / len(roles) < 0.6


@pytest.mark.parametrize("trial", ["shadow", "canary"])
def test_what_was_served_lands_and_equals_the_pipeline(
    trial: str, request: pytest.FixtureRequest
) -> None:
    proved = request.getfixturevalue(trial).proved
    assert proved["malformed_lines"] == 0
    assert proved["parity_rows"] == proved["dagster/row_count"] > 0
    assert proved["parity_max_difference"] <= 1e-12


def test_the_verdict_waits_for_the_labels_and_then_acts(shadow: Trial, canary: Trial) -> None:
    for trial in (shadow, canary):
        assert trial.early["verdict"] == "wait"
        assert "matured labels of the challenger are known, 90 are needed" in trial.early["reason"]
    assert shadow.verdict["verdict"] == "promote"
    assert "The challenger is not worse" in shadow.verdict["reason"]
    assert canary.verdict["verdict"] == "abort"
    assert "The challenger is worse" in canary.verdict["reason"]


def test_the_service_follows_both_verdicts_without_a_restart(
    stage: Deployment, shadow: Trial, canary: Trial
) -> None:
    for trial in (shadow, canary):
        served = {(one["role"], one["version"], one["sequence"]) for one in trial.after}
        assert served == {("champion", "2", 2)}
    started = stage.activations("started", "champion", 1)
    workers = {one.worker for one in started}
    assert len(started) == len(workers) == WORKERS
    for event, role, sequence in (
        ("started", "challenger", 2),
        ("swapped", "champion", 2),
        ("started", "challenger", 3),
        ("stopped", "challenger", 3),
    ):
        assert {one.worker for one in stage.activations(event, role, sequence)} == workers
    assert stage.activations("refused", "challenger", 2) == []
    assert stage.activations("refused", "challenger", 3) == []


def test_the_ledger_tells_the_whole_story(stage: Deployment, canary: Trial) -> None:
    decisions = stage.ledger.decisions(MODEL, limit=100)[::-1]
    by_dagster, by_sensor = "dagster run", "roll_out"
    assert [(one.kind, one.actor.rpartition(" ")[0] or one.actor) for one in decisions] == [
        ("promote", by_dagster),
        ("challenge", by_dagster),
        ("package", by_dagster),
        ("wait", by_sensor),
        ("promote", by_sensor),
        ("keep", "sensor"),
        ("challenge", by_dagster),
        ("package", by_dagster),
        ("wait", by_sensor),
        ("abort", by_sensor),
    ]
    promoted, aborted = decisions[4].evidence, decisions[9].evidence
    assert promoted["challenger_loss"] < 0.5 < 1 < promoted["champion_loss"]
    assert aborted["champion_loss"] < 0.5 < 1 < aborted["challenger_loss"]
    assert promoted["days"] == aborted["days"] == TRIAL_DAYS
    releases = stage.ledger.releases(MODEL)
    assert [(one.version, one.bento_tag) for one in releases] == [
        (1, f"{MODEL}:v1"),
        (2, f"{MODEL}:v2"),
    ]
    assert stage.ledger.verify_chain(MODEL) is None
    assert projection_faults(open_deployment(), MODEL) == []
    assert stage.driver.tick(ROLL_OUT.over([stage.model])) == []
