import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_platform.monitoring.alarm import (
    DRIFT_CHECKS,
    PERFORMANCE_CHECKS,
    drift_alarms,
    performance_alarms,
)
from mlops_platform.monitoring.drift.window_drift import ColumnDrift, WindowDrift
from mlops_platform.spec import DriftSpec, LevelsSpec, PerformanceSpec


def drift(*statistics: float, prediction: float = 0.0) -> WindowDrift:
    columns = tuple(
        ColumnDrift(
            column=f"c{at}",
            statistic=statistic,
            null_share_reference=0,
            null_share=0,
            drifted=statistic >= 0.1,
        )
        for at, statistic in enumerate(statistics)
    )
    share = sum(one.drifted for one in columns) / len(columns)
    return WindowDrift(rows=9, columns=columns, share_of_columns=share, prediction=prediction)


def outcomes(alarms):
    return [(one.passed, one.severity) for one in alarms]


def test_drift_below_every_level_passes():
    alarms = drift_alarms(drift(0.2, 0.05, 0.01), DriftSpec())

    assert tuple(one.check for one in alarms) == DRIFT_CHECKS
    assert outcomes(alarms) == [(True, "warn"), (True, "warn")]
    assert "1 of 3 columns" in alarms[0].reason
    assert "c0" in alarms[0].reason


def test_drift_that_reaches_a_level_fails_with_the_worst_one_reached():
    spec = DriftSpec(share_of_columns=LevelsSpec(warn=0.5, error=0.9))

    warned, predicted = drift_alarms(drift(0.2, 0.05, prediction=0.1), spec)
    assert (warned.passed, warned.severity, warned.value) == (False, "warn", 0.5)
    assert (predicted.passed, predicted.severity) == (False, "warn")
    (failed, _) = drift_alarms(drift(0.2, 0.3), spec)
    assert (failed.passed, failed.severity, failed.error) == (False, "error", 0.9)
    assert "1.0000 reaches the error level of 0.9" in failed.reason
    assert "c1, c0" in failed.reason


def test_levels_that_are_switched_off_never_fail():
    spec = DriftSpec(share_of_columns=LevelsSpec(), prediction=LevelsSpec())

    alarms = drift_alarms(drift(1.0, prediction=1.0), spec)

    assert all(one.passed and "switched off" in one.reason for one in alarms)


@pytest.mark.parametrize(
    ("log_loss", "expected"),
    [
        (0.51, [(True, "warn"), (True, "warn")]),
        (0.53, [(False, "warn"), (True, "warn")]),
        (0.56, [(False, "error"), (True, "warn")]),
        (0.60, [(False, "error"), (False, "warn")]),
    ],
)
def test_a_mature_window_is_judged_by_both_checks(make_week, log_loss, expected):
    alarms = performance_alarms(make_week(0, log_loss), PerformanceSpec())

    assert tuple(one.check for one in alarms) == PERFORMANCE_CHECKS
    assert outcomes(alarms) == expected
    assert f"log loss is {log_loss:.4f}, against 0.5000" in alarms[0].reason


@pytest.mark.parametrize(
    ("level", "outcome"), [("off", (True, "warn")), ("error", (False, "error"))]
)
def test_the_base_rate_check_has_the_severity_of_the_spec(make_week, level, outcome):
    spec = PerformanceSpec(better_than_base_rate=level)

    assert outcomes(performance_alarms(make_week(0, 0.7), spec))[1] == outcome


@given(log_loss=st.floats(0, 40), settled=st.integers(0, 1000))
def test_a_provisional_window_never_fails(make_week, log_loss, settled):
    window = make_week(0, log_loss, settled=settled, mature=False)

    assert all(one.passed for one in performance_alarms(window, PerformanceSpec()))


def test_a_provisional_window_says_how_much_is_known(make_week):
    for alarm in performance_alarms(
        make_week(0, 0.9, settled=710, mature=False), PerformanceSpec()
    ):
        assert alarm.reason == "provisional: 71 % of outcomes are known"


def test_a_mature_window_that_cannot_be_judged_is_not_silent(make_week):
    spec = PerformanceSpec()

    for blind in (make_week(0, None, labelled=0), make_week(0, math.nan)):
        assert outcomes(performance_alarms(blind, spec)) == [(False, "warn"), (False, "warn")]
    one_class = make_week(0, None, labelled=12)
    assert all(one.passed for one in performance_alarms(one_class, spec))
    empty = make_week(0, None, rows=0, labelled=0, settled=0)
    assert all(one.passed for one in performance_alarms(empty, spec))
