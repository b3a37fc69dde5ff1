"""From fits of the past and what came of their rows to the sums that policies are judged by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from mlops_platform.data.features.features import read_training_rows
from mlops_platform.data.windows import Window
from mlops_platform.monitoring.policy.backtest.past import FitFacts, Measure, Past, PastWindow
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.window.maturity import matures_at

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class ScoredFit:
    """A fit of the past.

    Args:
        base_rate: share of positives among the rows it was fitted on.
        scores: of the last rows of the outcomes: those with an event after the last one fitted on.
    """

    facts: FitFacts
    threshold: float
    base_rate: float
    scores: NDArray[np.float64]


def read_all_outcomes(spec: ModelSpec, published_root: Path, windows: Sequence[Window]) -> pa.Table:
    """Every labelled row before the end of the last window, by event time and entity."""
    history = spec.training.history.with_days(None)
    training = spec.training.model_copy(update={"history": history})
    as_of = matures_at(spec, windows[-1])
    rows = read_training_rows(spec.model_copy(update={"training": training}), published_root, as_of)
    import pyarrow.compute as pc

    return rows.filter(pc.less(rows[spec.features.partition], windows[-1].end))


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
    labels = outcomes[spec.label.column].to_numpy().astype(np.int64)
    sums: dict[Measure, NDArray[np.float64]] = {
        measure: np.full((len(fits), count), np.nan) for measure in get_args(Measure)
    }
    for position, (fit, window) in enumerate(zip(fits, windows, strict=True)):
        scores = fit.scores
        began = int((np.datetime64(window.start) - first).astype(np.int64))
        served = day_of[-len(scores) :] >= began
        served_days, served_labels = day_of[-len(scores) :][served], labels[-len(scores) :][served]
        for measure, values in _by_row(spec, fit, served_labels, scores[served]).items():
            sums[measure][position, began:] = np.bincount(served_days, values, count)[began:]
    inside = day_of >= 0
    return Past(
        windows=tuple(_window(spec, window) for window in windows),
        fits=tuple(fit.facts for fit in fits),
        window_of=np.repeat(np.arange(len(windows)), [len(window.days) for window in windows]),
        rows=np.bincount(day_of[inside], minlength=count).astype(np.float64),
        known_at=_known_at(spec, outcomes, day_of, count),
        sums=sums,
    )


def _by_row(
    spec: ModelSpec, fit: ScoredFit, labels: NDArray[np.int64], scores: NDArray[np.float64]
) -> dict[Measure, NDArray[np.float64]]:
    import numpy as np

    from mlops_platform.training.metrics import row_losses

    costs, positive = spec.training.costs, scores >= fit.threshold
    wrong = np.where(labels == 1, ~positive * costs.false_negative, positive * costs.false_positive)
    if_one, if_zero = (
        row_losses("log_loss", np.full_like(labels, outcome), scores) for outcome in (1, 0)
    )
    constant = np.full(len(labels), fit.base_rate)
    base_if_one, base_if_zero = (
        row_losses("log_loss", np.full_like(labels, outcome), constant) for outcome in (1, 0)
    )
    return {
        "loss": np.where(labels == 1, if_one, if_zero),
        "cost": wrong,
        "baseline_loss": np.where(labels == 1, base_if_one, base_if_zero),
        "estimated_loss": scores * if_one + (1 - scores) * if_zero,
        "estimated_baseline_loss": scores * base_if_one + (1 - scores) * base_if_zero,
    }


def _known_at(
    spec: ModelSpec, outcomes: pa.Table, day_of: NDArray[np.int64], count: int
) -> NDArray[np.float64]:
    """POSIX seconds at which the last label of each day has reached the platform."""
    import numpy as np

    delay = timedelta(days=spec.label.reporting_delay_days).total_seconds()
    known_at = outcomes[spec.label.known_at].to_numpy().astype("datetime64[s]").astype(np.float64)
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
