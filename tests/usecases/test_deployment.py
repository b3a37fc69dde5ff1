"""The parts of a deployment are opened when they are asked for, and where its settings say."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mlops_platform.clock import move_to
from mlops_platform.ledger.records import NewDecision
from mlops_platform.settings import read_settings
from mlops_platform.usecases.deployment import Deployment, deployment_at

NOON = datetime(2013, 5, 3, 12, tzinfo=UTC)


def test_nothing_is_opened_before_it_is_asked_for(tmp_path: Path) -> None:
    place = read_settings(
        {"MLOPS_HOME": str(tmp_path / "home"), "MLOPS_MLFLOW_TRACKING_URI": "http://127.0.0.1:9"}
    )
    deployment = deployment_at(place)
    deployment.ledger.create_schema()
    assert deployment.ledger.decisions("flights") == []
    assert deployment.ledger is deployment.ledger
    assert not place.mlflow_artifacts.exists()


def test_what_is_written_bears_the_time_of_the_deployment(deployment: Deployment) -> None:
    move_to(deployment.settings.replayed_moment, NOON)
    assert deployment.clock() == NOON
    later = replace(deployment, clock=lambda: NOON + timedelta(days=1))
    waited = NewDecision(kind="wait", reason="nothing new", actor="policy")
    moments = [part.ledger.record_decision("m", waited).made_at for part in (deployment, later)]
    assert moments == [NOON, NOON + timedelta(days=1)]


def test_without_a_replay_it_is_now(deployment: Deployment) -> None:
    before = datetime.now(UTC)
    assert before <= deployment.clock() <= datetime.now(UTC)
