import math
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_platform.monitoring.alarms.performance_alarms import (
    performance_alarms,
    performance_checks,
)
from mlops_platform.monitoring.performance.changes.find_changes import DetectorFinding
from mlops_platform.monitoring.performance.interval import Interval
from mlops_platform.monitoring.performance.label_delays import LabelDelays
from mlops_platform.monitoring.performance.label_maturity import LabelMaturity
from mlops_platform.spec import ModelSpec

CHANGE = DetectorFinding(
    detector="cusum", decides=True, found=date(2013, 4, 5), since=date(2013, 4, 2)
)


def labels(expected):
    return LabelMaturity(known=(), expected=expected, delays=LabelDelays(known=(), waiting=()))


def declared(**performance: Any) -> ModelSpec:
    """The smallest model, with these keys of `monitoring.performance`."""
    attributes = {
        "name": "late_flights",
        "description": "Will it be late?",
        "owners": ["team:tests"],
        "features": {"table": "flights", "entity": "flight_id", "numeric": ["distance"]},
        "label": {"table": "arrivals", "column": "is_late"},
        "window": {"cadence": "weekly", "start": "2013-01-07"},
        "training": {
            "candidates": [
                {
                    "name": "linear",
                    "preprocessing": [{"columns": "numeric"}],
                    "estimator": {"type": "sklearn.linear_model.LogisticRegression"},
                }
            ]
        },
        "monitoring": {"performance": performance},
        "card": {"intended_use": "Tests.", "out_of_scope": "Everything else."},
    }
    return ModelSpec.model_validate(attributes)


PLAIN = declared()


def alarm_of(window, check, **performance):
    alarms = performance_alarms(window, declared(**performance))
    return {alarm.check: alarm for alarm in alarms}[check]


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
def test_a_mature_window_is_judged_by_the_test_and_by_the_baseline(make_week, loss, expected):
    alarms = performance_alarms(make_week(0, loss), PLAIN)

    assert tuple(alarm.check for alarm in alarms) == performance_checks(PLAIN)
    assert outcomes(alarms)[:2] == expected
    assert all(one.passed for one in alarms[2:])
    assert f"log loss is {loss:.4f}, against 0.5000" in alarms[0].reason


@pytest.mark.parametrize(
    ("figure", "check"),
    [("loss_increase", "loss_increase"), ("loss_over_baseline", "better_than_baseline")],
)
@pytest.mark.parametrize(("lower", "passed"), [(-0.01, True), (0.0, True), (0.001, False)])
def test_a_loss_that_chance_explains_is_no_alarm(make_week, figure, check, lower, passed):
    window = make_week(0, 0.7, intervals={figure: Interval(lower=lower, upper=0.4)})
    alarm = alarm_of(window, check)

    assert alarm.passed is passed
    assert ("may be chance" in alarm.reason) is passed


def test_a_window_in_which_nothing_was_lost_is_no_worse_than_its_baseline(make_week):
    """Alerts and random alerts cost the same where there is neither an alert nor an anomaly."""
    losses = {"loss": 0.0, "baseline_loss": 0.0}
    window = make_week(0, 0.0)
    nothing_lost = window.model_copy(update={"losses": window.losses.model_copy(update=losses)})

    alarm = alarm_of(nothing_lost, "better_than_baseline")
    assert alarm.passed
    assert "reaches" not in alarm.reason


@pytest.mark.parametrize(
    ("value", "interval", "passed"),
    [
        (0.55, (0.5, 0.59), False),
        (0.55, (0.5, 0.61), True),
        (0.95, (0.91, 0.99), False),
        (0.95, (0.89, 0.99), True),
        (0.75, (0.5, 0.99), True),
    ],
)
def test_a_metric_must_surely_have_left_its_limits(make_week, value, interval, passed):
    lower, upper = interval
    window = make_week(
        0,
        metrics={"log_loss": 0.5, "roc_auc": value},
        intervals={"roc_auc": Interval(lower=lower, upper=upper)},
    )
    alarm = alarm_of(window, "roc_auc", levels={"roc_auc": {"warn": {"min": 0.6, "max": 0.9}}})

    assert alarm.passed is passed
    assert ("may be chance" in alarm.reason) is (passed and value != 0.75)


def test_of_two_levels_the_worst_that_is_surely_reached_counts(make_week):
    window = make_week(
        0,
        metrics={"log_loss": 0.5, "roc_auc": 0.5},
        intervals={"roc_auc": Interval(lower=0.4, upper=0.6)},
    )
    alarm = alarm_of(window, "roc_auc", levels={"roc_auc": {"warn": 0.62, "error": 0.58}})

    assert (alarm.passed, alarm.severity) == (False, "warn")


