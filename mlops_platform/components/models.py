"""The models that this deployment declares under `defs/`."""

import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mlops_platform.errors import MlopsError, SettingsError, SpecError, causes
from mlops_platform.section import nearest_name
from mlops_platform.settings import PROJECT_ROOT
from mlops_platform.spec import ModelSpec
from mlops_platform.spec.declarations import plainly_declared_specs

if TYPE_CHECKING:
    import dagster as dg

    from mlops_platform.components.model_lifecycle.component import ModelLifecycleComponent
    from mlops_platform.components.model_lifecycle.lifecycle_model import LifecycleModel

DEFS = PROJECT_ROOT / "mlops_platform" / "defs"


def declared_models() -> "list[ModelLifecycleComponent]":
    """Every instance of the lifecycle component, with its spec and its place in the YAML."""
    from mlops_platform.components.model_lifecycle.component import ModelLifecycleComponent

    with loading():
        return component_tree().get_all_components(of_type=ModelLifecycleComponent)


def declared_specs() -> list[ModelSpec]:
    """The specs of every declared model; Dagster is imported only where it must read them."""
    specs = plainly_declared_specs(DEFS)
    return [model.spec for model in declared_models()] if specs is None else specs


def declared_spec(name: str) -> ModelSpec:
    """The spec of a declared model.

    Raises:
        SpecError: no YAML declares it.
    """
    specs = {spec.name: spec for spec in declared_specs()}
    if name not in specs:
        raise _unknown(name, specs)
    return specs[name]


def declared_lifecycle(name: str) -> "LifecycleModel":
    """A declared model with the store of its features.

    Raises:
        SpecError: no YAML declares it.
    """
    models = {model.name: model for model in declared_lifecycles()}
    if name not in models:
        raise _unknown(name, models)
    return models[name]


def declared_lifecycles() -> "list[LifecycleModel]":
    """Every declared model with the store of its features."""
    from mlops_platform.components.model_lifecycle.component import lifecycle_models

    with loading():
        return lifecycle_models(component_tree())


def models_made_from(table: str) -> list[str]:
    """Names of the declared models whose features are made from a landed table."""
    return [model.name for model in declared_lifecycles() if table in model.store.sources]


@contextmanager
def loading() -> Iterator[None]:
    """Make one sentence of what Dagster says, over a page, of what it cannot load.

    Raises:
        SpecError: as a component refuses what is declared.
        SettingsError: something else is wrong with it.
    """
    try:
        yield
    except Exception as error:  # of whatever part of Dagster, YAML or pydantic
        ours = next((cause for cause in causes(error) if isinstance(cause, MlopsError)), None)
        if ours is not None:
            raise ours from error
        raise SettingsError(
            "what is declared cannot be loaded. `mlops check` tells every mistake in it, each with "
            "file, line and fix."
        ) from error


def component_tree() -> "dg.ComponentTree":
    """The components of this project; Dagster is imported to read them."""
    import dagster as dg

    silence_dagster()
    return dg.ComponentTree.for_project(PROJECT_ROOT)


def silence_dagster() -> None:
    """Dagster warns of what it calls beta where it uses it itself: 55 times for each loading.

    Where we use such a thing it goes on warning.
    """
    import dagster as dg

    warnings.filterwarnings("ignore", category=dg.BetaWarning, module=r"dagster(_dbt)?\.")


def _unknown(name: str, declared: Iterable[str]) -> SpecError:
    return SpecError("model", name, nearest_name("model", name, sorted(declared)))
