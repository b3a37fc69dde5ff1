"""Component types: what a `defs.yaml` can name."""

from mlops_platform.components.features.component import DbtFeaturesComponent
from mlops_platform.components.landing.folder import FolderLandingComponent
from mlops_platform.components.model_lifecycle.component import ModelLifecycleComponent

__all__ = ["DbtFeaturesComponent", "FolderLandingComponent", "ModelLifecycleComponent"]
