"""Weeks as a policy sees them."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from mlops_platform.monitoring.policy.signals import WindowSignals

FIRST_MONDAY = date(2013, 4, 1)


def signals(number: int, log_loss: float | None = 0.50, **changes: Any) -> WindowSignals:
    """The `number`-th Monday week, mature, of a champion that promises a log loss of 0.50."""
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
        "log_loss": log_loss,
        "expected_log_loss": None if log_loss is None else 0.50,
        "base_rate_log_loss": None if log_loss is None else 0.60,
        "reference_log_loss": 0.50,
    }
    return WindowSignals.model_validate(figures | changes)


@pytest.fixture(scope="session")
def make_signals() -> Callable[..., WindowSignals]:
    return signals
