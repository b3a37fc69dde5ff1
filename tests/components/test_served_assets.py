"""The loop through production traffic, as Dagster sees it."""

import json
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest

from mlops_platform.components.model_lifecycle.automation.requests import ANY_ASSETS
from mlops_platform.components.model_lifecycle.automation.windows import window_request
from mlops_platform.components.model_lifecycle.service.automation import LAND_SERVED
from mlops_platform.components.model_lifecycle.service.served_assets import (
    EVERY_LINE_LANDED,
    SERVED_AS_OFFLINE,
    served_predictions_asset,
)
from mlops_platform.components.models import declared_spec
from mlops_platform.components.record_io_manager import RecordIOManager
from mlops_platform.data.windows import window_named
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.settings import Settings
from mlops_platform.spec import ModelSpec

if TYPE_CHECKING:
    from tests.components.conftest import Sandbox, Tick

SERVED = dg.AssetKey(["flight_delay", "served_predictions"])


@pytest.fixture(scope="module")
def spec() -> ModelSpec:
    return declared_spec("flight_delay")


@pytest.fixture
def deployed(home: Settings) -> Settings:
    Ledger(home.ledger_url).create_schema()
    return home


def serve(home: Settings, spec: ModelSpec, *lines: dict[str, Any] | str) -> None:
    folder = home.prediction_log(spec.name)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "predictions-1-a.jsonl").open("a") as log:
        for line in lines:
            log.write((line if isinstance(line, str) else json.dumps(line)) + "\n")


def answer(spec: ModelSpec) -> dict[str, Any]:
    return {
        "time": "2013-07-01T12:00:00.123Z",
        "request_id": "r1",
        "row": 0,
        "route": "predict",
        "entity": "1",
        "model": spec.name,
        "version": "1",
        "sequence": 1,
        "role": "champion",
        "features": dict.fromkeys(spec.features.numeric, 1.0),
        "probability": 0.5,
        "decision": True,
        "latency_ms": 1.0,
    }


def materialize(spec: ModelSpec) -> tuple[bool, dict[str, dg.AssetCheckEvaluation]]:
    result = dg.materialize(
        [served_predictions_asset(spec)],
        resources={"io_manager": RecordIOManager()},
        raise_on_error=False,
    )
    checks = {check.check_name: check for check in result.get_asset_check_evaluations()}
    return result.success, checks


def test_without_a_log_there_is_nothing_to_land(deployed: Settings, spec: ModelSpec) -> None:
    success, checks = materialize(spec)
    assert success
    assert all(check.passed for check in checks.values())


def test_a_malformed_line_warns(deployed: Settings, spec: ModelSpec) -> None:
    serve(deployed, spec, "no line")
    success, checks = materialize(spec)
    assert success
    assert not checks[EVERY_LINE_LANDED].passed
    assert checks[EVERY_LINE_LANDED].severity == dg.AssetCheckSeverity.WARN
    assert "Invalid JSON" in str(checks[EVERY_LINE_LANDED].metadata["reasons"].value)


def test_an_answer_that_nothing_explains_fails_and_blocks(
    deployed: Settings, spec: ModelSpec
) -> None:
    serve(deployed, spec, answer(spec))
    _, checks = materialize(spec)
    assert not checks[SERVED_AS_OFFLINE].passed
    assert checks[SERVED_AS_OFFLINE].severity == dg.AssetCheckSeverity.ERROR
    [blocking] = [
        check.name for check in served_predictions_asset(spec).check_specs if check.blocking
    ]
    assert blocking == SERVED_AS_OFFLINE


def test_a_landing_is_asked_for_where_something_was_served(
    deployed: Settings, spec: ModelSpec, tick: "Tick"
) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        assert tick(LAND_SERVED, spec, instance).skip_reason
        serve(deployed, spec, answer(spec))
        (request,) = tick(LAND_SERVED, spec, instance).run_requests or ()
        assert (request.job_name, request.asset_selection) == (ANY_ASSETS, [SERVED])
        materialize(spec)
        assert tick(LAND_SERVED, spec, instance).skip_reason


@pytest.mark.slow
def test_windows_of_served_answers_land_them_first(sandbox: "Sandbox", flight_delay: str) -> None:
    text = flight_delay.replace("cadence: weekly", "cadence: weekly\n    source: served")
    sandbox.declare("flight_delay", text)
    assert SERVED in asked_for(sandbox)
    repository = sandbox.definitions().get_repository_def()
    predictions = repository.asset_graph.get(dg.AssetKey(["flight_delay", "predictions"]))
    assert SERVED in predictions.parent_keys


@pytest.mark.slow
def test_windows_that_are_scored_do_not_wait_for_a_service(
    sandbox: "Sandbox", flight_delay: str
) -> None:
    sandbox.declare("flight_delay", flight_delay)
    assert SERVED not in asked_for(sandbox)


def asked_for(sandbox: "Sandbox") -> list[dg.AssetKey]:
    """Assets of the run of a window."""
    (model,) = sandbox.lifecycle_models()
    window = window_named(model.spec.window, str(model.spec.window.start))
    return list(window_request(model, window, window.ends_at).asset_selection or ())
