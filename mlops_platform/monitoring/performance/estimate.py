"""What a window's scores let expect of it, before any of its labels is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_platform.record import Record

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]


class EstimatedPerformance(Record):
    """Expected figures of a window; counts are expected numbers of rows, so they have fractions.

    Args:
        loss: expected log loss.
        baseline_loss: expected of always predicting the rate the model was trained on.
        positive_rate: expected share of positives.
        roc_auc: expected concordant pairs over expected pairs; None where no pair is expected.
    """

    loss: float
    baseline_loss: float
    brier_score: float
    roc_auc: float | None
    positive_rate: float
    true_negatives: float
    false_positives: float
    false_negatives: float
    true_positives: float


def recalibrated(scores: Numbers, known_scores: Numbers, known_labels: Numbers) -> Numbers:
    """Probabilities of a positive label by what came of rows of similar score: isotonic regression.

    Args:
        scores: shape (rows,).
        known_scores: of rows that the model had not seen and whose labels are known, shape (n,).
        known_labels: 0 and 1, shape (n,).
    """
    from sklearn.isotonic import IsotonicRegression

    calibration = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")
    probabilities: Numbers = calibration.fit(known_scores, known_labels).predict(scores)
    return probabilities


def expected_performance(
    scores: Numbers, probabilities: Numbers, threshold: float, base_rate: float
) -> EstimatedPerformance:
    """Confidence-based performance estimation (CBPE) of a binary classifier.

    Every figure is the expectation under labels that are drawn with these probabilities (Kivimäki
    et al. 2025, "Performance estimation in binary classification using calibrated confidence",
    arXiv 2505.05295). It sees that rows are harder or easier than before, and cannot see that like
    rows now turn out differently (concept drift).

    Args:
        scores: what the model said, shape (rows,).
        probabilities: of a positive label, shape (rows,).
        threshold: score from which a row is decided positive.
        base_rate: share of positives that the model was trained on.
    """
    import numpy as np

    smallest = np.finfo(np.float64).eps  # where scikit-learn's log_loss clips as well
    stated, constant = (np.clip(values, smallest, 1 - smallest) for values in (scores, base_rate))
    negatives, decided = 1 - probabilities, scores >= threshold
    losses = probabilities * np.log(stated) + negatives * np.log(1 - stated)
    of_constant = probabilities * np.log(constant) + negatives * np.log(1 - constant)
    squares = probabilities * (1 - scores) ** 2 + negatives * scores**2
    return EstimatedPerformance(
        loss=-float(losses.mean()),
        baseline_loss=-float(of_constant.mean()),
        brier_score=float(squares.mean()),
        roc_auc=_expected_auc(scores, probabilities),
        positive_rate=float(probabilities.mean()),
        true_negatives=float(negatives[~decided].sum()),
        false_positives=float(negatives[decided].sum()),
        false_negatives=float(probabilities[~decided].sum()),
        true_positives=float(probabilities[decided].sum()),
    )


def _expected_auc(scores: Numbers, probabilities: Numbers) -> float | None:
    """Expected concordant pairs, ties counting half, over expected pairs of unlike rows."""
    import numpy as np

    _, at = np.unique(scores, return_inverse=True)
    positives = np.bincount(at, weights=probabilities)
    negatives = np.bincount(at, weights=1 - probabilities)
    below = np.cumsum(negatives) - negatives
    # A row is no pair with itself.
    itself = float((probabilities * (1 - probabilities)).sum())
    pairs = float(positives.sum() * negatives.sum()) - itself
    concordant = float((positives * (below + negatives / 2)).sum()) - itself / 2
    return concordant / pairs if pairs > np.finfo(np.float64).eps else None
