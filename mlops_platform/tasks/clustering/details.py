"""What an evaluation tells of clusters alone: how many rows, how apart, and what they are like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from pydantic import Field

from mlops_platform.record import Record
from mlops_platform.tasks.clustering.centres import columns_before
from mlops_platform.tasks.clustering.columns import CLUSTER, DISTANCE, MARGIN, STABILITY
from mlops_platform.tasks.clustering.metrics import cluster_shares
from mlops_platform.tasks.clustering.profile import Trait, in_words, traits_of
from mlops_platform.tasks.detail_table import DetailTable
from mlops_platform.tasks.fitting.row_samples import spread
from mlops_platform.tasks.weights import mean_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlops_platform.tasks.finished import Rows
    from mlops_platform.tasks.predictions import Predictions, Targets

MOST_COMPARED: Final = 2000
"""Rows of which silhouettes are taken, whose cost grows with their square."""


class Cluster(Record):
    """One with a row among those that judge.

    Args:
        share: of the rows, by their weight.
        distance, margin: means of its rows, whatever their weights.
        outcomes: rows of it whose label is known, and `outcome` their mean.
    """

    name: str
    rows: int
    share: float
    distance: float
    margin: float
    stability: float
    outcomes: int
    outcome: float | None


class Details(Record):
    """Of the rows that judge.

    Args:
        silhouette, davies_bouldin: of at most 2,000 of them, None where all lie in one cluster.
        silhouettes: the same of each cluster by its name.
        traits: features by cluster, these in the same order.
    """

    clusters: tuple[Cluster, ...]
    silhouette: float | None = None
    davies_bouldin: float | None = None
    silhouettes: dict[str, float] = Field(default_factory=dict)
    traits: tuple[Trait, ...] = ()


def details_of(targets: Targets, predictions: Predictions) -> Details:
    """What predictions and outcomes tell."""
    import numpy as np

    shares = cluster_shares(predictions)
    names = sorted(shares, key=lambda name: (len(name), name))
    known = ~np.isnan(targets)

    def cluster(name: str) -> Cluster:
        mask = predictions[CLUSTER] == name
        own, labelled = predictions.rows(mask), predictions.rows(mask & known)
        counts = labelled.weights
        has_outcome = len(labelled) > 0 and (counts is None or counts.sum() > 0)
        return Cluster(
            name=name,
            rows=len(own),
            share=shares[name],
            distance=float(np.mean(own[DISTANCE])),
            margin=float(np.mean(own[MARGIN])),
            stability=float(own[STABILITY][0]),
            outcomes=len(labelled),
            outcome=mean_of(targets[mask & known], counts) if has_outcome else None,
        )

    return Details(clusters=tuple(map(cluster, names)))


def feature_details_of(model: Any, rows: Rows, predictions: Predictions) -> dict[str, Any]:
    """What their features tell: silhouettes in the columns of the estimator, and a profile."""
    names = sorted(cluster_shares(predictions), key=lambda name: (len(name), name))
    clusters = predictions[CLUSTER]
    traits = traits_of(rows.features, clusters, names, predictions.weights)
    some = spread(len(clusters), MOST_COMPARED)
    columns = columns_before(model, rows.features.iloc[some])
    told = Details(clusters=(), traits=traits, **separation_of(columns, clusters[some]))
    return told.model_dump(mode="json", exclude={"clusters"})


def separation_of(columns: Any, clusters: NDArray[Any]) -> dict[str, Any]:
    """Silhouette (Rousseeuw 1987) and Davies-Bouldin index (1979); nothing where all are together.

    Args:
        columns: shape (rows, columns).
        clusters: the name of each row's, shape (rows,).
    """
    import numpy as np
    from sklearn.metrics import davies_bouldin_score, silhouette_samples

    names, codes = np.unique(clusters.astype(str), return_inverse=True)
    if not 2 <= len(names) < len(codes):
        return {}
    silhouettes = silhouette_samples(columns, codes)
    means = np.bincount(codes, silhouettes) / np.bincount(codes)
    return {
        "silhouette": float(silhouettes.mean()),
        "davies_bouldin": float(davies_bouldin_score(columns, codes)),
        "silhouettes": {str(name): float(mean) for name, mean in zip(names, means, strict=True)},
    }


def tables_of(details: Mapping[str, Any]) -> tuple[DetailTable, ...]:
    """Clusters in words, how apart they are, and the profile by feature."""
    read = Details.model_validate(details)
    words = DetailTable(
        title="Clusters in words",
        columns=("cluster", "share", "what sets it apart"),
        rows=tuple(
            (each.name, each.share, in_words(read.traits, position))
            for position, each in enumerate(read.clusters)
        ),
    )
    return (words, _figures(read), *_profile(read.traits, [each.name for each in read.clusters]))


def _figures(details: Details) -> DetailTable:
    rows = [
        (
            each.name,
            each.rows,
            each.distance,
            each.margin,
            details.silhouettes.get(each.name, "unknown"),
            each.stability,
            "unknown" if each.outcome is None else each.outcome,
        )
        for each in details.clusters
    ]
    columns = ("rows", "distance", "margin", "silhouette", "stability", "mean outcome")
    of_all = (
        f"; silhouette {details.silhouette:.3f}, Davies-Bouldin index {details.davies_bouldin:.3f}"
        if details.silhouette is not None and details.davies_bouldin is not None
        else ""
    )
    return DetailTable(
        title=f"How far apart clusters are{of_all}", columns=("cluster", *columns), rows=tuple(rows)
    )


def _profile(traits: Sequence[Trait], names: Sequence[str]) -> tuple[DetailTable, ...]:
    if not traits:
        return ()

    def cell(value: float | None) -> float | str:
        return "unknown" if value is None else value

    table = DetailTable(
        title="Features by cluster: means, and shares of values",
        columns=("feature", "all rows", *(f"cluster {name}" for name in names)),
        rows=tuple(
            (each.feature, cell(each.of_all), *map(cell, each.of_clusters)) for each in traits
        ),
    )
    return (table,)
