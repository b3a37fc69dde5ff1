"""A small classifier whose decisions differ between groups as a test says."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlops_platform.fairness.groups import groups_of
from mlops_platform.fairness.measure import MeasuredRows
from mlops_platform.spec import ModelSpec
from mlops_platform.tasks import Predictions

LOANS: dict[str, Any] = {
    "name": "loans",
    "description": "Will it be paid back?",
    "owners": ["team:credit"],
    "features": {
        "table": "loans",
        "entity": "loan_id",
        "numeric": ["income"],
        "boolean": ["is_new"],
        "sensitive": ["sex", "origin"],
    },
    "label": {"table": "repaid", "column": "is_repaid"},
    "window": {"cadence": "daily", "start": "2024-01-01"},
    "training": {
        "candidates": [
            {
                "name": "linear",
                "preprocessing": [{"columns": ["income", "is_new"]}],
                "estimator": {"type": "sklearn.linear_model.LogisticRegression"},
            }
        ]
    },
    "evaluation": {"fairness": {"columns": ["sex"]}},
    "card": {"intended_use": "Loans.", "out_of_scope": "Prices."},
}

Declare = Callable[..., ModelSpec]


@pytest.fixture
def declare() -> Declare:
    """The spec with other sections."""

    def declared(
        fairness: dict[str, Any] | None = None, gate: dict[str, Any] | None = None, **other: Any
    ) -> ModelSpec:
        plain = {**deepcopy(LOANS), **other}
        plain["evaluation"] = {"fairness": {"columns": ["sex"], **(fairness or {})}}
        return ModelSpec.model_validate({**plain, "gate": {"fairness": gate or {}}})

    return declared


def decided(spec: ModelSpec, shares: dict[str | None, float], rows: int = 400) -> MeasuredRows:
    """So many independent rows of each sex, of which exactly these shares are decided positive.

    Every second row of each has a positive outcome.
    """
    sexes = np.repeat(np.array(list(shares), dtype=object), rows)
    decisions = np.concatenate([np.arange(rows) % 100 < 100 * share for share in shares.values()])
    columns = {"sex": pd.Series(sexes), "origin": pd.Series(np.arange(len(sexes)) % 3)}
    return MeasuredRows(
        groups={name: groups_of(spec.features, name, of) for name, of in columns.items()},
        targets=np.arange(len(sexes)) % 2,
        predictions=Predictions({"score": 0.2 + 0.6 * decisions, "decision": decisions}),
        units=np.arange(len(sexes)),
    )
