"""What workers report reaches the ledger once, however often and by whomever it is read."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mlops_platform.errors import LedgerError
from mlops_platform.serving.watching.service_events import EventFile, ServiceEvent
from mlops_platform.settings import read_settings
from mlops_platform.usecases.deployment import Deployment, deployment_at
from mlops_platform.usecases.service.record_activations import (
    ActivationRecorder,
    record_activations,
)

NOON = datetime(2013, 5, 3, 12, tzinfo=UTC)


def _say(directory: Path, minute: int, worker: str = "a", **other: object) -> None:
    said = {
        "time": NOON + timedelta(minutes=minute),
        "event": "swapped",
        "worker": worker,
        "model": "flights",
        "version": "7",
        "sequence": 2,
        "role": "champion",
        "detail": "in 0.31 s",
    }
    EventFile(directory, worker).append(ServiceEvent.model_validate({**said, **other}))


def test_every_report_of_the_model_is_written_once(deployment: Deployment) -> None:
    ledger, log = deployment.ledger, deployment.settings.prediction_log("flights")
    _say(log, 1)
    _say(log, 2, "b")
    _say(log, 3, "b", model="taxis")
    first, second = (ActivationRecorder(deployment, "flights") for _ in range(2))
    assert len(first.record()) == 2
    assert len(second.record()) == 2  # another process reads the same files
    _say(log, 4)
    assert [event.time for event in first.record()] == [NOON + timedelta(minutes=4)]
    record_activations(deployment, "flights")
    said = ledger.activations("flights")
    assert [(one.worker, one.version, one.sequence) for one in said] == [
        ("a", 7, 2),
        ("b", 7, 2),
        ("a", 7, 2),
    ]
    assert said[0].happened_at == NOON + timedelta(minutes=4)
    assert said[0].detail == "in 0.31 s"
    assert ledger.activations("taxis") == []


def test_a_ledger_that_cannot_be_reached_costs_no_report(tmp_path: Path) -> None:
    deployment = deployment_at(read_settings({"MLOPS_HOME": str(tmp_path)}))
    recorder, log = ActivationRecorder(deployment, "flights"), tmp_path / "served" / "flights"
    _say(log, 1)
    with pytest.raises(LedgerError):
        recorder.record()
    _say(log, 2)
    deployment.ledger.create_schema()
    assert len(recorder.record()) == 2
    assert len(deployment.ledger.activations("flights")) == 2


def test_where_no_service_ran_there_is_nothing_to_write(deployment: Deployment) -> None:
    assert record_activations(deployment, "flights") == 0
