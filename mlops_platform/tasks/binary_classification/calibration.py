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


def pipeline_below(model: CalibratedClassifierCV) -> Any:
    """The pipeline below the calibrator."""
    return model.estimator.estimator


def carried_over(model: CalibratedClassifierCV, pipeline: Any) -> CalibratedClassifierCV:
    """Put `pipeline` under the calibrator of `model`, which was fitted on another one's scores.

    Once a pipeline is fitted on all rows, none is left on which its calibrator could be fitted
    honestly: on rows it has seen, a pipeline's scores are too sure of themselves. So, as
    scikit-learn's `CalibratedClassifierCV(ensemble=False)` does, the calibrator is fitted on
    out-of-sample scores of a pipeline like it.
    """
    from sklearn.frozen import FrozenEstimator

    frozen = FrozenEstimator(pipeline)
    model.set_params(estimator=frozen)
    for calibrated_classifier in model.calibrated_classifiers_:
        calibrated_classifier.estimator = frozen
    return model
