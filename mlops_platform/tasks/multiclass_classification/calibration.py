"""A fitted pipeline under a calibrator that rows have set which it has not seen.

Both know the classes by their positions among those that the pipeline was fitted on: scikit-learn's
temperature scaling takes targets for positions, and its calibrators want every class of the
pipeline among theirs.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Final, Literal

from mlops_platform.errors import DataError
from mlops_platform.tasks.finished import Rows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mlops_platform.tasks.predictions import Numbers

CalibrationMethod = Literal["bias_corrected_temperature", "temperature", "sigmoid", "isotonic"]
BIAS_CORRECTED: Final = "bias_corrected_temperature"
SHRINKAGE: Final = 3.0
"""How much rows have to say before the probability of a class is moved by a factor: with few of
them all factors stay near 1 (ADR 0049)."""


def classes_of(rows: Rows) -> NDArray[np.int64]:
    """Codes of the declared classes that some of the rows have, in order."""
    import numpy as np

    present: NDArray[np.int64] = np.unique(rows.targets[rows.targets >= 0])
    return present


def of_known(rows: Rows, known: NDArray[np.int64]) -> Rows:
    """The rows whose class is known, with positions among the known classes as targets.

    Without gaps from 0 on, which is all that XGBoost takes.

    Args:
        rows: with codes as targets.
        known: codes of the known classes, in order.
    """
    import numpy as np

    kept = np.isin(rows.targets, known)
    weights = None if rows.weights is None else np.asarray(rows.weights)[kept]
    features = rows.features if kept.all() else rows.features[kept]
    return Rows(features, np.searchsorted(known, rows.targets[kept]), weights)


def calibrated(pipeline: Any, unseen: Rows, method: CalibrationMethod) -> Any:
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

    features, targets, weights, _ = unseen
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
    name = "temperature" if method == BIAS_CORRECTED else method
    model = CalibratedClassifierCV(
        FrozenEstimator(pipeline), method=name, cv=[(everything, everything)]
    )
    with warnings.catch_warnings():
        # A frozen pipeline is not fitted, so that it needs no weights.
        warnings.filterwarnings("ignore", message="Since FrozenEstimator does not appear")
        model.fit(features, targets, sample_weight=weights)
    return model.set_params(cv=None)  # the rows are no part of what is stored


def class_factors(probabilities: Numbers, unseen: Rows) -> Numbers:
    """By what the probability of each class is multiplied, shape (classes,).

    The biases of bias-corrected temperature scaling (Alexandari, Kundaje and Shrikumar 2020,
    "Maximum likelihood with bias-corrected calibration is hard-to-beat at label shift adaptation",
    ICML): a class that has become more frequent since the training rows gets more. They are the
    posterior mode under a normal prior around 0, so that a class without rows keeps its chances.

    Args:
        probabilities: of the classes that the pipeline knows, shape (rows, classes); none is 0.
    """
    import numpy as np
    from scipy.optimize import minimize

    targets, weights = unseen.targets, unseen.weights
    logits, count = np.log(probabilities), probabilities.shape[1]
    weighed = np.ones(len(targets)) if weights is None else weights / weights.mean()
    outcomes = np.eye(count)[targets]

    def penalised(biases: Numbers) -> tuple[float, Numbers]:
        moved = logits + biases
        moved -= moved.max(axis=1, keepdims=True)
        total = np.exp(moved).sum(axis=1, keepdims=True)
        losses = np.log(total[:, 0]) - (moved * outcomes).sum(axis=1)
        excess = (np.exp(moved) / total - outcomes) * weighed[:, None]
        penalty = SHRINKAGE / 2 * float(biases @ biases)
        return float(losses @ weighed) + penalty, excess.sum(axis=0) + SHRINKAGE * biases

    fitted_biases = minimize(penalised, np.zeros(count), jac=True, method="L-BFGS-B")
    factors: Numbers = np.exp(fitted_biases.x)
    return factors
