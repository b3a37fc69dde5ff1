"""Rows that no clusters can be found in, refused in words before it is tried."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mlops_platform.errors import TrainingError
from mlops_platform.tasks.clustering.centres import last_step
from mlops_platform.tasks.fitting.fittable import refuse_constant, refuse_infinite

if TYPE_CHECKING:
    from mlops_platform.tasks.finished import Rows

ASKED_FOR: Final = ("n_clusters", "n_components")
"""Parameters by which estimators are told how many clusters to make."""


def require_fittable(pipeline: Any, rows: Rows) -> None:
    """Refuse rows that are fewer than the clusters that are asked for, or all the same.

    Raises:
        TrainingError: they are, or a column is infinite somewhere.
    """
    count = len(rows.targets)
    params = last_step(pipeline).get_params(deep=False)
    for name in ASKED_FOR:
        asked = params.get(name)
        if isinstance(asked, int) and asked > count:
            raise TrainingError(
                f"task: `{name}: {asked}` asks for {asked} clusters of {count:,} rows. Ask for "
                "fewer, or read more history."
            )
    if count == 1:
        raise TrainingError(
            "task: there is one row to be fitted on, and a cluster tells rows apart. Read more "
            "history."
        )
    if hasattr(rows.features, "columns"):
        refuse_infinite(rows.features)
        refuse_constant(rows.features, "there is nothing to tell apart")


def clusterer_fault(estimator: Any, predict_method: str) -> str | None:
    """Why an unfitted estimator makes no clusters of new rows; None where it does."""
    from sklearn.utils import get_tags

    name = type(estimator).__name__
    examples = (
        "sklearn.cluster.KMeans, MiniBatchKMeans, BisectingKMeans or Birch, or "
        "sklearn.mixture.GaussianMixture"
    )
    kind = get_tags(estimator).estimator_type if hasattr(estimator, "get_params") else None
    has_predict = hasattr(estimator, predict_method)
    if kind == "clusterer" and not has_predict:
        return (
            f"{name} says clusters of the rows that it was fitted on, and of no new row: it has no "
            f"`{predict_method}`. Name one that has, such as {examples}."
        )
    if kind in ("clusterer", "density_estimator") and has_predict:
        return None
    return f"Name a clusterer with `{predict_method}` here, such as {examples}."
