"""Fitting a clusterer, such that the same rows give the same clusters on every machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mlops_platform.tasks.clustering.centres import (
    centres_of,
    codes_in,
    last_step,
    numbers_of,
)
from mlops_platform.tasks.weights import fitted

if TYPE_CHECKING:
    from mlops_platform.tasks.finished import Rows
    from mlops_platform.tasks.predictions import Numbers

FIRST_CENTRES: Final = {
    "KMeans": "init",
    "MiniBatchKMeans": "init",
    "GaussianMixture": "means_init",
}
"""Estimators that can be told where to begin, and the parameter that does."""
BEGINNINGS: Final = "n_init"


def fit_clusters(pipeline: Any, rows: Rows) -> Any:
    """Fit a pipeline, or a bare estimator, on features alone.

    By one thread: several add up centres in an order of their own, and on a machine that has other
    work to do they wait for each other (fifteen times as long, on two busy cores).
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        return fitted(pipeline, rows.features, None, rows.weights)


def fit_on_from(model: Any, pipeline: Any, rows: Rows) -> Any:
    """The same, begun at the clusters of another model, where the estimator can be told to.

    There are many ways to cut rows into clusters that are as good as each other, and where a fit
    begins says which of them it ends in.

    Args:
        model: fitted, of the same recipe.
        pipeline: not fitted yet.
    """
    from sklearn.base import clone

    estimator = last_step(pipeline)
    parameter = FIRST_CENTRES.get(type(estimator).__name__)
    if parameter is None or not hasattr(pipeline, "steps"):
        return fit_clusters(pipeline, rows)
    before = clone(pipeline[:-1]).fit(rows.features) if len(pipeline.steps) > 1 else None
    columns = rows.features if before is None else before.transform(rows.features)
    first = _means_by_cluster(model, rows, columns)
    if first is None:
        return fit_clusters(pipeline, rows)
    declared = {name: getattr(estimator, name) for name in (parameter, BEGINNINGS)}
    estimator.set_params(**{parameter: first, BEGINNINGS: 1})
    fit_clusters(pipeline, rows)
    estimator.set_params(**declared)
    return pipeline


def _means_by_cluster(model: Any, rows: Rows, columns: Any) -> Numbers | None:
    """Where the clusters of a model lie in other columns; None where one of them has no row.

    Args:
        columns: of the rows, shape (rows, columns).
    """
    import numpy as np

    codes = codes_in(numbers_of(model, rows.features))
    values = columns.toarray() if hasattr(columns, "toarray") else np.asarray(columns)
    masks = [codes == code for code in range(len(centres_of(last_step(model))))]
    if not all(mask.any() for mask in masks):
        return None
    weights = rows.weights
    means: Numbers = np.stack(
        [
            np.average(values[mask], axis=0, weights=None if weights is None else weights[mask])
            for mask in masks
        ]
    )
    return means
