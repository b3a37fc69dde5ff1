"""The two candidates that every new model starts with, and its levels, as its YAML has them."""

from collections.abc import Mapping
from typing import Any, Final

from mlops_platform.tasks.proposals.proposal import Inputs, Start

CANDIDATES: Final = "training.candidates"
LOSS_INCREASE: Final = "monitoring.performance.loss_increase"
WARN, ERROR, ROLL_BACK = 0.04, 0.1, 0.2
"""Shares of a classifier's baseline loss by which a window may be worse than the test promised."""
LINEAR, TREES = 0, 1
"""Their positions."""
MOST_CATEGORIES: Final = 200
"""Of a column that trees take as categories; scikit-learn's limit is 255."""
RAREST_CATEGORY: Final = 500
"""A category with fewer than one in so many rows is not encoded apart."""
REASONS: Final[Mapping[str, str]] = {
    f"{CANDIDATES}.{LINEAR}": (
        "A linear model, which is hard to beat where there are few rows, and easy to explain."
    ),
    f"{CANDIDATES}.{TREES}": (
        "Boosted trees, which find steps and interactions, and take missing values as they are."
    ),
}
_HASHED_WORDS: Final = 4096
# Hashed, there is no vocabulary that a small or odd text could leave empty.
_WORDS: Final = (
    {
        "type": "sklearn.feature_extraction.text.HashingVectorizer",
        "params": {"n_features": _HASHED_WORDS, "alternate_sign": False},
    },
    {"type": "sklearn.feature_extraction.text.TfidfTransformer"},
)
_TOPICS: Final = (
    *_WORDS,
    {"type": "sklearn.decomposition.TruncatedSVD", "params": {"n_components": 20}},
)


def classifier_start(inputs: Inputs, entropy: float, stated: str, iterations: int) -> Start:
    """A logistic regression and trees; levels follow from how uncertain the outcome is.

    Args:
        entropy: log loss of the baseline.
        stated: what the baseline always says, in words.
        iterations: of the regression, at most.
    """
    candidates = [
        {
            "name": "linear",
            "preprocessing": linear_preprocessing(inputs, dense=False),
            "estimator": {
                "type": "sklearn.linear_model.LogisticRegression",
                "params": {"max_iter": iterations},
                "search": {"C": {"low": 0.001, "high": 10.0, "log": True}},
            },
        },
        {
            "name": "trees",
            "preprocessing": tree_preprocessing(inputs),
            "estimator": {
                "type": "sklearn.ensemble.HistGradientBoostingClassifier",
                "params": tree_params(inputs),
                "search": tree_search(inputs),
            },
        },
    ]
    return Start(
        sections={
            CANDIDATES: candidates,
            **loss_levels(WARN * entropy, ERROR * entropy, ROLL_BACK * entropy),
        },
        reasons={
            **REASONS,
            LOSS_INCREASE: (
                f"Always saying {stated} has a log loss of about {rounded(entropy):g}: {WARN:.0%} "
                f"and {ERROR:.0%} of it."
            ),
            "gate.better_than_baseline": (
                f"The baseline always says {stated}; a model that is not surely better is not "
                "released."
            ),
        },
    )


def linear_preprocessing(inputs: Inputs, *, dense: bool) -> list[dict[str, Any]]:
    """Entries that make every kind of column a scaled number, or an indicator.

    Args:
        dense: whether the model takes no sparse columns.
    """
    numbers: list[dict[str, Any]] = [
        {
            "type": "sklearn.impute.SimpleImputer",
            "params": {"strategy": "median", "add_indicator": True},
        },
        {"type": "sklearn.preprocessing.StandardScaler"},
    ]
    rarest = max(2, min(100, inputs.rows // RAREST_CATEGORY))
    encoder = {
        "type": "sklearn.preprocessing.OneHotEncoder",
        "params": {
            "handle_unknown": "infrequent_if_exist",
            "min_frequency": rarest,
            **({"sparse_output": False} if dense and inputs.text else {}),
        },
    }
    steps: dict[str, list[dict[str, Any]]] = {
        "numeric": numbers,
        "boolean": numbers,
        "categorical": [encoder],
        "text": list(_TOPICS if dense else _WORDS),
    }
    return _of_kinds_that_are_there(inputs, steps)


def tree_preprocessing(inputs: Inputs) -> list[dict[str, Any]]:
    """Entries that pass numbers through; categories come first, so that their positions stay."""
    ordinal = {
        "type": "sklearn.preprocessing.OrdinalEncoder",
        "params": {
            "handle_unknown": "use_encoded_value",
            "unknown_value": -1,
            "encoded_missing_value": -1,
            "max_categories": MOST_CATEGORIES,
        },
    }
    steps: dict[str, list[dict[str, Any]]] = {
        "categorical": [ordinal],
        "numeric": [],
        "boolean": [],
        "text": list(_TOPICS),
    }
    return _of_kinds_that_are_there(inputs, steps)


def tree_params(inputs: Inputs, **params: Any) -> dict[str, Any]:
    """Constructor arguments of a HistGradientBoosting on these columns."""
    positions = list(range(len(inputs.categorical)))
    categories = {"categorical_features": positions} if positions else {}
    return {**params, **categories, "max_iter": 100, "early_stopping": False}


def tree_search(inputs: Inputs) -> dict[str, Any]:
    """Ranges of its search; leaves are as large as the rows allow."""
    smallest = max(5, min(50, inputs.rows // 200))
    return {
        "learning_rate": {"low": 0.03, "high": 0.3, "log": True},
        "max_leaf_nodes": {"low": 7, "high": 63, "log": True, "integer": True},
        "min_samples_leaf": {
            "low": smallest,
            "high": 10 * smallest,
            "log": True,
            "integer": True,
        },
    }


def loss_levels(warn: float, error: float, roll_back: float) -> dict[str, Any]:
    """Sections that say from which loss above its promise a window is too bad.

    Args:
        warn, error, roll_back: in the unit of the loss.
    """
    return {
        LOSS_INCREASE: {"warn": rounded(warn), "error": rounded(error)},
        "retraining.policy": {
            "rule": "performance",
            "loss_increase": rounded(warn),
            "worse_than_baseline": True,
        },
        "release.probation.loss_increase": rounded(roll_back),
    }


def rounded(value: float) -> float:
    """A value as a person would write it: with two digits that count."""
    return float(f"{value:.2g}")


def _of_kinds_that_are_there(
    inputs: Inputs, steps: Mapping[str, list[dict[str, Any]]]
) -> list[dict[str, Any]]:
    return [
        {"columns": kind, **({"steps": of_kind} if of_kind else {})}
        for kind, of_kind in steps.items()
        if getattr(inputs, kind)
    ]
