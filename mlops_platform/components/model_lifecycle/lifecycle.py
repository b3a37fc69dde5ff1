"""The asset graph and the job of one model."""

from collections.abc import Mapping

import dagster as dg

from mlops_platform.components.model_lifecycle.delivery_assets import bento_asset, model_card_asset
from mlops_platform.components.model_lifecycle.judging_assets import evaluation_asset, gate_asset
from mlops_platform.components.model_lifecycle.release_assets import (
    champion_asset,
    registered_version_asset,
)
from mlops_platform.components.model_lifecycle.training_assets import (
    candidate_asset,
    training_set_asset,
)
from mlops_platform.spec import ModelSpec


def build_lifecycle(spec: ModelSpec, tables: Mapping[str, dg.AssetKey]) -> dg.Definitions:
    """Assets, checks and the training job of one model.

    Args:
        tables: asset of each published table.
    """
    training = [
        training_set_asset(spec, [tables[spec.features.table], tables[spec.label.table]]),
        candidate_asset(spec),
        evaluation_asset(spec),
        gate_asset(spec),
        registered_version_asset(spec),
        champion_asset(spec),
        model_card_asset(spec),
        bento_asset(spec),
    ]
    job = dg.define_asset_job(
        f"train_{spec.name}",
        selection=dg.AssetSelection.assets(*training),
        description=(
            f"Trains and judges a candidate of {spec.name}; one that passes the gate is released, "
            "documented and packaged. Losing is a normal outcome: the run succeeds."
        ),
    )
    return dg.Definitions(assets=training, jobs=[job])
