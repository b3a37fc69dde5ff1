"""A fitted pipeline under a calibrator that rows have set which it has not seen.

Both know the classes by their positions among those that the pipeline was fitted on: scikit-learn's
temperature scaling takes targets for positions, and its calibrators want every class of the
pipeline among theirs.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from mlops_platform.errors import DataError

if TYPE_CHECKING:
    from sklearn.calibration import CalibratedClassifierCV

    from mlops_platform.tasks.finished import Rows
    from mlops_platform.tasks.predictions import Numbers

CalibrationMethod = Literal["temperature", "sigmoid", "isotonic"]


class KnownRows(NamedTuple):
    """Rows of the classes that a pipeline knows.

    Args:
        targets: positions among these classes, shape (rows,).
        weights: None where all rows count the same.
    """

    features: Any
    targets: Numbers
    weights: Numbers | None


def of_known(rows: Rows, known: Numbers) -> KnownRows:
    """The rows whose class is known.

    Args:
        rows: with codes as targets.
        known: codes of the known classes, in order.
    """
    import numpy as np

    kept = np.isin(rows.targets, known)
    weights = None if rows.weights is None else np.asarray(rows.weights)[kept]
    features = rows.features if kept.all() else rows.features[kept]
    return KnownRows(features, np.searchsorted(known, rows.targets[kept]), weights)


def fitted(pipeline: Any, rows: KnownRows) -> Any:
    """The pipeline, fitted on rows; its last step weighs them."""
    if rows.weights is None:
        return pipeline.fit(rows.features, rows.targets)
    last, _ = pipeline.steps[-1]
    weights = {f"{last}__sample_weight": rows.weights}
    return pipeline.fit(rows.features, rows.targets, **weights)


def calibrated(pipeline: Any, unseen: KnownRows, method: CalibrationMethod) -> Any:
    """The fitted pipeline under a calibrator; of rows without a class a calibrator learns nothing.

    A class of the pipeline that no unseen row has gets one row of weight 0: it is calibrated by
    what the others show (`temperature`), or hardly (a calibrator for each class).

    Raises:
        DataError: there is no unseen row.
    """
    import numpy as np
    import pandas as pd
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.frozen import FrozenEstimator

    features, targets, weights = unseen
    if not len(targets):
        raise DataError(
            "calibration: none of the rows that the model has not seen has a class that it knows. "
            "Lengthen the validation part, or read more history."
        )
    absent = np.setdiff1d(np.arange(len(pipeline.classes_)), targets)
    if len(absent):
        filling = [features.iloc[[0]]] * len(absent)
        present = np.ones(len(targets)) if weights is None else weights
        features = pd.concat([features, *filling], ignore_index=True)
        targets = np.concatenate([targets, absent])
        weights = np.concatenate([present, np.zeros(len(absent))])
    everything = np.arange(len(targets))
    # Of a pipeline that is fitted all rows are unseen: no folds, of which rare classes had too few.
    model = CalibratedClassifierCV(
        FrozenEstimator(pipeline), method=method, cv=[(everything, everything)]
    )
    with warnings.catch_warnings():
        # A frozen pipeline is not fitted, so that it needs no weights.
        warnings.filterwarnings("ignore", message="Since FrozenEstimator does not appear")
        model.fit(features, targets, sample_weight=weights)
    return model.set_params(cv=None)  # the rows are no part of what is stored


def pipeline_below(model: CalibratedClassifierCV) -> Any:
    """The pipeline below the calibrator."""
    return model.estimator.estimator


def carried_over(model: CalibratedClassifierCV, pipeline: Any) -> CalibratedClassifierCV:
    """Put `pipeline` under the calibrator of `model`, which knows the same classes (ADR 0003)."""
    from sklearn.frozen import FrozenEstimator

    frozen = FrozenEstimator(pipeline)
    model.set_params(estimator=frozen)
    for calibrated_classifier in model.calibrated_classifiers_:
        calibrated_classifier.estimator = frozen
    return model
