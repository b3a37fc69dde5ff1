"""What probabilities let expect of themselves, before any label is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_platform.tasks.binary_classification.columns import BASE_RATE, DECISION, SCORE
from mlops_platform.tasks.estimate import EstimatedPerformance

if TYPE_CHECKING:
    from mlops_platform.tasks.finished import Constants
    from mlops_platform.tasks.predictions import Numbers, Predictions


def recalibrated(
    scores: Numbers,
    known_scores: Numbers,
    known_labels: Numbers,
    known_weights: Numbers | None = None,
) -> Numbers:
    """Probabilities of a positive label by what came of rows of similar score: isotonic regression.

    Args:
        scores: shape (rows,).
        known_scores: of rows that the model had not seen and whose labels are known, shape (n,).
        known_labels: 0 and 1, shape (n,).
        known_weights: of these rows, shape (n,); None where all count the same.
    """
    from sklearn.isotonic import IsotonicRegression

    calibration = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")
    calibration.fit(known_scores, known_labels, sample_weight=known_weights)
    probabilities: Numbers = calibration.predict(scores)
    return probabilities


def expected_performance(
    predictions: Predictions, probabilities: Numbers, baseline: Constants, loss: str
) -> EstimatedPerformance:
    """Confidence-based performance estimation (CBPE) of a binary classifier.

    Every figure is the expectation under labels that are drawn with these probabilities (Kivimäki
    et al. 2025, "Performance estimation in binary classification using calibrated confidence",
    arXiv 2505.05295). It sees that rows are harder or easier than before, and cannot see that like
    rows now turn out differently (concept drift). Counts are expected numbers of rows, so that they
    have fractions, and rows count by their weights; `roc_auc` is expected concordant pairs over
    expected pairs, and left out where no pair is expected.

    Args:
        predictions: what the model said.
        probabilities: of a positive label, shape (rows,).
        baseline: the share of positives that the model was trained on.
        loss: `log_loss` or `brier_score`.
    """
    import numpy as np

    scores, decided, negatives = predictions[SCORE], predictions[DECISION], 1 - probabilities
    own, constant = expected_losses(scores, probabilities, baseline[BASE_RATE], loss)
    brier, _ = expected_losses(scores, probabilities, baseline[BASE_RATE], "brier_score")
    weights = predictions.weights
    auc = _expected_auc(scores, probabilities, weights)
    counts = np.ones(len(scores)) if weights is None else weights
    return EstimatedPerformance(
        loss=predictions.mean_of(own),
        baseline_loss=predictions.mean_of(constant),
        metrics={
            "brier_score": predictions.mean_of(brier),
            **({} if auc is None else {"roc_auc": auc}),
            "positive_rate": predictions.mean_of(probabilities),
            "true_negatives": float((counts * negatives)[~decided].sum()),
            "false_positives": float((counts * negatives)[decided].sum()),
            "false_negatives": float((counts * probabilities)[~decided].sum()),
            "true_positives": float((counts * probabilities)[decided].sum()),
        },
    )


def expected_losses(
    scores: Numbers, probabilities: Numbers, base_rate: float, loss: str
) -> tuple[Numbers, Numbers]:
    """Expected loss of each score, and of always saying the base rate, shape (rows,) both."""
    import numpy as np

    negatives = 1 - probabilities
    if loss == "brier_score":
        own = probabilities * (1 - scores) ** 2 + negatives * scores**2
        constant = probabilities * (1 - base_rate) ** 2 + negatives * base_rate**2
        return own, constant
    smallest = np.finfo(np.float64).eps  # where scikit-learn's log_loss clips as well
    stated, base = (np.clip(values, smallest, 1 - smallest) for values in (scores, base_rate))
    return (
        -(probabilities * np.log(stated) + negatives * np.log(1 - stated)),
        -(probabilities * np.log(base) + negatives * np.log(1 - base)),
    )


def _expected_auc(scores: Numbers, probabilities: Numbers, weights: Numbers | None) -> float | None:
    """Expected concordant pairs, ties counting half, over expected pairs of unlike rows.

    A pair counts by the product of the weights of its rows.
    """
    import numpy as np

    counts = np.ones(len(scores)) if weights is None else weights
    _, at = np.unique(scores, return_inverse=True)
    positives = np.bincount(at, weights=counts * probabilities)
    negatives = np.bincount(at, weights=counts * (1 - probabilities))
    below = np.cumsum(negatives) - negatives
    # A row is no pair with itself.
    itself = float((counts**2 * probabilities * (1 - probabilities)).sum())
    pairs = float(positives.sum() * negatives.sum()) - itself
    concordant = float((positives * (below + negatives / 2)).sum()) - itself / 2
    return concordant / pairs if pairs > np.finfo(np.float64).eps else None
