"""What the code location loads, what it declares, and what every asset must say about itself.

`python tests/test_definitions.py` writes the snapshot anew; its diff is for the reviewer.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from mlops_platform.components import ModelLifecycleComponent
from mlops_platform.components.model_lifecycle.automation.requests import (
    ANY_ASSETS,
    stage_request,
)
from mlops_platform.components.stages import stage_keys
from mlops_platform.definitions import defs
from mlops_platform.driving.driver import run_config
from mlops_platform.settings import PROJECT_ROOT

SNAPSHOT = Path(__file__).with_name("definitions_snapshot.json")
UPDATE = "run `.venv/bin/python tests/test_definitions.py` and review the diff"

HEAVY = ("sklearn", "mlflow", "evidently", "bentoml", "shap", "optuna", "skops", "matplotlib")
DATA = ("scipy", "numpy", "pandas", "pyarrow", "duckdb", "dbt.cli")
LOAD_AND_LIST_MODULES = """
import json, sys
from mlops_platform.definitions import defs
defs().get_repository_def()
print(json.dumps(sorted(sys.modules)))
"""


@pytest.fixture(scope="module")
def definitions() -> dg.Definitions:
    return defs()


@pytest.fixture(scope="module")
def specs(definitions: dg.Definitions) -> list[dg.AssetSpec]:
    return list(definitions.resolve_all_asset_specs())


def test_a_training_can_be_told_to_fit_anew(definitions: dg.Definitions) -> None:
    config = run_config("flight_delay__candidate", {"refit": True})
    request = stage_request("flight_delay", "train", config=config)
    assert dg.AssetKey(["flight_delay", "candidate"]) in (request.asset_selection or [])
    told = dg.validate_run_config(definitions.resolve_job_def(ANY_ASSETS), request.run_config)
    assert told["ops"]["flight_delay__candidate"]["config"] == {"refit": True}


def snapshot_of(definitions: dg.Definitions) -> dict[str, Any]:
    """Assets with group, kinds, owners, dependencies and checks; jobs with their assets."""
    repository = definitions.get_repository_def()
    graph = repository.asset_graph
    checks: dict[dg.AssetKey, list[str]] = {}
    for check in graph.asset_check_keys:
        blocking = graph.get(check).blocking
        checks.setdefault(check.asset_key, []).append(check.name + " (blocking)" * blocking)
    assets = {}
    for spec in definitions.resolve_all_asset_specs():
        partitions = graph.get(spec.key).partitions_def
        assets[spec.key.to_user_string()] = {
            "group": spec.group_name,
            "kinds": " ".join(sorted(spec.kinds)),
            "owners": " ".join(sorted(spec.owners)),
            "partitions": str(partitions) if partitions else "none",
            "deps": sorted(dep.asset_key.to_user_string() for dep in spec.deps),
            "checks": sorted(checks.get(spec.key, [])),
        }
    jobs = {
        job.name: sorted(key.to_user_string() for key in job.asset_layer.executable_asset_keys)
        for job in repository.get_all_jobs()
        if not job.name.startswith("__")
    }
    return {
        "assets": assets,
        "jobs": jobs,
        "schedules": sorted(schedule.name for schedule in repository.schedule_defs),
        "sensors": sorted(sensor.name for sensor in repository.sensor_defs),
    }


def text_of(snapshot: dict[str, Any]) -> str:
    return json.dumps(snapshot, indent=1, sort_keys=True) + "\n"


def test_loading_the_definitions_imports_nothing_heavy() -> None:
    listed = subprocess.run(
        [sys.executable, "-c", LOAD_AND_LIST_MODULES],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(json.loads(listed.stdout.splitlines()[-1]))
    assert loaded.isdisjoint(HEAVY)
    # Not as slow, but asset bodies alone need them.
    assert loaded.isdisjoint(DATA)
    assert "mlops_platform.components.model_lifecycle.release.delivery_assets" in loaded


def test_the_graph_is_the_reviewed_one(definitions: dg.Definitions) -> None:
    assert snapshot_of(definitions) == json.loads(SNAPSHOT.read_text()), UPDATE


def test_every_asset_says_what_it_is_whose_it_is_and_what_it_is_made_of(
    specs: list[dg.AssetSpec],
) -> None:
    silent = {
        spec.key.to_user_string(): missing
        for spec in specs
        if (
            missing := [
                name
                for name, value in (
                    ("description", (spec.description or "").strip()),
                    ("owner", spec.owners),
                    ("kind", spec.kinds),
                )
                if not value
            ]
        )
    }
    assert silent == {}


def test_every_check_of_a_model_says_what_it_checks(definitions: dg.Definitions) -> None:
    graph = definitions.get_repository_def().asset_graph
    checks = [key for key in graph.asset_check_keys if key.asset_key.path[0] == "flight_delay"]
    assert len(checks) >= 12
    assert [key for key in checks if not graph.get(key).description] == []


def test_there_is_one_group_per_layer_and_three_per_model(specs: list[dg.AssetSpec]) -> None:
    tree = dg.ComponentTree.for_project(PROJECT_ROOT)
    models = {model.spec.name for model in tree.get_all_components(of_type=ModelLifecycleComponent)}
    layers = {"seeds", "landing", "staging", "intermediate", "features"}
    groups = {f"{model}{part}" for model in models for part in ("", "_windows", "_upkeep")}
    assert {spec.group_name for spec in specs} == layers | groups
    assert [spec.key for spec in specs if not spec.group_name.startswith(spec.key.path[0])] == []


def test_one_click_on_the_group_of_a_model_is_its_training(specs: list[dg.AssetSpec]) -> None:
    group = [spec for spec in specs if spec.group_name == "flight_delay"]
    assert {spec.key for spec in group} == set(stage_keys("flight_delay", "train"))
    assert [spec.key for spec in group if spec.partitions_def is not None] == []


def test_only_the_gate_and_the_served_predictions_stop_what_follows(
    definitions: dg.Definitions,
) -> None:
    graph = definitions.get_repository_def().asset_graph
    blocking = [
        key.name
        for key in graph.asset_check_keys
        if key.asset_key.path[0] == "flight_delay" and graph.get(key).blocking
    ]
    assert sorted(blocking) == ["gate_computed", "served_as_offline"]


if __name__ == "__main__":
    SNAPSHOT.write_text(text_of(snapshot_of(defs())))
