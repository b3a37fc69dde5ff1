import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_platform.monitoring.drift.alarm.alarm_threshold import drawn_windows, fit_alarm_threshold

NAME = ("column", "statistic")


@given(days=st.integers(1, 900), length=st.integers(1, 14))
def test_windows_drawn_are_whole_and_from_everywhere(days, length):
    drawn = drawn_windows(days, length)

    if days < 3 * length:
        assert drawn is None
        return
    assert drawn is not None
    assert len(drawn) <= 300
    assert (drawn.sum(axis=1) == length).all()
    assert (np.abs(np.diff(drawn, axis=1)).sum(axis=1) <= 2).all()  # of neighbours
    assert drawn[0, 0] == drawn[-1, -1] == 1


@pytest.mark.parametrize("rate", [0.05, 0.2])
def test_independent_statistics_alarm_together_at_the_rate(rate):
    random, length, alarms = np.random.default_rng(0), 1, []
    drawn = drawn_windows(200, length)
    for _ in range(400):
        past = random.normal(0, 1, (20, 200))
        threshold = fit_alarm_threshold(
            {(f"{at}", "s"): one for at, one in enumerate(past)}, drawn, rate
        )
        now = random.normal(0, 1, 20)
        deviations = [
            threshold.statistics[f"{at}", "s"].deviation(one) for at, one in enumerate(now)
        ]
        alarms.append(max(deviations) > threshold.deviation)

    assert np.mean(alarms) == pytest.approx(rate, abs=0.04)


def test_a_short_past_alarms_only_beyond_all_of_it():
    drawn = drawn_windows(70, 7)
    values = np.random.default_rng(0).normal(0, 1, len(drawn))

    strictest, strict, lax = (
        fit_alarm_threshold({NAME: values}, drawn, rate).deviation for rate in (0.001, 0.05, 0.4)
    )

    assert strictest > strict > lax
    fitted = fit_alarm_threshold({NAME: values}, drawn, 0.05).statistics[NAME]
    assert strict > max(fitted.deviation(value) for value in values)


def test_where_no_window_goes_further_than_the_median_nothing_is_still_to_come():
    drawn = np.eye(3)
    threshold = fit_alarm_threshold({NAME: np.array([0.1, 3.0, 3.0])}, drawn, 0.01, at_random=True)

    assert np.isfinite(threshold.deviation)


def test_the_tail_that_is_still_to_come_is_that_of_the_upper_half():
    drawn = np.eye(400)
    random = np.random.default_rng(7)
    values = random.exponential(1.0, len(drawn))

    def alarming_share(rate: float) -> float:
        threshold = fit_alarm_threshold({NAME: values}, drawn, rate, at_random=True)
        statistic, new = threshold.statistics[NAME], random.exponential(1.0, 200_000)
        return np.mean([statistic.deviation(value) > threshold.deviation for value in new])

    assert alarming_share(0.0005) == pytest.approx(0.0005, abs=0.0006)


def test_what_never_changed_may_change_a_little():
    drawn = drawn_windows(70, 7)
    threshold = fit_alarm_threshold({NAME: np.full(len(drawn), np.log(0.1))}, drawn, 0.05)

    assert threshold.statistics[NAME].deviation(np.log(0.11)) == pytest.approx(0.48, abs=0.01)
    assert threshold.statistics[NAME].deviation(np.log(0.3)) > 5


def test_an_erratic_statistic_does_not_hide_the_others():
    drawn = drawn_windows(70, 7)
    random = np.random.default_rng(0)
    past = {(f"column{at}", "s"): random.normal(0, 1, len(drawn)) for at in range(5)}
    strange = {("strange", "s"): np.where(np.arange(len(drawn)) < 7, 50.0, past["column0", "s"])}

    calm, threshold = (fit_alarm_threshold(of, drawn, 0.05) for of in (past, past | strange))

    assert threshold.deviation == pytest.approx(calm.deviation)
    usual = threshold.statistics["strange", "s"]
    assert usual.deviation(49.0) < threshold.deviation < usual.deviation(51.0)
    for name, usual in calm.statistics.items():
        assert threshold.statistics[name].spread == pytest.approx(usual.spread)


def test_means_deviate_either_way_and_distances_only_upwards():
    drawn = drawn_windows(70, 7)
    values = np.random.default_rng(0).normal(0, 1, len(drawn))

    threshold = fit_alarm_threshold({("c", "mean"): values, ("c", "nulls"): values}, drawn, 0.05)

    assert threshold.statistics["c", "mean"].deviation(-5) > 4
    assert threshold.statistics["c", "nulls"].deviation(-5) < -4
