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


def test_what_is_written_bears_the_time_of_its_model(deployment: Deployment) -> None:
    move_to(deployment.settings.replay_clock("replayed"), NOON)
    before = datetime.now(UTC)
    waited = NewDecision(kind="wait", reason="nothing new", actor="policy", evidence={"rows": 1})
    replayed = deployment.ledger.record_decision("replayed", waited)
    live = deployment.ledger.record_decision("live", waited)
    assert replayed.made_at == deployment.moment_of("replayed") == NOON
    assert before <= live.made_at <= deployment.moment_of("live") <= datetime.now(UTC)
    # Nobody who reads the ledger later takes one for the other.
    assert replayed.evidence == {"rows": 1, "replayed": True}
    assert live.evidence == {"rows": 1}
    later = replace(deployment, moment_of=lambda model: NOON + timedelta(days=1))
    assert later.ledger.record_decision("replayed", waited).made_at == NOON + timedelta(days=1)


def test_without_its_clock_a_replayed_model_lives_on_in_the_present(deployment: Deployment) -> None:
    clock = deployment.settings.replay_clock("m")
    move_to(clock, NOON)
    assert deployment.is_replayed("m")
    clock.unlink()
    assert not deployment.is_replayed("m")
    before = datetime.now(UTC)
    assert before <= deployment.moment_of("m") <= datetime.now(UTC)
