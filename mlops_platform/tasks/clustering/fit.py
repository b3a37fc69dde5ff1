"""Fitting a clusterer, such that the same rows give the same clusters on every machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_platform.tasks.weights import fitted

if TYPE_CHECKING:
    from mlops_platform.tasks.finished import Rows


def fit_clusters(pipeline: Any, rows: Rows) -> Any:
    """Fit a pipeline, or a bare estimator, on features alone.

    By one thread: several add up centres in an order of their own, and on a machine that has other
    work to do they wait for each other (fifteen times as long, on two busy cores).
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        return fitted(pipeline, rows.features, None, rows.weights)
