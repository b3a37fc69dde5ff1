"""What probabilities let expect of themselves, before any outcome is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

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


def expected_losses(stated: Numbers, probabilities: Numbers, loss: str) -> Numbers:
    """Expected loss of what is stated, under outcomes drawn with some probabilities, shape (rows,).

    Args:
        stated: shape (rows, classes), or (classes,) where it is the same of all rows.
        probabilities: shape (rows, classes).
        loss: `log_loss` or `brier_score`.
    """
    import numpy as np

    if loss == "brier_score":
        squares = np.square(stated).sum(axis=-1)
        losses = 1 + squares - 2 * (probabilities * stated).sum(axis=1)
        return np.asarray(losses, dtype=np.float64)
    return np.asarray(-(probabilities * np.log(stated)).sum(axis=1), dtype=np.float64)
