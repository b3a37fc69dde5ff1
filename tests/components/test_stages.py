"""To which model and stage a run belongs."""

import dagster as dg
import pytest

from mlops_platform.components.stages import (
    MODEL_TAG,
    STAGE_ASSETS,
    STAGE_TAG,
    model_of,
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
        (run(*(f"churn/{name}" for name in STAGE_ASSETS["train"]), job="train"), "churn", "train"),
        (run("churn/bento"), "churn", "train"),
        (run("features/flights", "churn/predictions"), "churn", "watch"),
        (run("churn/served_predictions", "churn/predictions"), "churn", "watch"),
        (run("churn/served_predictions"), "churn", "land_served"),
        (run("churn/rollout", model="churn"), "churn", "roll_out"),
        (run("features/flights"), None, None),
        (run("churn/gate", "severe/gate"), None, None),
        (run(job="land_days"), None, None),
    ],
)
def test_a_run_belongs_to_the_model_of_its_tag_or_of_its_assets(
    started: dg.DagsterRun, model: str | None, stage: str | None
) -> None:
    assert model_of(started, MODELS) == model
    assert stage_of(started, model or "churn") == (stage if model else stage_of(started, "churn"))


def test_a_run_that_is_tagged_is_of_its_model_before_it_has_any_asset() -> None:
    assert model_of(run(model="churn"), MODELS) == "churn"
    assert stage_of(run(model="churn"), "churn") is None


def test_every_asset_of_a_model_is_of_one_stage_and_says_so() -> None:
    names = [name for names in STAGE_ASSETS.values() for name in names]
    assert len(names) == len(set(names))
    declared = {
        spec.key.path[1]: spec.tags[STAGE_TAG]
        for spec in defs().resolve_all_asset_specs()
        if spec.key.path[0] == "flight_delay"
    }
    assert declared == {name: stage_of_asset(name) for name in names}
    assert set(stage_keys("flight_delay", "watch")) == {
        dg.AssetKey(["flight_delay", name])
        for name in ("predictions", "drift_report", "performance")
    }
