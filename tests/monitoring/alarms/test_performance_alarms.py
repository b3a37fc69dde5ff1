import math
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_platform.monitoring.alarms.performance_alarms import (
    PERFORMANCE_CHECKS,
    performance_alarms,
)
from mlops_platform.monitoring.performance.changes.find_changes import DetectorFinding
from mlops_platform.monitoring.performance.label_delays import LabelDelays
from mlops_platform.monitoring.performance.label_maturity import LabelMaturity
from mlops_platform.spec import PerformanceSpec

CHANGE = DetectorFinding(
    detector="cusum", decides=True, found=date(2013, 4, 5), since=date(2013, 4, 2)
)


def labels(expected):
    return LabelMaturity(known=(), expected=expected, delays=LabelDelays(known=(), waiting=()))


def alarm_of(window, check, **declared):
    spec = PerformanceSpec.model_validate(declared)
    return {one.check: one for one in performance_alarms(window, spec)}[check]


def outcomes(alarms):
    return [(one.passed, one.severity) for one in alarms]


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (0.51, [(True, "warn"), (True, "warn")]),
        (0.53, [(False, "warn"), (True, "warn")]),
        (0.56, [(False, "error"), (True, "warn")]),
        (0.60, [(False, "error"), (False, "warn")]),
    ],
)
def test_a_mature_window_is_judged_by_the_test_and_by_the_base_rate(make_week, loss, expected):
    alarms = performance_alarms(make_week(0, loss), PerformanceSpec())

    assert tuple(one.check for one in alarms) == PERFORMANCE_CHECKS
    assert outcomes(alarms)[:2] == expected
    assert all(one.passed for one in alarms[2:])
    assert f"log loss is {loss:.4f}, against 0.5000" in alarms[0].reason


@pytest.mark.parametrize(
    ("level", "outcome"), [("off", (True, "warn")), ("error", (False, "error"))]
)
def test_the_base_rate_check_has_the_severity_of_the_spec(make_week, level, outcome):
    spec = PerformanceSpec(better_than_base_rate=level)

    assert outcomes(performance_alarms(make_week(0, 0.7), spec))[1] == outcome


@given(loss=st.floats(0, 40), settled=st.integers(0, 1000), expected=st.floats(0, 1))
def test_a_provisional_window_never_fails(make_week, loss, settled, expected):
    window = make_week(
        0,
        loss,
        settled=settled,
        mature=False,
        change_point=True,
        changes=[CHANGE],
        labels=labels(expected),
    )

    assert all(one.passed for one in performance_alarms(window, PerformanceSpec()))


def test_a_provisional_window_says_how_much_is_known(make_week):
    for alarm in performance_alarms(
        make_week(0, 0.9, settled=710, mature=False), PerformanceSpec()
    ):
        assert alarm.reason == "provisional: 71 % of outcomes are known"


def test_a_mature_window_that_cannot_be_judged_is_not_silent(make_week):
    spec = PerformanceSpec()

    for blind in (make_week(0, None, labelled=0), make_week(0, math.nan)):
        assert outcomes(performance_alarms(blind, spec))[:2] == [(False, "warn")] * 2
    one_class = make_week(0, None, labelled=12)
    assert all(one.passed for one in performance_alarms(one_class, spec))
    empty = make_week(0, None, rows=0, labelled=0, settled=0)
    assert all(one.passed for one in performance_alarms(empty, spec))


def test_scores_far_from_what_happened_are_reported_whatever_the_loss(make_week):
    metrics = {"log_loss": 0.5, "expected_calibration_error": 0.12}
    alarm = alarm_of(make_week(0, metrics=metrics), "calibration_error")

    assert (alarm.passed, alarm.severity, alarm.value) == (False, "warn", 0.12)
    switched_off = alarm_of(
        make_week(0, metrics=metrics), "calibration_error", calibration_error={}
    )
    assert switched_off.passed


@pytest.mark.parametrize("severity", ["off", "warn", "error"])
def test_a_change_point_has_the_severity_of_the_spec(make_week, severity):
    window = make_week(0, change_point=True, changes=[CHANGE])

    alarm = alarm_of(window, "change_point", change_detection={"severity": severity})

    assert alarm.passed is (severity == "off")
    assert alarm.passed or alarm.severity == severity
    assert "since 2013-04-02" in alarm.reason


@pytest.mark.parametrize("change_point", [None, False])
def test_without_a_change_nothing_is_reported(make_week, change_point):
    assert alarm_of(make_week(0, change_point=change_point), "change_point").passed


def test_outcomes_that_are_overdue_are_reported(make_week):
    late = make_week(0, settled=900, labels=labels(0.98))
    alarm = alarm_of(late, "outcomes_missing")

    assert (alarm.passed, alarm.severity) == (False, "warn")
    assert alarm.value == pytest.approx(0.08)
    assert "90 % of outcomes are known, against 98 %" in alarm.reason
    assert alarm_of(make_week(0, settled=900, labels=labels(0.92)), "outcomes_missing").passed
    assert alarm_of(make_week(0, labels=labels(None)), "outcomes_missing").passed
