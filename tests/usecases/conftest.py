from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pandas as pd
import pytest

from mlops_platform.artifacts.allow_list import TRUSTED_TYPES
from mlops_platform.artifacts.model_store import save_model
from mlops_platform.column_kind import KINDS
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import FittedValues, NewDecision, Release, VersionIdentity
from mlops_platform.registry.model_files import ModelDescription
from mlops_platform.registry.registry import Registry
from mlops_platform.registry.requirements import pinned_requirements
from mlops_platform.settings import read_settings, sqlite_url
from mlops_platform.spec import ModelSpec
from mlops_platform.tasks import DEFAULT_TASK, Finished, Task
from mlops_platform.usecases.deployment import Deployment, deployment_at
from mlops_platform.usecases.release.release import Promotion, release_version
from mlops_platform.usecases.release.roll_back import release_meant, roll_back
from mlops_platform.usecases.version.fitted import tags_of
from tests.homes.blank_registry import put_blank_registry
from tests.serving.packed import pack_small, small_spec

PROMOTION = NewDecision(kind="promote", reason="better", actor="gate", evidence={"margin": 0.01})


@dataclass(frozen=True)
class Lifecycle:
    """A model that no other test uses, in a deployment of its own."""

    deployment: Deployment
    model: str
    register: Callable[[], VersionIdentity]

    @property
    def scope(self) -> tuple[Deployment, str]:
        return self.deployment, self.model

    @property
    def of_ledger(self) -> tuple[Ledger, str]:
        return self.ledger, self.model

    @property
    def ledger(self) -> Ledger:
        return self.deployment.ledger

    @property
    def registry(self) -> Registry:
        return self.deployment.registry

    @property
    def pointer(self) -> Path:
        return self.deployment.settings.release_pointer(self.model)

    @property
    def challenger_pointer(self) -> Path:
        return self.deployment.settings.challenger_pointer(self.model)

    @property
    def spec(self) -> ModelSpec:
        """What the YAML of such a model says at least."""
        return small_spec(self.model)

    def with_registry(self, kind: type[Registry]) -> Deployment:
        """The same deployment, with a registry of another behaviour."""
        place, deployment = self.deployment.settings, replace(self.deployment)
        registry = kind(place.mlflow_tracking_uri, place.mlflow_artifacts, place.home)
        vars(deployment)["registry"] = registry
        return deployment

    def promotion(
        self,
        identity: VersionIdentity,
        expected_sequence: int | None,
        decision: NewDecision = PROMOTION,
    ) -> Promotion:
        return Promotion(self.model, identity, decision, expected_sequence)

    def promote(self, identity: VersionIdentity) -> Release:
        current = self.ledger.current_release(self.model)
        promotion = self.promotion(identity, current.sequence if current else None)
        return release_version(self.deployment, promotion)

    def roll_back(self, reason: str = "late rate doubled", actor: str = "alice") -> Release:
        """The present release, whichever that is."""
        newest = self.ledger.releases(self.model)[-1:]
        meant = [release_meant(*self.of_ledger, release.sequence) for release in newest]
        return roll_back(*self.scope, reason=reason, actor=actor, after=meant)


@pytest.fixture(scope="session")
def fitted() -> tuple[Any, pd.DataFrame]:
    """A pipeline, as training leaves it behind."""
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.frozen import FrozenEstimator
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    generator = np.random.default_rng(0)
    rows = pd.DataFrame(generator.normal(size=(200, 2)), columns=["wind", "late"])
    labels = (rows["late"] + 0.5 * rows["wind"] + generator.normal(size=200) > 0).to_numpy()
    pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, labels)
    return CalibratedClassifierCV(FrozenEstimator(pipeline)).fit(rows, labels), rows


@pytest.fixture(scope="session")
def tracking_uri(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One MLflow for all tests: making its tables takes seconds, and names of models are apart."""
    return sqlite_url(put_blank_registry(tmp_path_factory.mktemp("registry")))


@pytest.fixture
def deployment(tracking_uri: str, tmp_path: Path) -> Deployment:
    environment = {"MLOPS_HOME": str(tmp_path / "home"), "MLOPS_MLFLOW_TRACKING_URI": tracking_uri}
    deployment = deployment_at(read_settings(environment))
    deployment.ledger.create_schema()
    return deployment


def register_model(
    deployment: Deployment,
    model: str,
    finished: Finished,
    example: pd.DataFrame,
    folder: Path,
    task: Task,
) -> VersionIdentity:
    """A version of a model that is not released; its files are kept in the folder."""
    directory = folder / uuid4().hex
    digests = save_model(finished.model, directory)
    description = ModelDescription(
        input_example=example,
        kinds=dict.fromkeys(example.columns, KINDS["numeric"]),
        predict_method=task.predict_method,
        answers=task.answers_of_model,
        requirements=pinned_requirements(),
        trusted_types=TRUSTED_TYPES,
    )
    values = FittedValues(
        task=task.kind,
        constants=dict(finished.constants),
        training_set="ab" * 32,
        fitted_through=datetime(2013, 3, 31, 22, tzinfo=UTC),
    )
    with deployment.registry.training_run(model, "run", {}) as run:
        version = deployment.registry.register_version(
            model, run.run_id, directory, digests, description, tags_of(values)
        )
    return VersionIdentity(
        version=version.version,
        run_id=run.run_id,
        digests=version.digests,
        schema_hash="5c",
        environment_hash="e4",
        fitted=values,
    )


@pytest.fixture
def lifecycle(
    deployment: Deployment, fitted: tuple[Any, pd.DataFrame], tmp_path: Path
) -> Lifecycle:
    model = f"flights_{uuid4().hex[:8]}"

    def register() -> VersionIdentity:
        finished = Finished(fitted[0], {"threshold": 0.25}, {})
        example = fitted[1].head(2)
        return register_model(deployment, model, finished, example, tmp_path, DEFAULT_TASK)

    return Lifecycle(deployment, model, register)


@pytest.fixture
def pack(lifecycle: Lifecycle, fitted: tuple[Any, pd.DataFrame]) -> Callable[..., str]:
    """Put a version into the store of Bentos; its tag."""

    def packed(identity: VersionIdentity, sequence: int, **changes: Any) -> str:
        place, spec = lifecycle.deployment.settings, lifecycle.spec
        with lifecycle.registry.fetched_version(spec.name, identity.version) as fetched:
            return pack_small(
                place, spec, identity, fetched.directory, fitted, sequence=sequence, **changes
            )

    return packed
