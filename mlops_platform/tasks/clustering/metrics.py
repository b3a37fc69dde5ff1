"""Metrics of clusters: how close their rows lie together, and how far apart they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from mlops_platform.tasks.clustering.columns import CLUSTER, DISTANCE, MARGIN, STABILITY
from mlops_platform.tasks.metric import Metric, mean_of

if TYPE_CHECKING:
    from mlops_platform.tasks.predictions import Numbers, Predictions, Targets

RELATIVE_DISTANCE, SIMPLIFIED_SILHOUETTE = "relative_distance", "simplified_silhouette"
LEAST_STABILITY, SMALLEST_CLUSTER = "least_stability", "smallest_cluster"


def cluster_shares(predictions: Predictions) -> dict[str, float]:
    """Share of rows of each cluster that has any, by its name and their weight."""
    import numpy as np

    names, codes = np.unique(predictions[CLUSTER].astype(str), return_inverse=True)
    sizes = np.bincount(codes, predictions.weights)
    return {str(name): float(share) for name, share in zip(names, sizes / sizes.sum(), strict=True)}


def _distances(_: Targets, predictions: Predictions) -> Numbers:
    return predictions[DISTANCE]


def _margins(_: Targets, predictions: Predictions) -> Numbers:
    return predictions[MARGIN]


def _least_stability(_: Targets, predictions: Predictions) -> float:
    return float(predictions[STABILITY].min())


def _smallest_cluster(_: Targets, predictions: Predictions) -> float:
    return min(cluster_shares(predictions).values())


METRICS: Final[Mapping[str, Metric]] = {
    RELATIVE_DISTANCE: Metric(
        "mean distance from the centre of the cluster, over that in as many clusters of shuffled "
        "columns; 1 is no better",
        greater_is_better=False,
        compute=mean_of(_distances),
        row_values=_distances,
        tunes=True,
        headline=True,
        by_subgroup=True,
        defined_for_any_targets=True,
    ),
    SIMPLIFIED_SILHOUETTE: Metric(
        "mean margin of a row between its centre and the next one; 1 is far apart, 0 no difference",
        greater_is_better=True,
        compute=mean_of(_margins),
        row_values=_margins,
        tunes=True,
        headline=True,
        by_subgroup=True,
        defined_for_any_targets=True,
    ),
    LEAST_STABILITY: Metric(
        "bootstrap Jaccard index of the least stable cluster with a row; below 0.5 it dissolves",
        greater_is_better=True,
        compute=_least_stability,
        headline=True,
        defined_for_any_targets=True,
    ),
    SMALLEST_CLUSTER: Metric(
        "share of rows in the smallest cluster that has any",
        greater_is_better=True,
        compute=_smallest_cluster,
        defined_for_any_targets=True,
    ),
}
"""By name; none needs a label."""
