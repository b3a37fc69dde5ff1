"""What a fitted clusterer says of rows: how much they belong to each cluster, and how far they are.

Distances are taken to the centres that the estimator itself knows, in the columns that its pipeline
makes of the features: that is the space that it was fitted in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mlops_platform.errors import TrainingError
from mlops_platform.tasks.clustering.columns import MOST_CLUSTERS
from mlops_platform.tasks.weights import mean_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mlops_platform.tasks.predictions import Numbers

CENTRES: Final = ("cluster_centers_", "means_")
SUBCLUSTERS, SUBCLUSTER_LABELS = "subcluster_centers_", "subcluster_labels_"
"""Of Birch, whose clusters are groups of subclusters."""


def centres_of(estimator: Any) -> Numbers:
    """Centres of a fitted estimator, shape (clusters, columns), in the order of what it predicts.

    Of clusters that are groups of subclusters they are the means of the subclusters' centres.

    Raises:
        TrainingError: it has none, or one alone, or too many.
    """
    import numpy as np

    name = type(estimator).__name__
    known = (getattr(estimator, attribute, None) for attribute in (*CENTRES, SUBCLUSTERS))
    centres = next((centres for centres in known if centres is not None), None)
    if centres is None:
        raise TrainingError(
            f"task: the fitted {name} has neither `{CENTRES[0]}` nor `{CENTRES[1]}`, from which "
            "distances are taken. Name an estimator that has, such as sklearn.cluster.KMeans."
        )
    found: Numbers = np.asarray(centres, dtype=np.float64)
    labels = getattr(estimator, SUBCLUSTER_LABELS, None)
    if labels is not None:
        codes = np.unique(labels)
        found = np.stack([found[labels == code].mean(axis=0) for code in codes])
    if len(found) < 2:
        raise TrainingError(
            f"task: {name} makes one cluster of all rows, which tells none from another. Ask for "
            "more clusters, or name features in which rows differ."
        )
    if len(found) > MOST_CLUSTERS:
        raise TrainingError(
            f"task: {name} makes {len(found):,} clusters, and nobody can tell more than "
            f"{MOST_CLUSTERS} apart. Ask for fewer."
        )
    return found


def last_step(model: Any) -> Any:
    """The estimator of a pipeline, or one that stands alone."""
    return model[-1] if hasattr(model, "steps") else model


def columns_before(model: Any, features: Any) -> Any:
    """Features as the estimator of a pipeline gets them, shape (rows, columns)."""
    has_others = hasattr(model, "steps") and len(model.steps) > 1
    columns = model[:-1].transform(features) if has_others else features
    return columns.toarray() if hasattr(columns, "toarray") else columns


def numbers_of(model: Any, features: Any) -> Numbers:
    """How much each row belongs to each cluster, then how far it is from each centre.

    Belonging is a probability of estimators that state one, else 1 of the cluster that they
    predict.

    Returns:
        shape (rows, 2 * clusters).
    """
    import numpy as np

    estimator, columns = last_step(model), columns_before(model, features)
    distances = distances_of(estimator, columns)
    if hasattr(estimator, "predict_proba"):
        belonging = np.asarray(estimator.predict_proba(columns), dtype=np.float64)
    else:
        belonging = np.eye(distances.shape[1])[estimator.predict(columns)]
    return np.hstack([belonging, distances])


def distances_of(estimator: Any, columns: Any) -> Numbers:
    """Euclidean distance of each row from each centre, shape (rows, clusters)."""
    import numpy as np
    from scipy.spatial.distance import cdist

    distances: Numbers = cdist(np.asarray(columns, dtype=np.float64), centres_of(estimator))
    return distances


def codes_in(numbers: Numbers) -> NDArray[np.intp]:
    """The cluster of each row, as the estimator counts them, shape (rows,)."""
    codes: NDArray[np.intp] = numbers[:, : numbers.shape[1] // 2].argmax(axis=1)
    return codes


def own_distances_in(numbers: Numbers) -> Numbers:
    """How far each row is from the centre of its cluster, shape (rows,)."""
    import numpy as np

    clusters = numbers.shape[1] // 2
    own: Numbers = numbers[np.arange(len(numbers)), clusters + codes_in(numbers)]
    return own


def margins_in(numbers: Numbers) -> Numbers:
    """The simplified silhouette of each row, shape (rows,): of distances from centres.

    (b - a) / max(a, b) of the distance from the own centre and from the nearest other one, 0 where
    both are 0 (Hruschka, de Castro and Campello 2004, "Evolutionary algorithms for clustering
    gene-expression data"); what a silhouette is where each cluster lies in one point.
    """
    import numpy as np

    clusters = numbers.shape[1] // 2
    own = own_distances_in(numbers)
    others = numbers[:, clusters:].copy()
    others[np.arange(len(numbers)), codes_in(numbers)] = np.inf
    nearest = others.min(axis=1)
    greater = np.maximum(own, nearest)
    margins: Numbers = np.zeros(len(numbers))
    np.divide(nearest - own, greater, out=margins, where=greater > 0)
    return margins


def remaining_share(model: Any, features: Any, weights: Numbers | None) -> float:
    """Mean distance of rows from the centre of their cluster over that from their common one.

    Raises:
        TrainingError: the pipeline makes the same of every row.
    """
    within = mean_of(own_distances_in(numbers_of(model, features)), weights)
    return within / width_of(model, features, weights)


def width_of(model: Any, features: Any, weights: Numbers | None) -> float:
    """Mean distance of rows from their common centre, in the columns of the estimator.

    Raises:
        TrainingError: the pipeline makes the same of every row.
    """
    import numpy as np

    columns = np.asarray(columns_before(model, features), dtype=np.float64)
    centre = np.average(columns, axis=0, weights=weights)
    width = mean_of(np.linalg.norm(columns - centre, axis=1), weights)
    if not width > 0:
        raise TrainingError(
            f"task: the pipeline makes the same of all {len(columns):,} rows that it was looked at "
            "by, so that there is nothing to tell apart. Name features that differ."
        )
    return width
