from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pandas as pd
import pytest

from mlops_platform.artifacts.allow_list import TRUSTED_TYPES
from mlops_platform.artifacts.model_store import save_model
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import NewDecision, Release, VersionIdentity
from mlops_platform.registry.model_files import ModelDescription
from mlops_platform.registry.registry import Registry
from mlops_platform.registry.requirements import pinned_requirements
from mlops_platform.usecases.release.release import release_version
from mlops_platform.usecases.release.roll_back import roll_back


@dataclass(frozen=True)
class Deployment:
    """A ledger of its own, one MLflow for all tests, and a model name that no other test uses."""

    ledger: Ledger
    registry: Registry
    pointer: Path
    model: str
    register: Callable[[], VersionIdentity]
    bentoml_home: Path

    @property
    def parts(self) -> tuple[Ledger, Registry, Path, str]:
        return self.ledger, self.registry, self.pointer, self.model

    def roll_back(self, reason: str = "late rate doubled", actor: str = "alice") -> Release:
        return roll_back(*self.parts, bentoml_home=self.bentoml_home, reason=reason, actor=actor)

    def promote(self, identity: VersionIdentity) -> Release:
        current = self.ledger.current_release(self.model)
        return release_version(
            *self.parts,
            identity,
            NewDecision(kind="promote", reason="better", actor="gate"),
            expected_sequence=current.sequence if current else None,
        )


@pytest.fixture(scope="session")
def fitted() -> tuple[Any, pd.DataFrame]:
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.frozen import FrozenEstimator
    from sklearn.linear_model import LogisticRegression

    generator = np.random.default_rng(0)
    rows = pd.DataFrame(generator.normal(size=(200, 2)), columns=["wind", "late"])
    labels = (rows["late"] + generator.normal(size=200) > 0).to_numpy()
    pipeline = LogisticRegression().fit(rows, labels)
    return CalibratedClassifierCV(FrozenEstimator(pipeline)).fit(rows, labels), rows


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    home = tmp_path_factory.mktemp("registry")
    registry = Registry(f"sqlite:///{home / 'mlflow.db'}", home / "artifacts")
    registry.initialise()
    return registry


@pytest.fixture
def deployment(registry: Registry, fitted: tuple[Any, pd.DataFrame], tmp_path: Path) -> Deployment:
    name = f"flights_{uuid4().hex[:8]}"

    def register() -> VersionIdentity:
        directory = tmp_path / uuid4().hex
        digests = save_model(fitted[0], directory)
        description = ModelDescription(fitted[1].head(2), pinned_requirements(), TRUSTED_TYPES)
        tags = {
            "fitted_through": "2013-03-31T22:00:00+00:00",
            "threshold": "0.25",
            "training_set": "ab" * 32,
        }
        with registry.training_run(name, "run", {}) as run:
            version = registry.register_version(
                name, run.run_id, directory, digests, description, tags
            )
        return VersionIdentity(
            version=version.version,
            run_id=run.run_id,
            digests=version.digests,
            schema_hash="5c",
            environment_hash="e4",
        )

    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    ledger.create_schema()
    return Deployment(
        ledger, registry, tmp_path / "home" / "release.json", name, register, tmp_path / "bentos"
    )
