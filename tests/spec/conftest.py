"""The smallest model that means something."""

from copy import deepcopy
from typing import Any

import pytest

MODEL: dict[str, Any] = {
    "name": "churn",
    "description": "Will this customer leave?",
    "owners": ["team:growth"],
    "features": {
        "table": "customers",
        "entity": "customer_id",
        "numeric": ["age", "visits"],
        "categorical": ["country"],
        "sensitive": ["gender"],
    },
    "label": {"table": "departures", "column": "left"},
    "window": {"cadence": "weekly", "start": "2024-01-01"},
    "training": {
        "candidates": [
            {
                "name": "linear",
                "preprocessing": [{"columns": "numeric"}, {"columns": ["country"]}],
                "estimator": {"type": "sklearn.linear_model.LogisticRegression"},
            }
        ]
    },
    "card": {"intended_use": "Letters.", "out_of_scope": "Prices."},
}


@pytest.fixture
def attributes() -> dict[str, Any]:
    """Attributes of a valid model, free to be broken."""
    return deepcopy(MODEL)
