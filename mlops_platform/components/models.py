"""The models that this deployment declares under `defs/`."""

from collections.abc import Iterable

import dagster as dg

from mlops_platform.components.model_lifecycle.component import (
    ModelLifecycleComponent,
    lifecycle_models,
)
from mlops_platform.components.model_lifecycle.lifecycle_model import LifecycleModel
from mlops_platform.errors import SpecError
from mlops_platform.settings import PROJECT_ROOT
from mlops_platform.spec import ModelSpec


def declared_models() -> list[ModelLifecycleComponent]:
    """Every instance of the lifecycle component, with its spec and its place in the YAML."""
    return _tree().get_all_components(of_type=ModelLifecycleComponent)


def declared_spec(name: str) -> ModelSpec:
    """The spec of a declared model.

    Raises:
        SpecError: no YAML declares it.
    """
    specs = {model.spec.name: model.spec for model in declared_models()}
    if name not in specs:
        raise _unknown(name, specs)
    return specs[name]


def declared_lifecycle(name: str) -> LifecycleModel:
    """A declared model with the store of its features.

    Raises:
        SpecError: no YAML declares it.
    """
    models = {model.name: model for model in lifecycle_models(_tree())}
    if name not in models:
        raise _unknown(name, models)
    return models[name]


def _tree() -> dg.ComponentTree:
    return dg.ComponentTree.for_project(PROJECT_ROOT)


def _unknown(name: str, declared: Iterable[str]) -> SpecError:
    return SpecError("model", name, f"Declared models are {sorted(declared)}.")
