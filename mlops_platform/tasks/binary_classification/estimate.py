"""What probabilities let expect of themselves, before any label is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mlops_platform.tasks.binary_classification.columns import BASE_RATE, DECISION, SCORE
from mlops_platform.tasks.estimate import EstimatedPerformance, ExpectedConfusion
from mlops_platform.tasks.expecting.decisions import ExpectedDecisions

NAMES: Final = ("negative", "positive")

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
    have fractions, and rows count by their weights (in `confusion` each once, as in that of an
    evaluation); `roc_auc` is expected concordant pairs over expected pairs, and left out where no
    pair is expected.

    Args:
        predictions: what the model said.
        probabilities: of a positive label, shape (rows,).
        baseline: the share of positives that the model was trained on.
        loss: `log_loss` or `brier_score`.
    """
    import numpy as np

    scores, decided, negatives = predictions[SCORE], predictions[DECISION], 1 - probabilities
    weights = predictions.weights
    auc = _expected_auc(scores, probabilities, weights)
    counts = np.ones(len(scores)) if weights is None else weights
    by_outcome = np.column_stack([negatives, probabilities])
    expected = ExpectedDecisions(by_outcome, decided.astype(np.int64), weights)
    base = np.full(len(scores), baseline[BASE_RATE])
    own, constant = (expected.mean(_losses_by_outcome(stated, loss)) for stated in (scores, base))
    figures = {
        "brier_score": expected.mean(_losses_by_outcome(scores, "brier_score")),
        "positive_rate": expected.mean(np.tile([0.0, 1.0], (len(scores), 1))),
        "precision": expected.precision(1),
        "recall": expected.recall(1),
        "f1": expected.f1(1),
    }
    rows, errors = (tuple(map(tuple, part.tolist())) for part in expected.confusion)
    return EstimatedPerformance(
        loss=own.value,
        baseline_loss=constant.value,
        metrics={
            **{name: figure.value for name, figure in figures.items()},
            **({} if auc is None else {"roc_auc": auc}),
            "true_negatives": float((counts * negatives)[~decided].sum()),
            "false_positives": float((counts * negatives)[decided].sum()),
            "false_negatives": float((counts * probabilities)[~decided].sum()),
            "true_positives": float((counts * probabilities)[decided].sum()),
        },
        errors={"loss": own.error, **{name: figure.error for name, figure in figures.items()}},
        confusion=ExpectedConfusion(outcomes=NAMES, decisions=NAMES, rows=rows, errors=errors),
    )


def expected_losses(
    scores: Numbers, probabilities: Numbers, base_rate: float, loss: str
) -> tuple[Numbers, Numbers]:
    """Expected loss of each score, and of always saying the base rate, shape (rows,) both."""
    import numpy as np

    by_outcome = np.column_stack([1 - probabilities, probabilities])
    base = np.full(len(scores), base_rate)
    own, constant = (
        (by_outcome * _losses_by_outcome(stated, loss)).sum(axis=1) for stated in (scores, base)
    )
    return own, constant


def _losses_by_outcome(stated: Numbers, loss: str) -> Numbers:
    """Loss of scores where the label is negative and where it is positive, shape (rows, 2)."""
    import numpy as np

    if loss == "brier_score":
        return np.column_stack([stated**2, (1 - stated) ** 2])
    smallest = np.finfo(np.float64).eps  # where scikit-learn's log_loss clips as well
    clipped = np.clip(stated, smallest, 1 - smallest)
    return -np.log(np.column_stack([1 - clipped, clipped]))


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
