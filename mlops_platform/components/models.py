"""The models that this deployment declares under `defs/`."""

from typing import TYPE_CHECKING

from mlops_platform.errors import SpecError
from mlops_platform.settings import PROJECT_ROOT
from mlops_platform.spec import ModelSpec
from mlops_platform.spec.declarations import plainly_declared_specs

if TYPE_CHECKING:
    from mlops_platform.components.model_lifecycle.component import ModelLifecycleComponent

DEFS = PROJECT_ROOT / "mlops_platform" / "defs"


def declared_models() -> "list[ModelLifecycleComponent]":
    """Every instance of the lifecycle component, with its spec and its place in the YAML."""
    import dagster as dg

    from mlops_platform.components.model_lifecycle.component import ModelLifecycleComponent

    tree = dg.ComponentTree.for_project(PROJECT_ROOT)
    return tree.get_all_components(of_type=ModelLifecycleComponent)


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
        raise SpecError("model", name, f"Declared models are {sorted(specs)}.")
    return specs[name]
