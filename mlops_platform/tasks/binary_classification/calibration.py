"""Probabilities of a fitted pipeline, calibrated on rows that it has not seen."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Literal

from mlops_platform.tasks.finished import Rows

if TYPE_CHECKING:
    from sklearn.calibration import CalibratedClassifierCV

    from mlops_platform.tasks.predictions import Numbers

CalibrationMethod = Literal["sigmoid", "temperature", "isotonic"]


def positive_scores(model: Any, features: Any) -> Numbers:
    """Predicted probability of the positive class by any fitted classifier, shape (rows,)."""
    import numpy as np

    column = list(model.classes_).index(1)
    return np.asarray(model.predict_proba(features), dtype=np.float64)[:, column]


def calibrated(pipeline: Any, unseen: Rows, method: CalibrationMethod) -> CalibratedClassifierCV:
    """The fitted pipeline under a calibrator."""
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.frozen import FrozenEstimator

    model = CalibratedClassifierCV(FrozenEstimator(pipeline), method=method)
    with warnings.catch_warnings():
        # That the calibration alone is weighted is what is wanted: the pipeline is fitted already.
        warnings.filterwarnings("ignore", "Since FrozenEstimator does not appear to accept")
        return model.fit(unseen.features, unseen.targets, sample_weight=unseen.weights)
