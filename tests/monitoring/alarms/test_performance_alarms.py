import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_platform.monitoring.alarms.performance_alarms import (
    PERFORMANCE_CHECKS,
    performance_alarms,
)
from mlops_platform.spec import PerformanceSpec


def outcomes(alarms):
    return [(one.passed, one.severity) for one in alarms]


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
