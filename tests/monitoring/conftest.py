"""Small tables with a known distribution, and weeks of performance."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from mlops_platform.monitoring.drift.column_drift import GroupDrift
from mlops_platform.monitoring.drift.window_drift import WindowDrift
from mlops_platform.monitoring.loss_figures import LossFigures
from mlops_platform.monitoring.performance.window_performance import WindowPerformance

FIRST_MONDAY = date(2013, 4, 1)


def flights(rows: int = 2000, seed: int = 0) -> pa.Table:
    """Rows with a numeric, a rounded, a categorical column and some nulls."""
    random = np.random.default_rng(seed)
    distance = random.normal(1000, 300, rows)
    distance[random.random(rows) < 0.1] = np.nan
    return pa.table(
        {
            "flight_id": [f"f{at}" for at in range(rows)],
            "distance": distance,
            "weekday": random.integers(1, 8, rows).astype(float),
            "carrier": random.choice(["UA", "DL", "AA", None], rows, p=[0.5, 0.3, 0.1, 0.1]),
        }
    )


def week(number: int, loss: float | None = 0.50, **changes: Any) -> WindowPerformance:
    """The `number`-th Monday week, mature, of a champion whose own test loss is 0.50."""
    start = FIRST_MONDAY + timedelta(weeks=number)
    figures: dict[str, Any] = {
        "window": f"{start}",
        "start": start,
        "end": start + timedelta(weeks=1),
        "version": 1,
        "release": 1,
        "rows": 1000,
        "labelled": 970,
        "outcomes_known": 1000,
        "mature": True,
        "as_of": datetime(2013, 8, 1, tzinfo=UTC),
        "losses": losses_of(loss, changes),
        "metrics": {}
        if loss is None
        else {"log_loss": loss, "roc_auc": 0.7, "expected_calibration_error": 0.02},
    }
    return WindowPerformance.model_validate(figures | changes)


def losses_of(loss: float | None, changes: dict[str, Any]) -> LossFigures:
    """Losses where the baseline is as good as on the test rows; takes its changes out of others."""
    changed = {name: changes.pop(name) for name in LossFigures.model_fields if name in changes}
    figures = {
        "name": "log loss",
        "baseline_name": "base rate",
        "loss": loss,
        "baseline_loss": None if loss is None else 0.60,
        "test_loss": 0.50,
        "test_baseline_loss": 0.60,
    }
    return LossFigures.model_validate(figures | changed)


def drift(share: float, *, alarm: bool | None = False) -> WindowDrift:
    """Drift of a window, with as many of its columns drifted."""
    judged = GroupDrift(columns=(), threshold=3.0, reference_days=90, alarm=alarm)
    return WindowDrift(
        rows=1000,
        rule="calibrated",
        features=judged,
        scores=judged,
        share_of_columns=share,
        importance_share=share,
        prediction=0.1,
    )


@pytest.fixture(scope="session")
def make_drift() -> Callable[..., WindowDrift]:
    return drift


@pytest.fixture(scope="session")
def make_flights() -> Callable[..., pa.Table]:
    return flights


@pytest.fixture(scope="session")
def make_week() -> Callable[..., WindowPerformance]:
    return week
