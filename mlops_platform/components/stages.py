"""The stages of a model's lifecycle: which assets belong to each, and to which a run belongs."""

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Final, Literal

import dagster as dg

from mlops_platform.errors import MlopsError

Stage = Literal["train", "watch", "backtest", "roll_out", "land_served", "export_online"]

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
        "backtest": ("policy_backtest",),
        "roll_out": ("rollout",),
        "land_served": ("served_predictions",),
        "export_online": ("online_features",),
    }
)
"""Names of a model's assets by stage. Each stage but `watch` is a job of its name."""
STAGE_TAG: Final = "mlops/stage"
"""Tag of every asset of a model."""
MODEL_TAG: Final = "mlops/model"
"""Tag of the runs that the platform starts: the model that they are about."""


def stage_of_asset(name: str) -> Stage:
    """The stage to which an asset of a model belongs."""
    return next(stage for stage, names in STAGE_ASSETS.items() if name in names)


def stage_keys(model: str, stage: Stage) -> list[dg.AssetKey]:
    """Every asset of one stage of a model."""
    return [dg.AssetKey([model, name]) for name in STAGE_ASSETS[stage]]


def model_tags(model: str) -> dict[str, str]:
    """Tags of a run that is about a model."""
    return {MODEL_TAG: model}


def model_of(run: dg.DagsterRun, models: Collection[str]) -> str | None:
    """The model of a run: that of its tag, else the only one whose assets it selects.

    Args:
        models: names of all models; keys of other assets begin with other names.
    """
    if MODEL_TAG in run.tags:
        return run.tags[MODEL_TAG]
    selected = {key.path[0] for key in run.asset_selection or ()} & set(models)
    return selected.pop() if len(selected) == 1 else None


def refuse_run_of_many_models(run: dg.DagsterRun) -> None:
    """Refuse a run of a shared job that is not about one model.

    Raises:
        MlopsError: it selects the assets of several models, or none in particular.
    """
    selected = {key.path[0] for key in run.asset_selection or ()}
    if run.job_name in STAGE_ASSETS and len(selected) != 1:
        raise MlopsError(
            f"a run of the job {run.job_name} is about one model, and this one selects the assets "
            f"of {', '.join(sorted(selected)) or 'all'}: materialize those of one model, whose "
            "group has its name."
        )


def stage_of(run: dg.DagsterRun, model: str) -> Stage | None:
    """The first stage of a model of which a run selects an asset; None where it selects none."""
    selected = {key.path[-1] for key in run.asset_selection or () if key.path[0] == model}
    stages = (stage for stage, names in STAGE_ASSETS.items() if selected.intersection(names))
    return next(stages, None)
