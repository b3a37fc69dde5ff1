"""A finished model that says, beside what its heads predict, what its row is a forecast of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_platform.tasks.fitting.passed_columns import with_passed_columns
from mlops_platform.tasks.forecasting.columns import NEW_SERIES

if TYPE_CHECKING:
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
    preprocessing, predicting = joined[:-1], joined[-1].estimators_
    return with_passed_columns(preprocessing, predicting, _passed_columns(columns, known), frame)


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
