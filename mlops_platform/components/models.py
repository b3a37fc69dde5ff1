"""The models that this deployment declares under `defs/`."""

import dagster as dg

from mlops_platform.components.model_lifecycle.component import ModelLifecycleComponent
from mlops_platform.settings import PROJECT_ROOT


def declared_models() -> list[ModelLifecycleComponent]:
    """Every instance of the lifecycle component, with its spec and its place in the YAML."""
    tree = dg.ComponentTree.for_project(PROJECT_ROOT)
    return tree.get_all_components(of_type=ModelLifecycleComponent)
