"""What all assets of a model have in common."""

from typing import Any

import dagster as dg

from mlops_platform.components.stages import STAGE_TAG, stage_of_asset
from mlops_platform.spec import ModelSpec


def asset_arguments(spec: ModelSpec, name: str, description: str, *kinds: str) -> dict[str, Any]:
    """Key, group, owners, kinds, stage and description of an asset."""
    return {
        "key": [spec.name, name],
        "group_name": spec.name,
        "owners": list(spec.owners),
        "kinds": set(kinds),
        "tags": {STAGE_TAG: stage_of_asset(name)},
        "description": description,
    }


def upstream(spec: ModelSpec, name: str) -> dg.AssetIn:
    """The Record of another asset of the same model."""
    return dg.AssetIn(key=[spec.name, name])
