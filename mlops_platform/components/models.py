"""The models that this deployment declares under `defs/`."""

import dagster as dg

from mlops_platform.components.model_lifecycle.component import ModelLifecycleComponent
from mlops_platform.errors import SpecError
from mlops_platform.settings import PROJECT_ROOT
from mlops_platform.spec import ModelSpec


def declared_models() -> list[ModelLifecycleComponent]:
    """Every instance of the lifecycle component, with its spec and its place in the YAML."""
    tree = dg.ComponentTree.for_project(PROJECT_ROOT)
    return tree.get_all_components(of_type=ModelLifecycleComponent)


def declared_spec(name: str) -> ModelSpec:
    """The spec of a declared model.

    Raises:
        SpecError: no YAML declares it.
    """
    specs = {model.spec.name: model.spec for model in declared_models()}
    if name not in specs:
        raise SpecError("model", name, f"Declared models are {sorted(specs)}.")
    return specs[name]
