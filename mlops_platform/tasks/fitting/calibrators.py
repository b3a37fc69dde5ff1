"""A calibrator over a frozen pipeline, taken over by another pipeline like it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sklearn.calibration import CalibratedClassifierCV


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
