"""Probabilities of a fitted pipeline, calibrated on rows that it has not seen."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Final, Literal

from mlops_platform.errors import TrainingError
from mlops_platform.tasks.finished import Rows

if TYPE_CHECKING:
    from sklearn.calibration import CalibratedClassifierCV

    from mlops_platform.tasks.predictions import Numbers

CalibrationMethod = Literal["sigmoid", "temperature", "isotonic"]
FEWEST_OF_A_CLASS: Final = 5
"""The folds into which scikit-learn deals unseen rows, although a frozen pipeline needs none."""


def positive_scores(model: Any, features: Any) -> Numbers:
    """Predicted probability of the positive class by any fitted classifier, shape (rows,)."""
    import numpy as np

    column = list(model.classes_).index(1)
    return np.asarray(model.predict_proba(features), dtype=np.float64)[:, column]


def calibrated(pipeline: Any, unseen: Rows, method: CalibrationMethod) -> CalibratedClassifierCV:
    """The fitted pipeline under a calibrator.

    Raises:
        TrainingError: there are too few rows of a class.
    """
    import numpy as np
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.frozen import FrozenEstimator

    fewest = int(np.bincount(unseen.targets, minlength=2).min())
    if fewest < FEWEST_OF_A_CLASS:
        raise TrainingError(
            f"task.calibration: the {len(unseen.targets)} rows that a probability is calibrated on "
            f"have {fewest} of one class, and {FEWEST_OF_A_CLASS} of each are needed. Lengthen the "
            "validation part (`training.history.split`)."
        )
    model = CalibratedClassifierCV(FrozenEstimator(pipeline), method=method)
    with warnings.catch_warnings():
        # That the calibration alone is weighted is what is wanted: the pipeline is fitted already.
        warnings.filterwarnings("ignore", "Since FrozenEstimator does not appear to accept")
        return model.fit(unseen.features, unseen.targets, sample_weight=unseen.weights)