@pytest.mark.parametrize(
    ("level", "outcome"), [("off", (True, "warn")), ("error", (False, "error"))]
)
def test_the_baseline_check_has_the_severity_of_the_spec(make_week, level, outcome):
    spec = declared(better_than_baseline=level)

    assert outcomes(performance_alarms(make_week(0, 0.7), spec))[1] == outcome


@given(loss=st.floats(0, 40), outcomes_known=st.integers(0, 1000), expected=st.floats(0, 1))
def test_a_provisional_window_never_fails(make_week, loss, outcomes_known, expected):
    window = make_week(
        0,
        loss,
        outcomes_known=outcomes_known,
        mature=False,
        change_point=True,
        changes=[CHANGE],
        labels=labels(expected),
    )

    assert all(one.passed for one in performance_alarms(window, PLAIN))


def test_a_provisional_window_says_how_much_is_known(make_week):
    for alarm in performance_alarms(make_week(0, 0.9, outcomes_known=710, mature=False), PLAIN):
        assert alarm.reason == "provisional: 71 % of outcomes are known"


def test_a_mature_window_that_cannot_be_judged_is_not_silent(make_week):
    spec = PLAIN

    for blind in (make_week(0, None, labelled=0), make_week(0, math.nan)):
        assert outcomes(performance_alarms(blind, spec))[:2] == [(False, "warn")] * 2
    one_class = make_week(0, None, labelled=12)
    assert all(one.passed for one in performance_alarms(one_class, spec))
    empty = make_week(0, None, rows=0, labelled=0, outcomes_known=0)
    assert all(one.passed for one in performance_alarms(empty, spec))


def test_scores_far_from_what_happened_are_reported_whatever_the_loss(make_week):
    metrics = {"log_loss": 0.5, "expected_calibration_error": 0.12}
    check = "expected_calibration_error"
    alarm = alarm_of(make_week(0, metrics=metrics), check)

    assert (alarm.passed, alarm.severity, alarm.value) == (False, "warn", 0.12)
    switched_off = alarm_of(make_week(0, metrics=metrics), check, levels={check: {}})
    assert switched_off.passed
    assert check not in performance_checks(declared(levels={check: None}))


@pytest.mark.parametrize(
    ("levels", "value", "outcome", "words"),
    [
        ({"warn": 0.62, "error": 0.58}, 0.63, (True, "warn"), "roc auc is 0.6300"),
        ({"warn": 0.62, "error": 0.58}, 0.62, (False, "warn"), "the warn level of 0.62"),
        ({"warn": 0.62, "error": 0.58}, 0.5, (False, "error"), "the error level of 0.58"),
        ({"warn": {"min": 0.6, "max": 0.9}}, 0.9, (True, "warn"), "roc auc is 0.9000"),
        ({"warn": {"min": 0.6, "max": 0.9}}, 0.6, (True, "warn"), "roc auc is 0.6000"),
        ({"warn": {"min": 0.6, "max": 0.9}}, 0.91, (False, "warn"), "level of 0.9"),
        ({"error": {"min": 0.6, "max": 0.9}}, 0.59, (False, "error"), "level of 0.6"),
    ],
)
def test_a_metric_with_levels_is_judged_in_its_own_direction(
    make_week, levels, value, outcome, words
):
    window = make_week(0, metrics={"log_loss": 0.5, "roc_auc": value})

    alarm = alarm_of(window, "roc_auc", levels={"roc_auc": levels})

    assert (alarm.passed, alarm.severity) == outcome
    assert words in alarm.reason


def test_what_is_not_judged_still_shows_its_levels(make_week):
    window = make_week(0, 0.9, mature=False)
    levels = {"roc_auc": {"warn": 0.62, "error": 0.58}}

    judged = alarm_of(window, "roc_auc", levels=levels)
    assert (judged.warn, judged.error, judged.conclusive) == (0.62, 0.58, False)
    increase = alarm_of(window, "loss_increase")
    assert (increase.warn, increase.error, increase.conclusive) == (0.02, 0.05, False)


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
    late = make_week(0, outcomes_known=900, labels=labels(0.98))
    alarm = alarm_of(late, "outcomes_missing")

    assert (alarm.passed, alarm.severity) == (False, "warn")
    assert alarm.value == pytest.approx(0.08)
    assert "90 % of outcomes are known, against 98 %" in alarm.reason
    assert alarm_of(
        make_week(0, outcomes_known=900, labels=labels(0.92)), "outcomes_missing"
    ).passed
    assert alarm_of(make_week(0, labels=labels(None)), "outcomes_missing").passed
