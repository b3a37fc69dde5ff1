"""What probabilities let expect of themselves, before any outcome is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mlops_platform.tasks.estimate import EstimatedPerformance, ExpectedConfusion
from mlops_platform.tasks.expecting.decisions import Expected, ExpectedDecisions
from mlops_platform.tasks.multiclass_classification.named_metrics import MOST_NAMED, class_labels

if TYPE_CHECKING:
    from mlops_platform.tasks.multiclass_classification.metrics import Codes
    from mlops_platform.tasks.predictions import Numbers


def recalibrated(
    stated: Numbers, known: Numbers, codes: Codes, weights: Numbers | None = None
) -> Numbers:
    """Probabilities by what came of rows of similar probability: isotonic, class by class.

    The classes' curves need not add up to 1, so that what they say of a row is divided by its sum.

    Args:
        stated: shape (rows, classes).
        known: of rows that the model had not seen and whose outcomes are known, shape (n, classes).
        codes: of these, shape (n,); what is no declared class speaks for none.
        weights: of these, shape (n,); None where all count the same.
    """
    import numpy as np
    from sklearn.isotonic import IsotonicRegression

    said = np.empty_like(stated)
    for position in range(stated.shape[1]):
        curve = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")
        outcomes = (codes == position).astype(float)
        curve.fit(known[:, position], outcomes, sample_weight=weights)
        said[:, position] = curve.predict(stated[:, position])
    total = said.sum(axis=1, keepdims=True)
    # Where no curve gives a class any chance, the model's own word has to do.
    return np.asarray(np.divide(said, total, out=stated.copy(), where=total > 0))


def expected_performance(
    classes: Sequence[str], stated: Numbers, shares: Numbers, expected: ExpectedDecisions, loss: str
) -> EstimatedPerformance:
    """Confidence-based performance estimation (CBPE) of a multiclass classifier.

    Every figure is the expectation under outcomes that are drawn with the probabilities of
    `expected`, as that of a binary classifier is. Of more than `MOST_NAMED` classes none is told
    apart.

    Args:
        stated: what the model said, shape (rows, classes).
        shares: what the baseline says of every row, shape (classes,).
        loss: `log_loss` or `brier_score`.
    """
    own, constant = (expected.mean(losses_by_outcome(said, loss)) for said in (stated, shares))
    figures = {
        "accuracy": expected.accuracy,
        "balanced_accuracy": expected.balanced_accuracy,
        "macro_f1": expected.macro_f1,
        **(_of_each_class(classes, expected) if len(classes) <= MOST_NAMED else {}),
    }
    metrics = {name: figure.value for name, figure in figures.items()}
    confusion = None
    if len(classes) <= MOST_NAMED:
        counts, errors = (part.tolist() for part in expected.confusion)
        rows = expected.probabilities.sum(axis=0).tolist()
        labels = class_labels(classes)
        metrics |= {f"rows_{label}": value for label, value in zip(labels, rows, strict=True)}
        names = tuple(classes)
        confusion = ExpectedConfusion(
            outcomes=names,
            decisions=names,
            rows=tuple(map(tuple, counts)),
            errors=tuple(map(tuple, errors)),
        )
    return EstimatedPerformance(
        loss=own.value,
        baseline_loss=constant.value,
        metrics=metrics,
        errors={"loss": own.error, **{name: figure.error for name, figure in figures.items()}},
        confusion=confusion,
    )


def _of_each_class(classes: Sequence[str], expected: ExpectedDecisions) -> dict[str, Expected]:
    labels = class_labels(classes)
    return {
        **{f"precision_{label}": expected.precision(at) for at, label in enumerate(labels)},
        **{f"recall_{label}": expected.recall(at) for at, label in enumerate(labels)},
    }


def losses_by_outcome(stated: Numbers, loss: str) -> Numbers:
    """Loss of what is stated under each outcome, in the shape of that, or (1, classes).

    Args:
        stated: shape (rows, classes), or (classes,) where it is the same of all rows.
        loss: `log_loss` or `brier_score`.
    """
    import numpy as np

    said = np.atleast_2d(stated)
    if loss == "brier_score":
        return np.asarray(1 + np.square(said).sum(axis=1, keepdims=True) - 2 * said)
    return np.asarray(-np.log(said))


def expected_losses(stated: Numbers, probabilities: Numbers, loss: str) -> Numbers:
    """Expected loss of what is stated, under outcomes drawn with some probabilities, shape (rows,).

    Args:
        stated: shape (rows, classes), or (classes,) where it is the same of all rows.
        probabilities: shape (rows, classes).
        loss: `log_loss` or `brier_score`.
    """
    import numpy as np

    losses = probabilities * losses_by_outcome(stated, loss)
    return np.asarray(losses.sum(axis=1), dtype=np.float64)
