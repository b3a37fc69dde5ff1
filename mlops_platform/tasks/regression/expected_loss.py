"""What a row's loss is expected to be before its outcome is known (direct loss estimation)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mlops_platform.tasks.empty_columns import placeable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sklearn.ensemble import HistGradientBoostingRegressor

    Numbers = NDArray[np.float64]


def fit_loss_model(
    features: Numbers,
    losses: Numbers,
    categorical: Sequence[int],
    seed: int,
    weights: Numbers | None = None,
) -> HistGradientBoostingRegressor:
    """A second model, of the first one's loss per row.

    Its deviance is Poisson's: a loss is never negative, and grows with its spread. It sees rows
    that are harder or easier than before, and cannot see that like rows now turn out differently;
    `expected_losses` mends that as far as matured rows show it.

    Args:
        features: what the first model saw and said, shape (rows, columns).
        losses: of rows that the first model has not seen, shape (rows,), not all 0.
        categorical: columns that hold the number of a category.
        weights: of those rows, shape (rows,); None where all count the same.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor

    model = HistGradientBoostingRegressor(
        loss="poisson",
        max_iter=60,
        min_samples_leaf=200,
        max_features=0.5,
        categorical_features=list(categorical),
        early_stopping=False,
        random_state=seed,
    )
    return model.fit(placeable(model, features), losses, sample_weight=weights)


def expected_losses(
    indicators: Numbers,
    known_indicators: Numbers,
    known_losses: Numbers,
    known_weights: Numbers | None = None,
) -> Numbers:
    """Expected loss of each row, shape (rows,): what rows of like indicator came to, isotonic.

    Args:
        indicators: what rises with the loss, shape (rows,): what a model of the loss says, or the
            width of an interval before it is adjusted.
        known_indicators: the same of the latest matured rows, shape (n,), n > 0.
        known_losses: of those, shape (n,).
        known_weights: of those, shape (n,); None where all count the same.
    """
    from sklearn.isotonic import IsotonicRegression

    isotonic = IsotonicRegression(y_min=0, out_of_bounds="clip")
    isotonic.fit(known_indicators, known_losses, sample_weight=known_weights)
    expected: Numbers = isotonic.predict(indicators)
    return expected
