"""What an evaluation tells of a forecast alone: its figures by step and by bucket of steps."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import TYPE_CHECKING, Final

from mlops_platform.record import Record
from mlops_platform.tasks.detail_table import DetailTable
from mlops_platform.tasks.forecasting.buckets import Buckets
from mlops_platform.tasks.forecasting.columns import NAIVE, NEW_SERIES, SERIES, STEP
from mlops_platform.tasks.forecasting.named_metrics import BY_BUCKET, within
from mlops_platform.tasks.metric import Metric
from mlops_platform.tasks.predictions import Predictions
from mlops_platform.tasks.regression.columns import PREDICTION
from mlops_platform.tasks.regression.details import Details, details_of, tables_of

if TYPE_CHECKING:
    from mlops_platform.tasks.predictions import Targets

UNDEFINED: Final = "undefined"


class StepFigures(Record):
    """Of the test rows of some steps.

    Args:
        last: the last of these steps.
        figures: metrics by name; without those that are not defined.
        naive_error: mean absolute error of the seasonal naive.
    """

    steps: str
    last: int
    rows: int
    figures: dict[str, float]
    naive_error: float


class ForecastDetails(Record):
    """Of the test rows.

    Args:
        interval: what any prediction with an interval has.
        series: that the version was fitted on and that have test rows.
        new_rows: rows of others.
    """

    interval: Details
    coverage: float
    buckets: tuple[StepFigures, ...]
    steps: tuple[StepFigures, ...]
    series: int
    new_rows: int


def forecast_details(
    targets: Targets, predictions: Predictions, metrics: Mapping[str, Metric], forecast: Asked
) -> ForecastDetails:
    """Measure them.

    Args:
        metrics: over all steps, by name.
    """
    import numpy as np

    coverage, horizon, buckets = forecast
    every_step = Buckets(tuple(range(1, horizon + 1)))
    is_new = predictions[SERIES] == NEW_SERIES
    return ForecastDetails(
        interval=details_of(targets, predictions, coverage),
        coverage=coverage,
        buckets=_by_bucket(targets, predictions, metrics, buckets),
        steps=_by_bucket(targets, predictions, metrics, every_step),
        series=len(np.unique(predictions[SERIES][~is_new])),
        new_rows=int(is_new.sum()),
    )


Asked = tuple[float, int, Buckets]
"""Promised coverage, number of steps, and buckets of them."""


def _by_bucket(
    targets: Targets, predictions: Predictions, metrics: Mapping[str, Metric], buckets: Buckets
) -> tuple[StepFigures, ...]:
    import numpy as np

    naive = Predictions({**predictions.columns, PREDICTION: predictions[NAIVE]})
    naive = naive.weighted_like(predictions)
    of_error = metrics["absolute_error"].compute
    rows = np.bincount(buckets.of(predictions[STEP]), minlength=len(buckets))
    return tuple(
        StepFigures(
            steps=text,
            last=last,
            rows=int(rows[number]),
            figures=_defined(
                {
                    name: within(metrics[name].compute, buckets, number)(targets, predictions)
                    for name in BY_BUCKET
                }
            ),
            naive_error=within(of_error, buckets, number)(targets, naive),
        )
        for number, (text, last) in enumerate(zip(buckets.texts, buckets.ends, strict=True))
        if rows[number]
    )


def _defined(figures: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in figures.items() if isfinite(value)}


def forecast_tables(details: ForecastDetails) -> tuple[DetailTable, ...]:
    """Figures by bucket and by series, then what any prediction with an interval has."""
    by_steps = DetailTable(
        title="Errors by horizon",
        columns=(
            "steps",
            *(name.replace("_", " ") for name in BY_BUCKET),
            "absolute error of the seasonal naive",
            "rows",
        ),
        rows=tuple(
            (
                part.steps,
                *(part.figures.get(name, UNDEFINED) for name in BY_BUCKET),
                part.naive_error,
                part.rows,
            )
            for part in details.buckets
        ),
    )
    series = DetailTable(
        title="Series",
        columns=("series known from training", "rows of new series"),
        rows=((details.series, details.new_rows),),
    )
    return (by_steps, series, *tables_of(details.interval.model_dump()))
