"""What a ranking starts with, where a person has declared one."""

from collections.abc import Mapping
from typing import Any

from mlops_platform.tasks.proposals.candidates import (
    CANDIDATES,
    LOSS_INCREASE,
    REASONS,
    linear_preprocessing,
    loss_levels,
    tree_params,
    tree_preprocessing,
    tree_search,
)
from mlops_platform.tasks.proposals.proposal import Inputs, LabelFacts, Proposal, Start, Starter

WARN, ERROR, ROLL_BACK = 0.02, 0.05, 0.1
"""Losses of NDCG by which a window may be worse than the test promised."""


class RankingStarter(Starter):
    """Never proposed: no label shows in which groups somebody looks at the first rows."""

    def propose(self, label: LabelFacts) -> Proposal | None:
        """None: the group is a column of a table made for it."""
        return None

    def start(self, task: Mapping[str, Any], label: LabelFacts, inputs: Inputs) -> Start:
        """A linear model and trees, both of the relevance of single rows."""
        candidates = [
            {
                "name": "linear",
                "preprocessing": linear_preprocessing(inputs, dense=True),
                "estimator": {
                    "type": "sklearn.linear_model.Ridge",
                    "search": {"alpha": {"low": 0.01, "high": 100.0, "log": True}},
                },
            },
            {
                "name": "trees",
                "preprocessing": tree_preprocessing(inputs),
                "estimator": {
                    "type": "sklearn.ensemble.HistGradientBoostingRegressor",
                    "params": tree_params(inputs, loss="squared_error"),
                    "search": tree_search(inputs),
                },
            },
        ]
        return Start(
            sections={CANDIDATES: candidates, **loss_levels(WARN, ERROR, ROLL_BACK)},
            reasons={
                **REASONS,
                LOSS_INCREASE: "Of the NDCG, which is between 0 and 1.",
                "gate.better_than_baseline": (
                    "The baseline orders by the declared rule; a model that is not surely better "
                    "is not released."
                ),
            },
        )
