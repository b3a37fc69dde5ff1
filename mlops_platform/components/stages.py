"""The stages of a model's lifecycle: which assets belong to each, and to which a run belongs."""

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Final, Literal

import dagster as dg

Stage = Literal["train", "watch", "adjust", "backtest", "roll_out", "land_served", "export_online"]

STAGE_ASSETS: Final[Mapping[Stage, tuple[str, ...]]] = MappingProxyType(
    {
        "train": (
            "training_set",
            "candidate",
            "evaluation",
            "gate",
            "registered_version",
            "champion",
            "model_card",
            "bento",
        ),
        "watch": ("predictions", "drift_report", "performance"),
        "adjust": ("adjustment",),
        "backtest": ("policy_backtest",),
        "roll_out": ("rollout",),
        "land_served": ("served_predictions",),
        "export_online": ("online_features",),
    }
)
"""Names of a model's assets by stage."""
STAGE_TAG: Final = "mlops/stage"
"""Tag of every asset of a model, and of the runs that the platform starts."""
MODEL_TAG: Final = "mlops/model"
"""Tag of these runs: the model that they are about."""


def stage_of_asset(name: str) -> Stage:
    """The stage to which an asset of a model belongs."""
    return next(stage for stage, names in STAGE_ASSETS.items() if name in names)


def group_of(model: str, stage: Stage) -> str:
    """The group of a stage's assets: what one click on "Materialize all" makes.

    The group of a model's name is its training. Windows ask for a partition, and what is looked
    after by itself is never wanted all at once.
    """
    match stage:
        case "train":
            return model
        case "watch":
            return f"{model}_windows"
        case _:
            return f"{model}_upkeep"


def stage_keys(model: str, stage: Stage) -> list[dg.AssetKey]:
    """Every asset of one stage of a model."""
    return [dg.AssetKey([model, name]) for name in STAGE_ASSETS[stage]]


def run_tags(model: str, stage: Stage) -> dict[str, str]:
    """Tags of a run of one stage of a model."""
    return {MODEL_TAG: model, STAGE_TAG: stage}


def models_of(run: dg.DagsterRun, models: Collection[str]) -> set[str]:
    """Models of a run: that of its tag, else those whose assets it selects.

    Args:
        models: names of all models; keys of other assets begin with other names.
    """
    if MODEL_TAG in run.tags:
        return {run.tags[MODEL_TAG]}
    return {key.path[0] for key in run.asset_selection or ()} & set(models)


def stage_of(run: dg.DagsterRun, model: str) -> Stage | None:
    """The stage of a run: that of its tag, else the first of which it selects a model's asset."""
    selected = {key.path[-1] for key in run.asset_selection or () if key.path[0] == model}
    tagged = run.tags.get(STAGE_TAG)
    stages = (
        stage
        for stage, names in STAGE_ASSETS.items()
        if stage == tagged or (tagged is None and selected.intersection(names))
    )
    return next(stages, None)
