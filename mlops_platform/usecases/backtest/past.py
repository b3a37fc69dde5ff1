"""From fits of the past and what came of their rows to the sums that policies are judged by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from mlops_platform.data.features.features import read_training_rows
from mlops_platform.data.features.labels import since_first_known
from mlops_platform.data.windows import Window
from mlops_platform.monitoring.policy.backtest.past import FitFacts, Measure, Past, PastWindow
from mlops_platform.spec import ModelSpec
from mlops_platform.tasks import Constants, Predictions, Task
from mlops_platform.tasks.weights import relative_weights
from mlops_platform.usecases.backtest.takeovers import takeover_costs
from mlops_platform.usecases.window.maturity import matures_at

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from mlops_platform.tasks.predictions import Targets


@dataclass(frozen=True, eq=False)
class ScoredFit:
    """A fit of the past.

    Args:
        predictions: of the last rows of the outcomes: those with an event after the last one
            fitted on.
    """

    facts: FitFacts
    baseline: Constants
    predictions: Predictions


def read_all_outcomes(spec: ModelSpec, published_root: Path, windows: Sequence[Window]) -> pa.Table:
    """Every labelled row before the end of the last window, by event time and entity.

    Labels are those that stood when the last window was mature, known since they first were: a
    correction that comes months later must not make that day unknown until then.
    """
    history = spec.training.history.with_days(None)
    training = spec.training.model_copy(update={"history": history})
    as_of = matures_at(spec, windows[-1])
    rows = read_training_rows(spec.model_copy(update={"training": training}), published_root, as_of)
    import pyarrow.compute as pc

    before = rows.filter(pc.less(rows[spec.features.partition], windows[-1].end))
    known = since_first_known(spec, published_root, before)
    label, known_at = spec.label.column, spec.label.known_at_column
    if not spec.task.judges_unlabelled:
        return known.filter(known[label].is_valid())
    at_once = pc.coalesce(known[known_at], known[spec.features.moment_column])
    return known.set_column(known.column_names.index(known_at), known_at, at_once)


def past_of(
    spec: ModelSpec, windows: Sequence[Window], fits: Sequence[ScoredFit], outcomes: pa.Table
) -> Past:
    """The losses and costs of every fit by day.

    Args:
        fits: one per window: made with what was known when the window began.
        outcomes: what the fits were scored on.
    """
    import numpy as np

    days = outcomes[spec.features.partition].to_numpy().astype("datetime64[D]")
    first, last = np.datetime64(windows[0].start), np.datetime64(windows[-1].end)
    day_of = (days - first).astype(np.int64)  # negative before the first window
    count = int((last - first).astype(np.int64))
    targets = spec.task.targets(outcomes[spec.label.column].to_numpy())
    weights = _weights(spec, outcomes)
    moments = outcomes[spec.features.moment_column].to_numpy()
    sums: dict[Measure, NDArray[np.float64]] = {
        measure: np.full((len(fits), count), np.nan) for measure in get_args(Measure)
    }
    stated = [fit.predictions.at(moments[-len(fit.predictions) :]) for fit in fits]
    for position, (fit, window) in enumerate(zip(fits, windows, strict=True)):
        later = len(fit.predictions)
        began = int((np.datetime64(window.start) - first).astype(np.int64))
        served = day_of[-later:] >= began
        served_days, served_targets = day_of[-later:][served], targets[-later:][served]
        by_row = _by_row(spec.task, fit.baseline, served_targets, stated[position].rows(served))
        for measure, row_values in by_row.items():
            values = row_values if weights is None else row_values * weights[-later:][served]
            sums[measure][position, began:] = np.bincount(served_days, values, count)[began:]
    inside = day_of >= 0
    window_of = np.repeat(np.arange(len(windows)), [len(window.days) for window in windows])
    # Rows of before the first window are in none, however long before.
    window_of_row = np.where(inside, window_of[np.maximum(day_of, 0)], -1)
    return Past(
        windows=tuple(_window(spec, window) for window in windows),
        fits=tuple(fit.facts for fit in fits),
        window_of=window_of,
        rows=np.bincount(day_of[inside], minlength=count).astype(np.float64),
        known_at=_known_at(spec, outcomes, day_of, count),
        sums=sums,
        weights=None
        if weights is None
        else np.bincount(day_of[inside], weights[inside], count).astype(np.float64),
        takeovers=takeover_costs(spec.task, stated, window_of_row),
    )


def _weights(spec: ModelSpec, outcomes: pa.Table) -> NDArray[np.float64] | None:
    """Of all rows that fits are scored on, with the mean 1; None where all count the same."""
    weight = spec.features.weight
    return None if weight is None else relative_weights(outcomes[weight].to_numpy())


def _by_row(
    task: Task, baseline: Constants, targets: Targets, predictions: Predictions
) -> dict[Measure, NDArray[np.float64]]:
    """Every measure of each row; expected losses are not a number where the task has none."""
    import numpy as np

    unknown = np.full(len(targets), np.nan)
    expected = task.expected_losses(predictions, baseline) or (unknown, unknown)
    return {
        "loss": task.row_losses(targets, predictions),
        "cost": task.row_costs(targets, predictions),
        "baseline_loss": task.baseline_losses(targets, baseline, predictions),
        "estimated_loss": expected[0],
        "estimated_baseline_loss": expected[1],
    }


def _known_at(
    spec: ModelSpec, outcomes: pa.Table, day_of: NDArray[np.int64], count: int
) -> NDArray[np.float64]:
    """POSIX seconds at which the last label of each day has reached the platform."""
    import numpy as np

    delay = timedelta(days=spec.label.reporting_delay_days).total_seconds()
    moments = outcomes[spec.label.known_at_column].to_numpy().astype("datetime64[s]")
    known_at = moments.astype(np.float64)
    latest = np.zeros(count)
    np.maximum.at(latest, day_of[day_of >= 0], known_at[day_of >= 0] + delay)
    return latest


def _window(spec: ModelSpec, window: Window) -> PastWindow:
    return PastWindow(
        name=window.name,
        start=window.start,
        end=window.end,
        ends_at=window.ends_at,
        matures_at=matures_at(spec, window),
    )


def training_moments(windows: Sequence[Window]) -> list[datetime]:
    """When each fit is made: at the midnight that begins its first window."""
    began = windows[0].ends_at - timedelta(days=len(windows[0].days))
    return [began, *(window.ends_at for window in windows[:-1])]
