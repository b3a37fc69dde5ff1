"""Scores of detectors in one unit, of rows, decoys and resampled rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mlops_platform.errors import TrainingError
from mlops_platform.tasks.anomaly_detection.columns import CENTRE, SPREAD
from mlops_platform.tasks.anomaly_detection.version_metrics import rank_correlation
from mlops_platform.tasks.fitting.row_samples import SEED, resampled, taken, thinned
from mlops_platform.tasks.weights import fitted, quantiles_of

if TYPE_CHECKING:
    from mlops_platform.tasks.finished import Constants, Rows
    from mlops_platform.tasks.predictions import Numbers

MOST_ROWS: Final = 2000
"""Of which centre and spread, decoys and stability are taken."""
TAIL: Final = 0.05
RESAMPLED_FITS: Final = 3
LEAST: Final = -1e15
"""What stands for a density that is too small for a float: minus infinity cannot be stored."""


def raw_scores(model: Any, features: Any) -> Numbers:
    """What a fitted detector says of rows, greater is more usual, shape (rows,)."""
    import numpy as np

    said = np.asarray(model.score_samples(features), dtype=np.float64)
    return np.maximum(said, LEAST)


def unit_of(model: Any, rows: Rows) -> dict[str, float]:
    """Centre and spread of the rows that a model was fitted on.

    Estimators say densities, distances or path lengths, and that of a support vector machine grows
    with its rows: in this unit a threshold means the same of a model and of its refit.

    Raises:
        TrainingError: the model says the same of every row.
    """
    some = thinned(rows, MOST_ROWS)
    said = raw_scores(model, some.features)
    low, middle = quantiles_of(said, [TAIL, 0.5], some.weights).tolist()
    spread = middle - low or float(said.std())
    if not spread > 0:
        raise TrainingError(
            f"task: the model says the same of all {len(said):,} rows that it was looked at by, so "
            "that none is unusual. Are its columns constant? Name features that differ."
        )
    return {CENTRE: middle, SPREAD: spread}


def in_unit(raw: Any, constants: Constants) -> Any:
    """Scores, greater is more unusual, of what a detector says: of one row, or of many."""
    return (constants[CENTRE] - raw) / constants[SPREAD]


def fit_normal(pipeline: Any, rows: Rows) -> Any:
    """Fit a pipeline on rows of which nobody knows that they are anomalies."""
    normal = normal_rows(rows)
    return fitted(pipeline, normal.features, None, normal.weights)


def normal_rows(rows: Rows) -> Rows:
    """Those that are not known to be anomalies."""
    return taken(rows, rows.targets != 1)


def stability_of(pipeline: Any, train: Rows, unseen: Rows, scores: Numbers) -> float:
    """Mean rank correlation of scores with those of the same pipeline on resampled rows.

    Args:
        pipeline: fitted or not; it is left as it is.
        unseen: rows that are scored, shape (rows,).
        scores: what the model says of these, shape (rows,).
    """
    import numpy as np
    from sklearn.base import clone

    random, normal = np.random.default_rng(SEED), normal_rows(train)
    correlations = []
    for _ in range(RESAMPLED_FITS):
        model = fit_normal(clone(pipeline), resampled(normal, random))
        correlations.append(rank_correlation(scores, -raw_scores(model, unseen.features)))
    return float(np.mean(correlations))
