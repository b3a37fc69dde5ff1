"""A defs folder of its own: the deployed feature store and whatever models a test declares."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest
from dagster.components.testing import DefsFolderSandbox, create_defs_folder_sandbox

from mlops_platform.components import ModelLifecycleComponent
from mlops_platform.components.model_lifecycle.automation.model_sensor import ModelSensor
from mlops_platform.components.model_lifecycle.component import lifecycle_models
from mlops_platform.components.model_lifecycle.lifecycle_model import FeatureStore, LifecycleModel
from mlops_platform.settings import PROJECT_ROOT
from mlops_platform.spec import ModelSpec
from mlops_platform.spec.declarations import plainly_declared_specs

DEPLOYED = PROJECT_ROOT / "mlops_platform" / "defs"


@dataclass(frozen=True)
class Sandbox:
    """Declares YAML files and loads them as Dagster loads the real ones."""

    folder: DefsFolderSandbox

    def declare(self, name: str, text: str) -> Path:
        file = self.folder.defs_folder_path / name / "defs.yaml"
        file.parent.mkdir()
        file.write_text(text)
        return file

    def models(self) -> list[ModelLifecycleComponent]:
        """The declared models, after everything of the sandbox was loaded and built."""
        with self.folder.build_component_tree() as tree:
            models = self._read_alike(tree)
            tree.build_defs()
            return models

    def _read_alike(self, tree: dg.ComponentTree) -> list[ModelLifecycleComponent]:
        """The models by Dagster's loader, which the plain reader equals, or leaves them to it."""
        plain = plainly_declared_specs(self.folder.defs_folder_path)
        try:
            models = tree.get_all_components(of_type=ModelLifecycleComponent)
        except Exception:
            assert plain is None
            raise
        assert plain is not None
        # Dagster's are of a subclass, which pydantic calls unequal.
        assert [spec.model_dump() for spec in plain] == [m.spec.model_dump() for m in models]
        return models

    def lifecycle_models(self) -> list[LifecycleModel]:
        """The declared models, with the store of their features."""
        with self.folder.build_component_tree() as tree:
            tree.build_defs()
            return lifecycle_models(tree)

    def definitions(self) -> dg.Definitions:
        with self.folder.build_all_defs() as definitions:
            return definitions

    def refusal(self) -> str:
        """What a person reads when the sandbox does not load: the cause under Dagster's tree."""
        with pytest.raises(Exception, match="Error while") as raised:
            self.models()
        cause: BaseException = raised.value
        while cause.__cause__ is not None:
            cause = cause.__cause__
        return str(cause)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with create_defs_folder_sandbox() as folder:
        sandbox = Sandbox(folder)
        store = (DEPLOYED / "flights" / "features" / "defs.yaml").read_text()
        sandbox.declare("features", store.replace("{{ context.project_root }}", str(PROJECT_ROOT)))
        yield sandbox


@pytest.fixture
def flight_delay() -> str:
    """The deployed model's YAML: a test changes one thing of it."""
    return (DEPLOYED / "flights" / "flight_delay" / "defs.yaml").read_text()


Tick = Callable[[ModelSensor, ModelSpec, dg.DagsterInstance], dg.SensorResult]


@pytest.fixture(scope="session")
def tick() -> Tick:
    """One tick of a sensor over one model at which nobody has looked before."""

    def ticked(
        sensor: ModelSensor, spec: ModelSpec, instance: dg.DagsterInstance
    ) -> dg.SensorResult:
        model = LifecycleModel(spec, FeatureStore(tables={}, assets=(), build_op="dbt_features"))
        with dg.build_sensor_context(instance) as context:
            answer = sensor.over([model])(context)
        assert isinstance(answer, dg.SensorResult)
        return answer

    return ticked
