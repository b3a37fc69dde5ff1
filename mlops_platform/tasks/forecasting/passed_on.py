"""A finished model that says, beside what its heads predict, what its row is a forecast of.

Made of scikit-learn's own parts, so that a stored model needs nothing of the platform, and
compiles as any other does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_platform.tasks.forecasting.columns import NEW_SERIES, PASSED

if TYPE_CHECKING:
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import Pipeline

    from mlops_platform.tasks.forecasting.seasonal_naive import SeriesScales


def passing_on(
    joined: Pipeline, frame: Any, columns: tuple[str, str, str], known: tuple[float, SeriesScales]
) -> Pipeline:
    """The joined heads of a regression, followed by heads that say `PASSED`.

    Args:
        joined: what `joined_heads` returned.
        frame: feature rows that it was fitted on.
        columns: of `frame`: step, seasonal naive value, series.
        known: what stands for a naive value that is missing; scales of the series, by which it
            also knows which of them are not new.
    """
    from sklearn.multioutput import MultiOutputRegressor
    from sklearn.pipeline import Pipeline

    preprocessing, predicting = joined[:-1], joined[-1].estimators_
    passed = _passed_columns(columns, known)
    # Nothing is fitted any more but the names of the columns.
    both = _side_by_side(preprocessing, passed, frame.head(1))
    width = both.transform(frame.head(1)).shape[1]
    own = width - len(PASSED)
    together = MultiOutputRegressor(predicting[0])
    together.estimators_ = [
        *(_on_columns(head, slice(0, own), width) for head in predicting),
        *(_on_columns(_identity(), [at], width) for at in range(own, width)),
    ]
    return Pipeline([("columns", both), ("heads", together)])


def _passed_columns(
    columns: tuple[str, str, str], known: tuple[float, SeriesScales]
) -> list[tuple[str, Any, list[str]]]:
    import pandas as pd
    from sklearn.frozen import FrozenEstimator
    from sklearn.impute import SimpleImputer
    from sklearn.preprocessing import TargetEncoder

    (step, naive, series), (middle, scales) = columns, known
    names = pd.DataFrame({series: scales.series}, dtype=object)
    by_series = []
    for numbers in (scales.keys, scales.errors, scales.rms_errors):
        # One row per series: its encoding is the number itself, that of a new one their mean.
        encoder = TargetEncoder(smooth=0.0, target_type="continuous")
        by_series.append(encoder.fit(names, numbers))
    by_series[0].target_mean_ = NEW_SERIES
    filled = SimpleImputer(strategy="constant", fill_value=middle, keep_empty_features=True)
    return [
        ("step", "passthrough", [step]),
        ("naive", filled, [naive]),
        *(
            (f"series_{number}", FrozenEstimator(encoder), [series])
            for number, encoder in enumerate(by_series)
        ),
    ]


def _side_by_side(
    preprocessing: Pipeline, passed: list[tuple[str, Any, list[str]]], frame: Any
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
