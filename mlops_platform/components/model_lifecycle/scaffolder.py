"""What `dg scaffold defs` writes for a new model: the smallest YAML that says everything needed."""

from typing import Any

import dagster as dg

ONE_HOT = {
    "type": "sklearn.preprocessing.OneHotEncoder",
    "params": {"handle_unknown": "infrequent_if_exist", "min_frequency": 50},
}


class ModelLifecycleScaffolder(dg.Scaffolder[Any]):
    """Names the model after its folder; tables and columns are to be replaced."""

    def scaffold(self, request: dg.ScaffoldRequest[Any]) -> None:
        """Write `defs.yaml`."""
        dg.scaffold_component(
            request=request, yaml_attributes=starting_point(request.target_path.name)
        )


def starting_point(name: str) -> dict[str, Any]:
    """Attributes of a model with one linear candidate."""
    numeric = [
        {
            "type": "sklearn.impute.SimpleImputer",
            "params": {"strategy": "median", "add_indicator": True},
        },
        {"type": "sklearn.preprocessing.StandardScaler"},
    ]
    return {
        "name": name,
        "description": "What is predicted, for whom, and when.",
        "owners": ["team:your-team"],
        "features": {
            "table": "your_features",
            "entity": "your_entity_id",
            "numeric": ["a_number"],
            "categorical": ["a_category"],
        },
        "label": {"table": "your_labels", "column": "your_label"},
        "window": {"cadence": "weekly", "start": "2024-01-01", "timezone": "UTC"},
        "training": {
            "candidates": [
                {
                    "name": "logistic_regression",
                    "preprocessing": [
                        {"columns": "numeric", "steps": numeric},
                        {"columns": "categorical", "steps": [ONE_HOT]},
                    ],
                    "estimator": {
                        "type": "sklearn.linear_model.LogisticRegression",
                        "params": {"max_iter": 300},
                        "search": {"C": {"low": 0.001, "high": 1.0, "log": True}},
                    },
                }
            ]
        },
        "card": {
            "intended_use": "What the model is for, and for whom.",
            "out_of_scope": "What it must not be used for.",
        },
    }
