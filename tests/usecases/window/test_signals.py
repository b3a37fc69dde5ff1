"""Drift and performance of a window meet where they tell of one release."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from mlops_platform.data.windows import Window
from mlops_platform.monitoring.drift.column_drift import GroupDrift
from mlops_platform.monitoring.drift.window_drift import WindowDrift
from mlops_platform.monitoring.loss_figures import LossFigures
from mlops_platform.monitoring.performance.window_performance import WindowPerformance
from mlops_platform.usecases.window.drift import WatchedWindow
from mlops_platform.usecases.window.signals import window_signals

START = date(2013, 4, 1)


def measured(**changes: Any) -> WindowPerformance:
    figures = {
        "window": f"{START}",
        "start": START,
        "end": START + timedelta(weeks=1),
        "version": 1,
        "release": 1,
        "rows": 1000,
        "labelled": 900,
        "settled": 1000,
        "mature": True,
        "as_of": datetime(2013, 4, 15, tzinfo=UTC),
        "losses": LossFigures(
            loss=0.5,
            baseline_loss=0.6,
            test_loss=0.45,
            test_baseline_loss=0.6,
            estimated_loss=0.48,
            estimated_baseline_loss=0.6,
        ),
        "metrics": {"log_loss": 0.5},
        "change_point": True,
    }
    return WindowPerformance.model_validate(figures | changes)


def watched(alarm: bool | None, *, start: date = START, version: int = 1) -> WatchedWindow:
    group = GroupDrift(columns=(), threshold=3.0, reference_days=90, alarm=alarm)
    drift = WindowDrift(
        rows=1000,
        rule="calibrated",
        features=group,
        scores=group.model_copy(update={"alarm": None}),
        share_of_columns=0.1,
        importance_share=0.1,
        prediction=0.01,
    )
    window = Window(start=start, end=start + timedelta(weeks=1), timezone="America/New_York")
    return WatchedWindow(
        window=window, version=version, release=version, drift=drift, run_id="r", report="r"
    )


def signals(performance: WindowPerformance | None, *drift: WatchedWindow):
    measured = {} if performance is None else {performance.window: performance}
    return window_signals(measured, {one.window.name: one for one in drift})


def test_what_performance_found_is_passed_on() -> None:
    (window,) = signals(measured())
    assert (window.losses.loss, window.labelled, window.mature) == (0.5, 900, True)
    assert window.losses.loss_increase == pytest.approx(0.05)
    assert window.losses.estimated_increase == pytest.approx(0.03)
    assert window.change_point
    assert window.drift_alarm is None


@pytest.mark.parametrize("alarm", [True, False, None])
def test_the_verdict_on_drift_is_passed_on(alarm: bool | None) -> None:
    (window,) = signals(measured(), watched(alarm))
    assert window.drift_alarm is alarm
    assert window.losses.loss == 0.5


def test_the_drift_of_another_release_is_not_this_ones() -> None:
    (window,) = signals(measured(), watched(True, version=2))
    assert window.version == 1
    assert window.drift_alarm is None


def test_a_window_without_performance_still_tells_of_its_drift() -> None:
    later = START + timedelta(weeks=1)
    first, second = signals(measured(), watched(True, start=later))
    assert (first.window, second.window) == ("2013-04-01", "2013-04-08")
    assert (second.drift_alarm, second.mature, second.losses.loss) == (True, False, None)
