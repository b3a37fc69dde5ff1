"""Metrics of forecasts against outcomes, over all steps and by bucket of steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from mlops_platform.tasks.forecasting.buckets import Buckets
from mlops_platform.tasks.forecasting.columns import STEP
from mlops_platform.tasks.forecasting.costs import costs_of_rows
from mlops_platform.tasks.forecasting.metrics import (
    UNKNOWN,
    absolute_scaled_errors,
    pinball_losses,
    quantile_losses,
    root_mean_squared_scaled_error,
    skill,
    weighted_absolute_percentage_error,
)
from mlops_platform.tasks.forecasting.stability import relative_change
from mlops_platform.tasks.metric import Metric, RowValues, mean_of
from mlops_platform.tasks.regression.columns import PREDICTION
from mlops_platform.tasks.regression.named_metrics import metrics_of as interval_metrics

if TYPE_CHECKING:
    from mlops_platform.tasks.forecasting.costs import ForecastingCosts
    from mlops_platform.tasks.predictions import Numbers, Predictions, Targets

MEASURED_BY_BUCKET = ("mase", "rmsse", "wape", "quantile_loss", "coverage")
"""Metrics of their own for every bucket of steps."""
BY_BUCKET = ("absolute_error", *MEASURED_BY_BUCKET[:-1], "d2", "bias", "coverage")
"""Shown for every bucket."""


class Forecast(NamedTuple):
    """What metrics have to know of a forecast.

    Attributes:
        middle: the quantile that the prediction states.
        season: steps of the season that the naive goes by.
        step_hours: from one step to the next.
    """

    costs: ForecastingCosts
    coverage: float
    loss: str
    middle: float
    season: int
    step_hours: float


def metrics_of(forecast: Forecast) -> dict[str, Metric]:
    """Every metric over all steps, by name."""
    metrics = dict(interval_metrics(forecast.costs, forecast.coverage))
    pinball = partial(_pinball, quantile=forecast.middle)
    quantiles = partial(quantile_losses, coverage=forecast.coverage, middle=forecast.middle)
    metrics["pinball"] = Metric(
        f"mean pinball loss of the prediction as quantile {forecast.middle:g}; lower is better",
        greater_is_better=False,
        compute=mean_of(pinball),
        row_values=pinball,
        tunes=True,
    )
    losses = metrics[forecast.loss].row_values
    assert losses is not None  # a loss is a mean of rows
    by_naive = f"the {forecast.season}-step seasonal naive"
    return {
        **metrics,
        "d2": Metric(
            f"share of the {forecast.loss.replace('_', ' ')} of {by_naive} that is saved",
            greater_is_better=True,
            compute=partial(skill, losses=losses),
            headline=True,
            by_subgroup=True,
        ),
        "mase": Metric(
            f"mean absolute error in units of that of {by_naive}, series by series, on the rows "
            "that the version was fitted on; lower is better",
            greater_is_better=False,
            compute=mean_of(absolute_scaled_errors),
            row_values=absolute_scaled_errors,
            headline=True,
            by_subgroup=True,
        ),
        "rmsse": Metric(
            "root mean squared error in the same way; lower is better",
            greater_is_better=False,
            compute=root_mean_squared_scaled_error,
        ),
        "wape": Metric(
            "sum of the absolute errors over the sum of the outcomes; lower is better",
            greater_is_better=False,
            compute=weighted_absolute_percentage_error,
            tunes=True,
        ),
        "quantile_loss": Metric(
            "mean pinball loss of both ends of the interval and of the prediction; lower is better",
            greater_is_better=False,
            compute=mean_of(quantiles),
            row_values=quantiles,
        ),
        "instability": Metric(
            "mean absolute change of a forecast from the one of the origin before, over the mean "
            "forecast; lower is steadier",
            greater_is_better=False,
            compute=partial(_instability, step_hours=forecast.step_hours),
        ),
        "expected_cost": replace(
            metrics["expected_cost"],
            meaning="mean cost of one row in the declared costs; lower is better",
            compute=mean_of(
                partial(costs_of_rows, costs=forecast.costs, step_hours=forecast.step_hours)
            ),
        ),
    }


def metrics_by_bucket(metrics: Mapping[str, Metric], buckets: Buckets) -> dict[str, Metric]:
    """Metrics of single buckets, by name; none where there is one bucket only."""
    if len(buckets) == 1:
        return {}
    return {
        f"{name}_{bucket}": replace(
            metrics[name],
            meaning=f"{name.replace('_', ' ')} of {text} only",
            compute=within(metrics[name].compute, buckets, number),
            row_values=_values_within(metrics[name].row_values, buckets, number),
            headline=False,
            by_subgroup=False,
            tunes=False,
            defined_for_any_targets=False,
        )
        for name in MEASURED_BY_BUCKET
        for number, (bucket, text) in enumerate(zip(buckets.names, buckets.texts, strict=True))
    }


def within(
    compute: Callable[[Targets, Predictions], float], buckets: Buckets, bucket: int
) -> Callable[[Targets, Predictions], float]:
    """The same of the rows of one bucket; NaN where there is none."""
    return partial(_within, compute=compute, buckets=buckets, bucket=bucket)


def _within(
    targets: Targets,
    predictions: Predictions,
    compute: Callable[[Targets, Predictions], float],
    buckets: Buckets,
    bucket: int,
) -> float:
    members = buckets.of(predictions[STEP]) == bucket
    return compute(targets[members], predictions.rows(members)) if members.any() else UNKNOWN


def _values_within(row_values: RowValues | None, buckets: Buckets, bucket: int) -> RowValues | None:
    """The same values, NaN of the rows of other buckets."""
    if row_values is None:
        return None
    return partial(_row_values_within, row_values=row_values, buckets=buckets, bucket=bucket)


def _row_values_within(
    targets: Targets,
    predictions: Predictions,
    row_values: RowValues,
    buckets: Buckets,
    bucket: int,
) -> Numbers:
    import numpy as np

    members = buckets.of(predictions[STEP]) == bucket
    values: Numbers = np.where(members, row_values(targets, predictions), np.nan)
    return values


def _pinball(targets: Targets, predictions: Predictions, quantile: float) -> Numbers:
    return pinball_losses(targets, predictions[PREDICTION], quantile)


def _instability(_: Targets, predictions: Predictions, step_hours: float) -> float:
    return relative_change(predictions, step_hours)
