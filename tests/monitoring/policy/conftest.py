"""Weeks as a policy sees them."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from mlops_platform.monitoring.policy.signals import WindowSignals
from tests.monitoring.conftest import losses_of

FIRST_MONDAY = date(2013, 4, 1)


def signals(number: int, loss: float | None = 0.50, **changes: Any) -> WindowSignals:
    """The `number`-th Monday week, mature, of a champion that promises a loss of 0.50."""
    start = FIRST_MONDAY + timedelta(weeks=number)
    figures: dict[str, Any] = {
        "window": f"{start}",
        "start": start,
        "end": start + timedelta(weeks=1),
        "version": 1,
        "release": 1,
        "rows": 1000,
        "labelled": 970,
        "mature": True,
        "losses": losses_of(loss, changes),
    }
    return WindowSignals.model_validate(figures | changes)


@pytest.fixture(scope="session")
def make_signals() -> Callable[..., WindowSignals]:
    return signals
