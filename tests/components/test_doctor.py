"""The doctor reads real runs, locks and stores, and leaves everything as it is."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest
from click.testing import CliRunner

from mlops_platform.artifacts.allow_list import TRUSTED_TYPES
from mlops_platform.artifacts.digests import digest_directory
from mlops_platform.cli import main
from mlops_platform.column_kind import KINDS
from mlops_platform.components.doctor import damaged_versions, examine, warehouse_lock
from mlops_platform.components.instance import open_instance
from mlops_platform.components.model_lifecycle.automation.requests import ANY_ASSETS
from mlops_platform.components.model_lifecycle.automation.retraining import DECISION_TAG
from mlops_platform.files import write_text
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import BentoIdentity, NewDecision, Release, VersionIdentity
from mlops_platform.registry.model_files import ModelDescription
from mlops_platform.registry.registry import Registry
from mlops_platform.settings import Settings
from mlops_platform.tasks import DEFAULT_TASK
from mlops_platform.usecases.deployment import open_deployment
from mlops_platform.usecases.diagnosis.facts import ModelFacts
from tests.homes.set_up import set_up_without_manifest

MODEL = "flight_delay"
HOLD_THE_POOL = """
import time
import dagster as dg

@dg.asset(pool="warehouse")
def slow():
    print("holding", flush=True)
    time.sleep(600)

dg.materialize([slow], instance=dg.DagsterInstance.get())
"""
HOLD_THE_WAREHOUSE = """
import sys, time
import duckdb

connection = duckdb.connect(sys.argv[1])
connection.execute("CREATE TABLE held AS SELECT 1")
print("holding", flush=True)
time.sleep(600)
"""
TRAIN = """
import time
import dagster as dg
from mlops_platform.usecases.deployment import open_deployment

@dg.asset
def candidate():
    with open_deployment().registry.training_run("flight_delay", "training", {}):
        print("holding", flush=True)
        time.sleep(600)

