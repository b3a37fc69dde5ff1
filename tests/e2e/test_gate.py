"""What a run, the ledger and the graph look like after each outcome of the gate."""

import json
import sys
from pathlib import Path
from typing import NamedTuple

import dagster as dg
import pytest

pytestmark = pytest.mark.slow

AFTER_THE_GATE = {"registered_version", "champion", "model_card", "bento"}
SKIPPED = {"champion", "model_card", "bento"}
MATERIALISED = dg.DagsterEventType.ASSET_MATERIALIZATION
EVALUATION = "latest/flight_delay__evaluation.json"
JUDGED_AGAIN = Path(__file__).parent / "programs" / "judged_again.py"


class Runs(NamedTuple):
    """Of a gate that waited, and of one that could not be computed."""

    waited: dg.DagsterRun
    failed: dg.DagsterRun


@pytest.fixture
def unchanged_champion(deployment):
    """Whatever a test does, it may not touch what serves."""
    pointer = deployment.pointer.read_bytes()
    releases = deployment.ledger.releases("flight_delay")
    versions = deployment.registry.versions("flight_delay")
    yield
    assert deployment.pointer.read_bytes() == pointer
    assert deployment.ledger.releases("flight_delay") == releases
    assert deployment.registry.versions("flight_delay") == versions
    assert deployment.registry.alias_version("flight_delay", "champion") == 1


def test_a_losing_candidate_is_a_normal_outcome_and_another_demo_changes_nothing(
    deployment, unchanged_champion, as_of: dict
) -> None:
    run = deployment.train(config=as_of, E2E_MINIMUM_ROC_AUC="0.999")

    assert run.status == dg.DagsterRunStatus.SUCCESS
    assert deployment.steps(run, dg.DagsterEventType.STEP_SKIPPED) == SKIPPED
    assert not AFTER_THE_GATE & deployment.steps(run, MATERIALISED)
    checks = deployment.checks(run)
    assert checks["gate_computed"]
    assert not checks["limits"]
    decision = deployment.ledger.decisions("flight_delay", limit=1)[0]
    assert decision.kind == "reject"
    assert "roc_auc is" in decision.reason
    assert "must be at least 0.999" in decision.reason
    assert decision.evidence["mlflow_run"]
    assert run.run_id[:8] in decision.actor
    # The demo has nothing to do, and still tells of the champion, not of what lost to it.
    file = deployment.settings.demo / "summary.json"
    summary = file.read_bytes()
    with deployment.instance() as instance:
        runs = instance.get_runs_count()
    assert deployment.demo().count("done before") == 5
    assert file.read_bytes() == summary
    assert json.loads(summary)["verdict"] == "promote"
    with deployment.instance() as instance:
        assert instance.get_runs_count() == runs


@pytest.fixture(scope="module")
def judged_again(deployment) -> Runs:
    """The gate once more, and once with an evaluation that is broken, in one process."""
    ledger, file = deployment.ledger, deployment.settings.records / EVALUATION
    healthy, before = file.read_bytes(), len(ledger.decisions("flight_delay"))
    assets = ("gate", *sorted(AFTER_THE_GATE))
    said = deployment.run(sys.executable, str(JUDGED_AGAIN), *assets)
    assert "roc_auc: nan is not usable" in said
    assert file.read_bytes() == healthy
    # What cannot be computed is no decision.
    assert len(ledger.decisions("flight_delay")) == before + 1
    with deployment.instance() as instance:
        failed, waited = instance.get_runs(limit=2)
    return Runs(waited, failed)


def test_without_new_days_the_gate_waits(deployment, unchanged_champion, judged_again) -> None:
    """The candidate is the one that has lost to the impossible limit, or the champion itself."""
    run = judged_again.waited
    assert run.status == dg.DagsterRunStatus.SUCCESS
    assert deployment.steps(run, dg.DagsterEventType.STEP_SKIPPED) == SKIPPED
    decision = deployment.ledger.decisions("flight_delay", limit=1)[0]
    assert decision.kind == "wait"
    assert run.run_id[:8] in decision.actor
    assert "0 days of rows are new to both models" in decision.reason


def test_a_gate_that_cannot_be_computed_fails_the_run(
    deployment, unchanged_champion, judged_again
) -> None:
    run = judged_again.failed
    assert run.status == dg.DagsterRunStatus.FAILURE
    assert deployment.checks(run) == {"gate_computed": False}
    (failure,) = deployment.events(run, dg.DagsterEventType.STEP_FAILURE)
    assert failure.step_key == "flight_delay__gate"
    assert "roc_auc: nan is not usable" in failure.step_failure_data.error.to_string()
    assert deployment.steps(run, MATERIALISED) == set()
