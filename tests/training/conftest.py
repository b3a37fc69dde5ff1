"""Small synthetic rows with a known signal, and what a training makes of them."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlops_platform.spec import ModelSpec
from mlops_platform.tasks import Finished
from mlops_platform.training.fitting import fit_candidate
from mlops_platform.training.judging.comparison import Comparison
from mlops_platform.training.judging.evaluation import Evaluation, evaluate
from mlops_platform.training.judging.figures import figures_of
from mlops_platform.training.search.search import Recipe, search
from mlops_platform.training.split import Split, split_by_time

DECLARED: dict[str, Any] = {
    "name": "tiny",
    "description": "Is it late?",
    "owners": ["team:test"],
    "features": {
        "table": "tiny_features",
        "entity": "entity_id",
        "numeric": ["signal", "noise"],
        "categorical": ["colour", "shape"],
        "sensitive": ["region"],
    },
    "task": {
        "type": "binary_classification",
        "calibration_bins": 5,
        "costs": {"false_positive": 1, "false_negative": 3},
    },
    "label": {"table": "tiny_labels", "column": "is_late"},
    "window": {"cadence": "daily", "timezone": "UTC", "start": "2013-02-10"},
    "training": {
        "history": {"split": {"validation_days": 8, "test_days": 8}},
        "candidates": [
            {
                "name": "linear",
                "preprocessing": [
                    {
                        "columns": "numeric",
                        "steps": [
                            {
                                "type": "sklearn.impute.SimpleImputer",
                                "params": {"strategy": "median", "add_indicator": True},
                            },
                            {"type": "sklearn.preprocessing.StandardScaler"},
                        ],
                    },
                    {
                        "columns": "categorical",
                        "steps": [
                            {
                                "type": "sklearn.preprocessing.OneHotEncoder",
                                "params": {
                                    "handle_unknown": "infrequent_if_exist",
                                    "min_frequency": 5,
                                },
                            }
                        ],
                    },
                ],
                "estimator": {
                    "type": "sklearn.linear_model.LogisticRegression",
                    "search": {"C": {"low": 0.001, "high": 10, "log": True}},
                },
            },
            {
                "name": "boosting",
                "preprocessing": [
                    {
                        "columns": "categorical",
                        "steps": [
                            {
                                "type": "sklearn.preprocessing.OrdinalEncoder",
                                "params": {
                                    "handle_unknown": "use_encoded_value",
                                    "unknown_value": -1,
                                    "encoded_missing_value": -1,
                                    "max_categories": 200,
                                },
                            }
                        ],
                    },
                    {"columns": "numeric"},
                ],
                "estimator": {
                    "type": "sklearn.ensemble.HistGradientBoostingClassifier",
                    "params": {"categorical_features": [0, 1], "max_iter": 15},
                    "search": {
                        "max_leaf_nodes": {"low": 3, "high": 15, "integer": True},
                        "max_features": [0.5, 1.0],
                    },
                },
            },
        ],
        "tuning": {"trials": 5, "folds": 3, "seed": 3},
    },
    "evaluation": {
        "subgroups": ["colour", "region"],
        "min_subgroup_rows": 30,
        "permutation_rows": 300,
    },
    "card": {"intended_use": "Tests.", "out_of_scope": "Everything else."},
}

BETTER = Comparison(
    metric="loss",
    rows=300,
    days=8,
    confidence=0.8,
    champion_loss=0.9,
    candidate_loss=0.7,
    mean_improvement=0.2,
    lower_bound=0.1,
    probability_of_improvement=0.99,
)
"""A candidate that surely has the lower loss."""


@pytest.fixture(scope="session")
def declare() -> Callable[..., ModelSpec]:
    """Build the spec after a function has edited its plain form."""

    def build(edit: Callable[[dict[str, Any]], object] = lambda plain: None) -> ModelSpec:
        plain = deepcopy(DECLARED)
        edit(plain)
        return ModelSpec.model_validate(plain)

    return build


@pytest.fixture(scope="session")
def spec(declare: Callable[..., ModelSpec]) -> ModelSpec:
    return declare()


def synthetic_rows(days: int = 48, rows_per_day: int = 40, seed: int = 0) -> pd.DataFrame:
    """Rows whose label depends on `signal` and `colour` only; a tenth of the values is missing."""
    random = np.random.default_rng(seed)
    count = days * rows_per_day
    day = np.repeat(np.arange(days), rows_per_day)
    start = pd.Timestamp("2013-01-01", tz="UTC")
    moments = start + pd.to_timedelta(day * 24 * 60 + random.integers(0, 1440, count), unit="min")
    colour = random.choice(np.array(["red", "green", "blue"], dtype=object), count)
    signal = random.normal(size=count)
    chance = 1 / (1 + np.exp(-(1.5 * signal + (colour == "red") - 1)))
    rows = pd.DataFrame(
        {
            "entity_id": [f"e{at:05d}" for at in range(count)],
            "event_time": moments.astype("datetime64[us, UTC]"),
            "local_date": moments.date,
            "signal": signal,
            "noise": random.normal(size=count),
            "colour": colour,
            "shape": random.choice(np.array(["round", "square"], dtype=object), count),
            "region": random.choice(np.array(["north", "south"], dtype=object), count),
            "is_late": random.random(count) < chance,
            "known_at": (moments + pd.Timedelta(hours=6)).astype("datetime64[us, UTC]"),
        }
    )
    rows.loc[random.random(count) < 0.1, "signal"] = np.nan
    rows.loc[random.random(count) < 0.1, "colour"] = None
    return rows


@pytest.fixture(scope="session")
def rows() -> pd.DataFrame:
    return synthetic_rows()


@pytest.fixture(scope="session")
def split(rows: pd.DataFrame, spec: ModelSpec) -> Split:
    return split_by_time(rows, spec)


@pytest.fixture(scope="session")
def recipe(spec: ModelSpec, split: Split) -> Recipe:
    return search(spec, split.train)


@pytest.fixture(scope="session")
def candidate(spec: ModelSpec, recipe: Recipe, split: Split) -> Finished:
    return fit_candidate(spec, recipe, split)


@pytest.fixture(scope="session")
def evaluation(spec: ModelSpec, candidate: Finished, split: Split) -> Evaluation:
    return evaluate(spec, candidate, split, artifact_bytes=120_000)


@pytest.fixture(scope="session")
def figures(spec: ModelSpec, evaluation: Evaluation) -> dict[str, bytes]:
    return figures_of(spec.task, evaluation)


@pytest.fixture(scope="session")
def make_rows() -> Callable[..., pd.DataFrame]:
    return synthetic_rows


@pytest.fixture(scope="session")
def recipe_for() -> Callable[[str], Recipe]:
    """A recipe as a search would hand it on, without searching."""
    return lambda candidate: Recipe(
        candidate=candidate,
        params={},
        metric="log_loss",
        greater_is_better=False,
        score=0.5,
        trials=(),
    )