tags = {"mlops/model": "flight_delay"}
dg.materialize([candidate], instance=dg.DagsterInstance.get(), tags=tags)
"""


@pytest.fixture
def deployed(home: Settings) -> Settings:
    """What `mlops setup` leaves behind, without the dbt manifest."""
    set_up_without_manifest(home)
    return home


@contextmanager
def _holding(program: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "holding"
        yield process
    finally:
        process.kill()
        process.wait()


def _doctor(*options: str):
    return CliRunner(env={"COLUMNS": "200"}).invoke(main, ["doctor", *options])


def _release(ledger: Ledger, registry: Registry, folder: Path) -> Release:
    folder.mkdir()
    (folder / "model.skops").write_bytes(b"no model, but files like those of one")
    description = ModelDescription(
        input_example=pd.DataFrame({"wind": [1.0]}),
        kinds={"wind": KINDS["numeric"]},
        predict_method=DEFAULT_TASK.predict_method,
        answers=DEFAULT_TASK.answers_of_model,
        requirements=("scikit-learn==1.9.1",),
        trusted_types=TRUSTED_TYPES,
    )
    with registry.training_run(MODEL, "run", {}) as run:
        version = registry.register_version(
            MODEL, run.run_id, folder, digest_directory(folder), description, {}
        )
    identity = VersionIdentity(
        version=version.version,
        run_id=run.run_id,
        digests=version.digests,
        schema_hash="5c",
        environment_hash="e4",
    )
    decision = NewDecision(kind="promote", reason="r", actor="gate")
    return ledger.release(
        MODEL, identity, decision, expected_sequence=None, bento=BentoIdentity(tag="f:v1")
    )


def test_a_deployment_in_which_nothing_is_wrong(deployed: Settings) -> None:
    healthy = _doctor()
    assert (healthy.exit_code, healthy.output) == (0, "nothing to cure\n")


def test_a_killed_run_and_its_slot_are_found_and_healed(deployed: Settings) -> None:
    with _holding(HOLD_THE_POOL):
        assert _doctor().output == "nothing to cure\n"
    ill = _doctor()
    assert ill.exit_code == 1
    assert "the process of this run is gone" in ill.output
    assert _doctor().output == ill.output  # it changed nothing

    healed = _doctor("--heal")
    assert healed.exit_code == 0
    assert "failed orphaned run" in healed.output
    assert _doctor().output == "nothing to cure\n"


@pytest.mark.fault(
    "a training is killed with -9 while it writes to MLflow",
    "`doctor` names the run of MLflow that stands as running, and `--heal` ends it",
)
def test_the_mlflow_run_of_a_killed_training_is_found_and_ended(
    deployed: Settings, observe: Callable[[str], None]
) -> None:
    registry = open_deployment().registry
    with _holding(TRAIN):
        [run_id] = registry.unfinished_runs()
        assert "MLflow" not in _doctor().output
    ill = _doctor()
    assert f"MLflow run {run_id[:8]} of flight_delay" in ill.output

    assert f"marked as killed MLflow run {run_id}" in _doctor("--heal").output
    assert registry.unfinished_runs() == {}
    assert _doctor().output == "nothing to cure\n"
    observe("`MLflow run ... of flight_delay`; nothing to cure afterwards")


def test_a_slot_of_a_finished_run_is_found(deployed: Settings) -> None:
    with _holding(HOLD_THE_POOL):
        pass
    with open_instance() as instance:
        (run,) = instance.get_runs()
        instance.report_run_canceled(run)
        facts = examine(open_deployment(), instance)
    assert facts.held_slots == (("warehouse", run.run_id),)
    assert facts.lost_runs == {}
    assert _doctor("--heal").exit_code == 0


def test_a_deployment_that_was_never_set_up_is_refused(home: Settings) -> None:
    (home.home / "setup.json").unlink()
    refused = _doctor()
    assert refused.exit_code == 1
    assert "is not set up yet. Call `make demo`" in refused.output
    assert not (home.home / "ledger").exists()


def test_who_locks_the_warehouse_is_named(tmp_path: Path) -> None:
    warehouse = tmp_path / "warehouse.duckdb"
    assert warehouse_lock(warehouse, building=False) is None
    with _holding(HOLD_THE_WAREHOUSE, str(warehouse)) as process:
        lock = warehouse_lock(warehouse, building=False)
        assert lock is not None
        assert lock.pid == process.pid
        assert f"locked by process {process.pid}: {sys.executable}" in lock.problem
    assert warehouse_lock(warehouse, building=False) is None


def test_a_warehouse_that_is_none_is_told_with_duckdbs_own_words(tmp_path: Path) -> None:
    damaged = tmp_path / "warehouse.duckdb"
    damaged.write_text("no database" * 1000)
    lock = warehouse_lock(damaged, building=False)
    assert lock is not None
    assert lock.pid is None
    assert "cannot be read: " in lock.problem


def test_files_and_projections_of_a_release(deployed: Settings, tmp_path: Path) -> None:
    ledger, registry = open_deployment().ledger, open_deployment().registry
    release = _release(ledger, registry, tmp_path / "model")
    assert damaged_versions(registry, [release]) == {}
    assert "never asked for its golden rows" in _doctor().output
    write_text(deployed.records / "latest" / f"{MODEL}__bento.json", "{}")

    shown = _doctor()
    assert shown.exit_code == 1
    assert shown.output.count("cure: mlops reconcile") == 2
    assert CliRunner().invoke(main, ["reconcile"]).exit_code == 0
    unpacked = _doctor().output
    assert unpacked.count("cure: ") == 1
    assert "Bento f:v1 of release 1" in unpacked

    (stored,) = deployed.mlflow_artifacts.rglob("model.skops")
    stored.write_bytes(b"changed")
    (problem,) = damaged_versions(registry, [release]).values()
    assert "'model.skops' has SHA-256" in problem
    assert f"{MODEL}, version 1, the champion" in _doctor().output


def _examined(instance: dg.DagsterInstance) -> ModelFacts:
    models = examine(open_deployment(), instance).models
    return next(facts for facts in models if facts.model == MODEL)


def test_a_retraining_without_a_run_is_found(deployed: Settings) -> None:
    decision = NewDecision(kind="retrain", reason="r", actor="sensor", window="2013-04-01")
    asked = open_deployment().ledger.record_decision(MODEL, decision)
    with open_instance() as instance:
        model = _examined(instance)
        assert (model.request, model.request_runs, model.training) == (asked, 0, False)

        @dg.asset(key=[MODEL, "candidate"])
        def candidate() -> None:
            """Comes to no verdict."""

        definitions = dg.Definitions([candidate])
        definitions.resolve_job_def(ANY_ASSETS).execute_in_process(
            instance=instance, tags={DECISION_TAG: str(asked.id)}
        )
        model = _examined(instance)
        assert (model.request_runs, model.training) == (1, False)
    assert "its 1 runs came to no verdict" in _doctor().output


def test_a_replay_is_told_and_is_no_fault(deployed: Settings) -> None:
    write_text(deployed.replay_clock(MODEL), "2013-04-08T06:00:00-04:00\n")
    told = _doctor()
    assert told.exit_code == 0
    assert f"time stands at 2013-04-08 10:00 UTC for {MODEL}" in told.output
    assert "nothing to cure" in told.output
