"""Component types: what a `defs.yaml` can name.

Each is imported when it is asked for, so that commands which only read what was declared and
recorded start without Dagster.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlops_platform.components.features.component import DbtFeaturesComponent
    from mlops_platform.components.landing.database import DatabaseLandingComponent
    from mlops_platform.components.landing.folder import FolderLandingComponent
    from mlops_platform.components.landing.snapshot import SnapshotLandingComponent
    from mlops_platform.components.model_lifecycle.component import ModelLifecycleComponent

__all__ = [
    "DatabaseLandingComponent",
    "DbtFeaturesComponent",
    "FolderLandingComponent",
    "ModelLifecycleComponent",
    "SnapshotLandingComponent",
]

_MODULES = {
    "DatabaseLandingComponent": "landing.database",
    "DbtFeaturesComponent": "features.component",
    "FolderLandingComponent": "landing.folder",
    "ModelLifecycleComponent": "model_lifecycle.component",
    "SnapshotLandingComponent": "landing.snapshot",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    component_type = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = component_type  # Dagster asks often
    return component_type


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})  # `dg` lists the types that it finds here
