"""What a clustering starts with, where a person has declared one."""

from collections.abc import Mapping
from typing import Any, Final

from mlops_platform.tasks.proposals.candidates import (
    CANDIDATES,
    LOSS_INCREASE,
    linear_preprocessing,
    loss_levels,
)
from mlops_platform.tasks.proposals.proposal import Inputs, LabelFacts, Proposal, Start, Starter

WARN, ERROR, ROLL_BACK = 0.1, 0.25, 0.5
"""Increases of the mean distance, in that of clusters of shuffled columns."""
CENTRES, MIXTURE = 0, 1
"""Their positions."""
CLUSTERS: Final = {"low": 3, "high": 8, "integer": True}
STARTS: Final = 5
"""Beginnings of a fit, of which the best is taken: one alone ends where it happens to."""


class ClusteringStarter(Starter):
    """Never proposed: whoever has a label wants to have it predicted."""

    def propose(self, label: LabelFacts) -> Proposal | None:
        """None."""
        return None

    def start(self, task: Mapping[str, Any], label: LabelFacts, inputs: Inputs) -> Start:
        """K-means, and a mixture of normal distributions."""
        columns = linear_preprocessing(inputs, dense=True)
        candidates = [
            {
                "name": "centres",
                "preprocessing": columns,
                "estimator": {
                    "type": "sklearn.cluster.KMeans",
                    "params": {"n_init": STARTS},
                    "search": {"n_clusters": CLUSTERS},
                },
            },
            {
                "name": "mixture",
                "preprocessing": columns,
                "estimator": {
                    "type": "sklearn.mixture.GaussianMixture",
                    "params": {"n_init": STARTS, "covariance_type": "diag"},
                    "search": {"n_components": CLUSTERS},
                },
            },
        ]
        return Start(
            sections={CANDIDATES: candidates, **loss_levels(WARN, ERROR, ROLL_BACK)},
            reasons={
                f"{CANDIDATES}.{CENTRES}": "Each row belongs to the nearest of a few centres.",
                f"{CANDIDATES}.{MIXTURE}": "The same with clusters that are wide and narrow.",
                LOSS_INCREASE: "Of as many clusters of shuffled columns the loss is 1.",
                "gate.better_than_baseline": (
                    "The baseline are clusters of shuffled columns; where columns do not surely "
                    "belong together there is nothing to release."
                ),
            },
        )
