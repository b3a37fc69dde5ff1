"""A packed version whose contributions are exact, and a log of what it answered."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from mlops_platform.ledger.records import BentoIdentity, NewDecision, Release, VersionIdentity
from mlops_platform.serving.watching.prediction_log import LoggedPrediction, PredictionLog
from mlops_platform.spec import ModelSpec
from mlops_platform.spec.serving import PredictionLogSpec

if TYPE_CHECKING:
    from tests.usecases.conftest import Lifecycle

THRESHOLD = 0.25


@pytest.fixture
def spec(lifecycle: "Lifecycle") -> ModelSpec:
    return lifecycle.spec


@pytest.fixture
def pack(pack: Callable[..., str]) -> Callable[..., str]:
    """Put a version into the store of Bentos, which explains its answers; its tag."""
    return partial(pack, explained=True)


@pytest.fixture
def release(lifecycle: "Lifecycle", pack: Callable[..., str]) -> Callable[..., Release]:
    """A new version, released and packed."""

    def released(**changes: Any) -> Release:
        identity = lifecycle.register()
        promoted = lifecycle.promote(identity)
        tag = pack(identity, promoted.sequence, **changes)
        return lifecycle.ledger.record_packaging(
            lifecycle.model, promoted.sequence, BentoIdentity(tag=tag), "tests"
        )

    return released


@pytest.fixture
def challenge(lifecycle: "Lifecycle", pack: Callable[..., str]) -> Callable[[], VersionIdentity]:
    """A new version on trial beside release 1, packed."""

    def challenged() -> VersionIdentity:
        identity = lifecycle.register()
        evidence = {
            "challenger": identity.model_dump(mode="json"),
            "mode": "canary",
            "share": 0.1,
            "champion_sequence": 1,
        }
        decision = NewDecision(kind="challenge", reason="r", actor="tests", evidence=evidence)
        written = lifecycle.ledger.record_decision(lifecycle.model, decision)
        built = {"challenge": written.id, "bento_tag": pack(identity, 2)}
        packaged = NewDecision(kind="package", reason="r", actor="tests", evidence=built)
        lifecycle.ledger.record_decision(lifecycle.model, packaged)
        return identity

    return challenged


@pytest.fixture
def answered(
    lifecycle: "Lifecycle", fitted: tuple[Any, pd.DataFrame]
) -> Callable[..., LoggedPrediction]:
    """What a version answers to a row of the training rows."""

    def record(version: int, sequence: int, at: int = 0, **changes: Any) -> LoggedPrediction:
        model, rows = fitted
        probability = float(model.predict_proba(rows[at : at + 1])[0, 1])
        said = LoggedPrediction(
            time=1_709_640_000.0 + at,
            request_id="incident-1",
            row=at,
            route="predict",
            entity=f"flight-{at}",
            model=lifecycle.model,
            version=str(version),
            sequence=sequence,
            role="champion",
            features={"wind": float(rows["wind"][at]), "late": float(rows["late"][at])},
            outputs={"probability": probability, "decision": probability >= THRESHOLD},
            latency_ms=2.0,
        )
        return said._replace(**changes)

    return record


@pytest.fixture
def write(lifecycle: "Lifecycle") -> Callable[..., Path]:
    """Write answers to the model's log."""

    def written(*records: LoggedPrediction, redact: tuple[str, ...] = ()) -> Path:
        folder = lifecycle.deployment.settings.prediction_log(lifecycle.model)
        log = PredictionLog(folder, PredictionLogSpec(redact=redact), "1", entity="flight_id")
        assert log.write(records)
        log.close()
        return folder

    return written
