"""One model of several heads: the prediction, both quantiles, and what the losses come to.

All heads stand behind the candidate's own preprocessing, which so is computed once, and together
they are one scikit-learn pipeline that MLflow loads and a service compiles.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mlops_platform.errors import TrainingError
from mlops_platform.tasks.fitting.incremental import LearntParts
from mlops_platform.tasks.regression.expected_loss import fit_loss_model

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from mlops_platform.tasks.predictions import Numbers

_TREES: Final = {"max_iter": 60, "min_samples_leaf": 50, "early_stopping": False}
"""Of the quantiles where the candidate's own estimator predicts none."""


def dense(matrix: Any) -> Any:
    """What preprocessing gives, refused where the quantile models could not take it.

    Raises:
        TrainingError: it is sparse.
    """
    from scipy.sparse import issparse

    if issparse(matrix):
        raise TrainingError(
            "training.candidates.preprocessing: a sparse matrix is not usable. The interval of a "
            "prediction takes models that need dense columns: set `sparse_output: false` for the "
            "encoder, or reduce the columns by `sklearn.decomposition.TruncatedSVD`."
        )
    return matrix


def quantile_estimator(estimator: Any, quantile: float) -> Any:
    """An unfitted estimator of a quantile: the candidate's own, where it can be one."""
    from sklearn.base import clone
    from sklearn.ensemble import HistGradientBoostingRegressor

    parameters = estimator.get_params(deep=False)
    if {"loss", "quantile"} <= parameters.keys():
        return clone(estimator).set_params(loss="quantile", quantile=quantile)
    if {"loss", "alpha", "n_estimators"} <= parameters.keys():
        return clone(estimator).set_params(loss="quantile", alpha=quantile)
    seed = parameters.get("random_state") or 0
    return HistGradientBoostingRegressor(
        loss="quantile", quantile=quantile, random_state=seed, **_TREES
    )


def loss_estimator(
    estimator: Any, matrix: Any, losses: Numbers, weights: Numbers | None = None
) -> Any:
    """A model of losses, fitted on rows that the model had not seen, by their weights."""
    import numpy as np

    parameters = estimator.get_params(deep=False)
    categorical = parameters.get("categorical_features")
    positions = categorical if isinstance(categorical, list | tuple) else ()
    # Its deviance is not defined where nothing was ever lost.
    positive = np.maximum(losses, np.finfo(np.float64).tiny ** 0.5)
    seed = parameters.get("random_state") or 0
    return fit_loss_model(matrix, positive, positions, seed, weights)


def joined_heads(pipeline: Pipeline, heads: list[Any]) -> Pipeline:
    """The fitted preprocessing of a pipeline with fitted estimators behind it, as one model."""
    from sklearn.multioutput import MultiOutputRegressor
    from sklearn.pipeline import Pipeline

    together = MultiOutputRegressor(heads[0])
    together.estimators_ = heads
    return Pipeline([*pipeline.steps[:-1], ("heads", together)])


def first_head(model: Pipeline) -> LearntParts:
    """The prediction of joined heads as a pipeline of its own, with the quantiles beside it."""
    from sklearn.pipeline import Pipeline

    prediction, lower, upper, *_ = model[-1].estimators_
    return LearntParts(Pipeline([*model.steps[:-1], ("estimator", prediction)]), (lower, upper))
