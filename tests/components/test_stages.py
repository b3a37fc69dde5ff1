"""To which model and stage a run belongs."""

import dagster as dg
import pytest

from mlops_platform.components.model_lifecycle.automation.requests import stage_request
from mlops_platform.components.stages import (
    MODEL_TAG,
    STAGE_ASSETS,
    STAGE_TAG,
    models_of,
    stage_keys,
    stage_of,
    stage_of_asset,
)
from mlops_platform.definitions import defs

MODELS = ("churn", "severe")


def run(*assets: str, job: str = "__ASSET_JOB", model: str | None = None) -> dg.DagsterRun:
    return dg.DagsterRun(
        job_name=job,
        asset_selection=frozenset(map(dg.AssetKey.from_user_string, assets)),
        tags={MODEL_TAG: model} if model else {},
    )


@pytest.mark.parametrize(
    ("started", "model", "stage"),
    [
        (run(*(f"churn/{name}" for name in STAGE_ASSETS["train"])), "churn", "train"),
        (run("churn/bento"), "churn", "train"),
        (run("features/flights", "churn/predictions"), "churn", "watch"),
        (run("churn/served_predictions", "churn/predictions"), "churn", "watch"),
        (run("churn/served_predictions"), "churn", "land_served"),
        (run("churn/rollout", model="churn"), "churn", "roll_out"),
    ],
)
def test_a_run_belongs_to_the_model_of_its_tag_or_of_its_assets(
    started: dg.DagsterRun, model: str, stage: str
) -> None:
    assert models_of(started, MODELS) == {model}
    assert stage_of(started, model) == stage


def test_a_run_that_a_person_starts_for_two_models_is_of_both() -> None:
    started = run("churn/gate", "severe/predictions")
    assert models_of(started, MODELS) == {"churn", "severe"}
    assert [stage_of(started, model) for model in MODELS] == ["train", "watch"]


@pytest.mark.parametrize("started", [run("features/flights"), run(job="land_days")])
def test_a_run_that_selects_no_asset_of_a_model_is_of_none(started: dg.DagsterRun) -> None:
    assert models_of(started, MODELS) == set()
    assert stage_of(started, "churn") is None


def test_a_run_of_the_platform_is_what_its_tags_say() -> None:
    request = stage_request("churn", "roll_out")
    started = dg.DagsterRun(job_name=str(request.job_name), tags=dict(request.tags))
    assert models_of(started, MODELS) == {"churn"}
    assert stage_of(started, "churn") == "roll_out"


def test_every_asset_of_a_model_is_of_one_stage_and_says_so() -> None:
    names = [name for names in STAGE_ASSETS.values() for name in names]
    assert len(names) == len(set(names))
    declared = {
        spec.key.path[1]: spec.tags[STAGE_TAG]
        for spec in defs().resolve_all_asset_specs()
        if spec.key.path[0] in ("flight_delay", "arrival_delay")
    }
    assert declared == {name: stage_of_asset(name) for name in names}
    assert set(stage_keys("flight_delay", "watch")) == {
        dg.AssetKey(["flight_delay", name])
        for name in ("predictions", "drift_report", "performance")
    }
