from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from mlops_platform.artifacts.allow_list import TRUSTED_TYPES
from mlops_platform.artifacts.model_store import save_model
from mlops_platform.column_kind import KINDS
from mlops_platform.registry.model_files import ModelDescription
from mlops_platform.registry.registry import Registry
from mlops_platform.registry.requirements import pinned_requirements

if TYPE_CHECKING:
    from mlflow import MlflowClient


@dataclass(frozen=True)
class Store:
    uri: str
    registry: Registry


@dataclass(frozen=True)
class Judged:
    """A fitted model as the gate leaves it."""

    model: Any
    rows: pd.DataFrame
    directory: Path
    digests: dict[str, str]

    @property
    def description(self) -> ModelDescription:
        kinds = {
            "wind": KINDS["numeric"],
            "late": KINDS["numeric"],
            "carrier": KINDS["categorical"],
        }
        return ModelDescription(
            input_example=self.rows.head(3),
            kinds=kinds,
            predict_method="predict_proba",
            answers=("probabilities", 2),
            requirements=pinned_requirements(),
            trusted_types=TRUSTED_TYPES,
        )


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """One real MLflow for all tests (its schema takes seconds): each test names its own model."""
    home = tmp_path_factory.mktemp("registry")
    uri = f"sqlite:///{home / 'mlflow.db'}"
    registry = Registry(uri, home / "artifacts")
    registry.initialise()
    return Store(uri, registry)


@pytest.fixture(scope="session")
def registry(store: Store) -> Registry:
    return store.registry


@pytest.fixture(scope="session")
def client(store: Store) -> "MlflowClient":
    """MLflow's own view of the same store."""
    from mlflow import MlflowClient

    return MlflowClient(store.uri)


@pytest.fixture(scope="session")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.compose import ColumnTransformer
    from sklearn.frozen import FrozenEstimator
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    generator = np.random.default_rng(0)
    rows = pd.DataFrame({"wind": generator.normal(size=200), "late": generator.random(200) / 3})
    rows.loc[1::5, "wind"] = np.nan
    rows["carrier"] = pd.Series(generator.choice(["UA", "B6"], 200), dtype=object)
    rows.loc[2, "carrier"] = None
    labels = rows["late"].to_numpy() > 0.15
    columns = ColumnTransformer(
        [
            ("numeric", SimpleImputer(), ["wind", "late"]),
            ("categorical", OneHotEncoder(handle_unknown="ignore"), ["carrier"]),
        ]
    )
    pipeline = make_pipeline(columns, LogisticRegression()).fit(rows, labels)
    model = CalibratedClassifierCV(FrozenEstimator(pipeline)).fit(rows, labels)
    directory = tmp_path_factory.mktemp("judged")
    (directory / "schema.json").write_text('{"columns": ["wind", "late", "carrier"]}')
    return Judged(model, rows, directory, save_model(model, directory))
