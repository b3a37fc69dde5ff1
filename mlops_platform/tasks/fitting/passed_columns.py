"""A fitted model that says, beside what its heads predict, numbers of its row's own features.

Made of scikit-learn's own parts, so that a stored model needs nothing of the platform, and
compiles as any other does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import Pipeline

    PassedColumn = tuple[str, Any, list[str]]
    """As `ColumnTransformer` takes them; each makes one column, and nothing is left to fit."""


def with_passed_columns(
    preprocessing: Pipeline, heads: Sequence[Any], passed: Sequence[PassedColumn], frame: Any
) -> Pipeline:
    """Fitted heads behind a fitted preprocessing, followed by heads that say what is passed on.

    Args:
        frame: feature rows that they were fitted on.
    """
    from sklearn.multioutput import MultiOutputRegressor
    from sklearn.pipeline import Pipeline

    # Nothing is fitted any more but the names of the columns.
    both = _side_by_side(preprocessing, passed, frame.head(1))
    width = both.transform(frame.head(1)).shape[1]
    own = width - len(passed)
    together = MultiOutputRegressor(heads[0])
    together.estimators_ = [
        *(_on_columns(head, slice(0, own), width) for head in heads),
        *(_on_columns(_identity(), [at], width) for at in range(own, width)),
    ]
    return Pipeline([("columns", both), ("heads", together)])


def _side_by_side(
    preprocessing: Pipeline, passed: Sequence[PassedColumn], frame: Any
) -> ColumnTransformer:
    from sklearn.compose import ColumnTransformer
    from sklearn.frozen import FrozenEstimator

    features = ("features", FrozenEstimator(preprocessing), list(frame.columns))
    return ColumnTransformer([features, *passed], sparse_threshold=0.0).fit(frame)


def _on_columns(head: Any, columns: slice | list[int], width: int) -> Pipeline:
    """A fitted estimator that takes some columns of a matrix."""
    import numpy as np
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import Pipeline

    own = ColumnTransformer([("own", "passthrough", columns)]).fit(np.zeros((1, width)))
    return Pipeline([("columns", own), ("estimator", head)])


def _identity() -> Any:
    """A fitted estimator that says the one number it gets."""
    import numpy as np
    from sklearn.linear_model import LinearRegression

    line = LinearRegression(fit_intercept=False).fit(np.ones((1, 1)), np.ones(1))
    line.coef_ = np.ones(1)
    return line
