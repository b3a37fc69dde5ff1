"""The models that this deployment declares under `defs/`."""

import dagster as dg

from mlops_platform.components.model_lifecycle.component import ModelLifecycleComponent
from mlops_platform.errors import SpecError
from mlops_platform.settings import PROJECT_ROOT


def declared_models() -> list[ModelLifecycleComponent]:
    """Every instance of the lifecycle component, with its spec and its place in the YAML."""
    tree = dg.ComponentTree.for_project(PROJECT_ROOT)
    return tree.get_all_components(of_type=ModelLifecycleComponent)


def declared_model(name: str) -> ModelLifecycleComponent:
    """The model of this name.

    Raises:
        SpecError: no YAML declares it.
    """
    models = {model.spec.name: model for model in declared_models()}
    if name not in models:
        raise SpecError("name", name, f"Declared models are {sorted(models)}.")
    return models[name]
