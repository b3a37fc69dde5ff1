"""What a detector starts with, where a person has declared one."""

from collections.abc import Mapping
from typing import Any

from mlops_platform.tasks.proposals.candidates import (
    CANDIDATES,
    LOSS_INCREASE,
    linear_preprocessing,
    loss_levels,
)
from mlops_platform.tasks.proposals.proposal import Inputs, LabelFacts, Proposal, Start, Starter

WARN, ERROR, ROLL_BACK = 0.1, 0.2, 0.3
"""Increases of the loss: of the cost of a row, and of the contrast."""
FOREST, PROJECTION = 0, 1
"""Their positions."""


class AnomalyDetectionStarter(Starter):
    """Never proposed: of a label that is there from the start a classifier learns more."""

    def propose(self, label: LabelFacts) -> Proposal | None:
        """None: no label shows that it is rare because nobody has looked, or that it comes late."""
        return None

    def start(self, task: Mapping[str, Any], label: LabelFacts, inputs: Inputs) -> Start:
        """An isolation forest, and the distance from the main axes of the columns."""
        columns = linear_preprocessing(inputs, dense=True)
        candidates = [
            {
                "name": "forest",
                "preprocessing": columns,
                "estimator": {
                    "type": "sklearn.ensemble.IsolationForest",
                    "params": {"n_estimators": 200},
                },
            },
            {
                "name": "projection",
                "preprocessing": columns,
                # A share of the variance, so that it fits however many columns there are.
                "estimator": {"type": "sklearn.decomposition.PCA", "params": {"n_components": 0.8}},
            },
        ]
        return Start(
            sections={CANDIDATES: candidates, **loss_levels(WARN, ERROR, ROLL_BACK)},
            reasons={
                f"{CANDIDATES}.{FOREST}": (
                    "Random trees, which need no scale, and few rows to tell what is unusual."
                ),
                f"{CANDIDATES}.{PROJECTION}": (
                    "A normal distribution around the main axes, which sees columns that do not "
                    "belong together."
                ),
                LOSS_INCREASE: "In the unit of the declared costs: say what is too much.",
                "gate.better_than_baseline": (
                    "The baseline raises as many alerts at random; a model that is not surely "
                    "better is not released."
                ),
            },
        )
