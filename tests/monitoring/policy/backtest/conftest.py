"""A past of weeks whose every loss is chosen by the test."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from mlops_platform.monitoring.policy.backtest.past import FitFacts, Past, PastWindow

FIRST = datetime(2013, 4, 1, tzinfo=UTC)
ROWS_A_DAY = 10.0
WEEK = timedelta(weeks=1)


def past_with(losses: NDArray[np.float64], label_delay_days: float = 1.0) -> Past:
    """Every day of a window has the loss per row that its fit has on the window.

    Args:
        losses: shape (fits, windows); what lies before a fit is ignored.
        label_delay_days: from the end of a day to its last label.
    """
    windows = len(losses)
    starts = [FIRST + at * WEEK for at in range(windows)]
    ends = FIRST.timestamp() + 86_400 * (np.arange(7 * windows) + 1)
    known = np.where(np.triu(np.ones_like(losses)) > 0, losses, np.nan)
    sums = np.repeat(known * ROWS_A_DAY, 7, axis=1)
    return Past(
        windows=tuple(
            PastWindow(
                name=f"{start:%Y-%m-%d}",
                start=start.date(),
                end=(start + WEEK).date(),
                ends_at=start + WEEK,
                matures_at=start + WEEK + timedelta(days=2),
            )
            for start in starts
        ),
        fits=tuple(
            FitFacts(
                as_of=start,
                rows=1000 + 70 * at,
                cpu_seconds=2.0,
                test_loss=0.5,
                test_baseline_loss=0.6,
            )
            for at, start in enumerate(starts)
        ),
        window_of=np.repeat(np.arange(windows), 7),
        rows=np.full(7 * windows, ROWS_A_DAY),
        known_at=ends + 86_400 * label_delay_days,
        sums={
            "loss": sums,
            "cost": 2 * sums,
            "baseline_loss": sums * 0 + 6.0,
            "estimated_loss": sums,
            "estimated_baseline_loss": sums * 0 + 6.0,
        },
    )


@pytest.fixture(scope="session")
def make_past() -> Callable[..., Past]:
    return past_with
