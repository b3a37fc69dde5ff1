"""Figures of probabilities and decisions against outcomes; scikit-learn's wherever it has them.

Outcomes are codes: positions of the declared classes, and -1 for what is none of them. Such an
outcome has the least probability there is and was decided by nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mlops_platform.record import Record
from mlops_platform.tasks.multiclass_classification.columns import DECISION, probability
from mlops_platform.tasks.multiclass_classification.probabilities import FLOOR
from mlops_platform.tasks.weights import lower_quantiles_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mlops_platform.tasks.predictions import Numbers, Predictions

    Codes = NDArray[np.int64]


SURELY_SOME: Final = 10.0
"""Expected rows of a class of which none in 20,000 windows has no row, if they are independent."""
BIN_ROWS: Final = 50
"""Rows that a bin has at least: in smaller ones chance alone is an error."""


class CalibrationBin(Record):
    """Rows to which a class was given a similar probability: what was predicted, what happened."""

    rows: int
    predicted: float
    observed: float


class ClassFigures(NamedTuple):
    """How decisions for one class turned out; 0 where there is nothing to divide by."""

    precision: float
    recall: float
    f1: float


def probabilities_in(predictions: Predictions, classes: int) -> Numbers:
    """Probabilities of all classes, shape (rows, classes)."""
    import numpy as np

    return np.column_stack([predictions[probability(position)] for position in range(classes)])


def codes_of(column: Any, classes: Sequence[str]) -> Codes:
    """Positions of texts among the classes, shape (rows,); -1 for any other text."""
    import numpy as np
    import pandas as pd

    # By hand and not as a categorical: that takes no class twice, and drops what is missing.
    positions = pd.Index(list(classes), dtype=object).get_indexer(
        pd.Index(np.asarray(column, dtype=object), dtype=object)
    )
    return np.asarray(positions, dtype=np.int64)


def decided_in(predictions: Predictions, classes: Sequence[str]) -> Codes:
    """Positions of the decided classes, shape (rows,)."""
    return codes_of(predictions[DECISION], classes)


def of_outcome(codes: Codes, probabilities: Numbers) -> Numbers:
    """Probability that each row gave to what came true, shape (rows,)."""
    import numpy as np

    given = probabilities[np.arange(len(codes)), codes]
    return np.asarray(np.where(codes >= 0, given, FLOOR), dtype=np.float64)


def log_losses(codes: Codes, probabilities: Numbers) -> Numbers:
    """Log loss of each row, shape (rows,)."""
    import numpy as np

    losses: Numbers = -np.log(of_outcome(codes, probabilities))
    return losses


def brier_scores(codes: Codes, probabilities: Numbers) -> Numbers:
    """Squared distance of the probabilities from what came true, shape (rows,): from 0 to 2."""
    import numpy as np

    squares = np.square(probabilities).sum(axis=1)
    given = np.where(codes >= 0, probabilities[np.arange(len(codes)), codes], 0.0)
    scores: Numbers = squares - 2 * given + 1
    return np.maximum(scores, 0.0)


def is_among_likeliest(codes: Codes, probabilities: Numbers, k: int) -> NDArray[np.bool_]:
    """Whether what came true is among the k likeliest classes, shape (rows,).

    Of equally likely ones the later class comes first, as in scikit-learn's `top_k_accuracy_score`.
    """
    import numpy as np

    ranked = np.argsort(probabilities, axis=1, kind="mergesort")[:, ::-1][:, :k]
    among: NDArray[np.bool_] = (ranked == codes[:, None]).any(axis=1)
    return among


def shares_of(codes: Codes, classes: int, weights: Numbers | None = None) -> Numbers:
    """Shares of the declared classes and last of all else, shape (classes + 1,)."""
    import numpy as np

    at = np.where(codes < 0, classes, codes)
    counts = np.bincount(at, weights=weights, minlength=classes + 1)
    return np.asarray(counts / counts.sum(), dtype=np.float64)


def class_figures(
    codes: Codes, decided: Codes, classes: int, weights: Numbers | None = None
) -> list[ClassFigures]:
    """Precision, recall and F1 of every class."""
    from sklearn.metrics import precision_recall_fscore_support

    figures = precision_recall_fscore_support(
        codes, decided, labels=list(range(classes)), sample_weight=weights, zero_division=0
    )
    columns = [figure.tolist() for figure in figures[:3]]
    return [ClassFigures(*of_class) for of_class in zip(*columns, strict=True)]


def occurring(codes: Codes) -> list[int]:
    """Positions of the classes that came true at least once."""
    import numpy as np

    present: list[int] = np.unique(codes[codes >= 0]).tolist()
    return present


def expected_rows(probabilities: Numbers) -> list[float]:
    """How many rows of each class the probabilities let expect."""
    expected: list[float] = probabilities.sum(axis=0).tolist()
    return expected


def vanished(codes: Codes, probabilities: Numbers) -> int:
    """Classes without any outcome of which `SURELY_SOME` or more were to be expected."""
    present = set(occurring(codes))
    return sum(
        position not in present and rows >= SURELY_SOME
        for position, rows in enumerate(expected_rows(probabilities))
    )


def calibration_bins(
    is_class: NDArray[Any], stated: Numbers, bins: int, weights: Numbers | None = None
) -> tuple[CalibrationBin, ...]:
    """At most `bins` bins of nearly equal weight, by increasing probability of one class.

    Each has at least `BIN_ROWS` rows, unless there are fewer. Rows of equal probability share a
    bin, so that the order of the rows does not matter. Means are weighted, counts are not.

    Args:
        is_class: whether that class came true, shape (rows,).
    """
    import numpy as np

    at, rows = _bins(stated, bins, weights)
    weighed = np.ones(len(stated)) if weights is None else weights
    total = np.bincount(at, weights=weighed)
    filled = total > 0
    predicted = np.bincount(at, weights=stated * weighed)[filled] / total[filled]
    observed = np.bincount(at, weights=is_class * weighed)[filled] / total[filled]
    return tuple(
        CalibrationBin(rows=int(count), predicted=float(p), observed=float(o))
        for count, p, o in zip(rows[filled], predicted, observed, strict=True)
    )


def class_calibration_error(
    is_class: NDArray[Any], stated: Numbers, bins: int, weights: Numbers | None = None
) -> float:
    """Mean |predicted - observed| of one class over equal-mass bins, by rows."""
    import numpy as np

    at, _ = _bins(stated, bins, weights)
    weighed = np.ones(len(stated)) if weights is None else weights
    excess = np.bincount(at, weights=(stated - is_class) * weighed)
    return float(np.abs(excess).sum() / weighed.sum())


def class_wise_calibration_error(
    codes: Codes, probabilities: Numbers, bins: int, weights: Numbers | None = None
) -> float:
    """Mean of the calibration errors of all classes.

    Kull et al. 2019, "Beyond temperature scaling", NeurIPS 32, with bins of equal mass (Roelofs et
    al. 2022): of the predicted class alone a model can be calibrated, and of no other.
    """
    errors = [
        class_calibration_error(codes == position, stated, bins, weights)
        for position, stated in enumerate(probabilities.T)
    ]
    return sum(errors) / len(errors)


def _bins(
    stated: Numbers, bins: int, weights: Numbers | None
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The bin of each row, and the rows of each bin."""
    import numpy as np

    bins = max(min(bins, len(stated) // BIN_ROWS), 1)
    inner = lower_quantiles_of(stated, np.arange(1, bins) / bins, weights)
    at = np.searchsorted(np.unique(inner), stated, side="left")
    return at, np.bincount(at)
