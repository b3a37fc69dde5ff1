"""The absolute error of a week estimated without its labels, against what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from benchmarks.intervals.champions import Champion
from benchmarks.intervals.flights import DAY, Predicted
from benchmarks.intervals.weeks import together, week_of
from mlops_platform.tasks.regression.expected_loss import expected_losses
from mlops_platform.tasks.regression.metrics import absolute_errors

WINDOW_DAYS = 28


def loss_estimates(ordered: Sequence[Champion]) -> pd.DataFrame:
    """One row per week: what came of it, and every estimate by its name."""
    return pd.DataFrame([week for champion in ordered for week in _estimates(champion)])


def _estimates(champion: Champion) -> Iterator[dict[str, float]]:
    history = together([champion.held_out, champion.served])
    tested = _errors(champion.held_out).mean()
    weeks = week_of(champion.served.days)
    for week in np.unique(weeks):
        rows = champion.served.of(weeks == week)
        # Days of which every label was known when the week began.
        known = history.of(history.days < rows.days.min() - DAY)
        latest = known.of(known.days >= known.days.max() - 6 * DAY)
        known = known.of(known.days > known.days.max() - WINDOW_DAYS * DAY)
        unseen = known.of(np.isfinite(known.estimated_loss))
        yield {
            "week": int(week),
            "realised": _errors(rows).mean(),
            "held-out rows": tested,
            "latest 7 days": _errors(latest).mean(),
            "latest 28 days": _errors(known).mean(),
            "model of the loss": rows.estimated_loss.mean(),
            "model of the loss, isotonic": expected_losses(
                rows.estimated_loss, unseen.estimated_loss, _errors(unseen)
            ).mean(),
            "**width, isotonic**": expected_losses(
                _widths(rows), _widths(known), _errors(known)
            ).mean(),
        }


def _errors(rows: Predicted) -> np.ndarray:
    return absolute_errors(rows.targets, rows.predictions)


def _widths(rows: Predicted) -> np.ndarray:
    return rows.upper - rows.lower
