import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import CensoredData, ecdf

from mlops_platform.monitoring.performance.label_delays import (
    LabelDelays,
    count_delays,
    delay_distribution,
    rows_by_age,
)

HOUR = 3600.0


def delays_at(moment, events, delays):
    """What is counted at a moment (hours) of events (hours) with true delays (hours)."""
    age = (moment - events) * HOUR
    known_age = np.where(events + delays <= moment, age - delays * HOUR, np.nan)
    return count_delays(age, known_age)


@given(
    known=st.lists(st.integers(0, 40), min_size=1, max_size=40),
    waiting=st.lists(st.integers(0, 40), max_size=40),
    cut=st.integers(0, 40),
)
def test_the_distribution_is_that_of_scipys_censored_ecdf(known, waiting, cut):
    counted = [
        LabelDelays(
            known=_pairs(known[:cut]),
            waiting=_pairs(waiting),
        ),
        LabelDelays(known=_pairs(known[cut:]), waiting=()),
    ]

    found = delay_distribution(counted)

    oracle = ecdf(CensoredData(uncensored=known, right=waiting)).cdf
    for hours in range(42):
        assert found.share_known(hours) == pytest.approx(float(oracle.evaluate(hours)))


def _pairs(hours):
    return tuple((hour, hours.count(hour)) for hour in sorted(set(hours)))


def test_an_outcome_that_is_awaited_does_not_shorten_the_delays():
    random = np.random.default_rng(0)
    events, delays = random.uniform(0, 168, 20_000), random.gamma(2, 30, 20_000)
    complete = delay_distribution([delays_at(10_000, events, delays)])
    early = delay_distribution([delays_at(200, events, delays)])
    naive = np.mean(delays[events + delays <= 200] <= 48)

    assert early.share_known(48) == pytest.approx(complete.share_known(48), abs=0.02)
    assert naive - complete.share_known(48) > 0.05


def test_the_expected_share_of_a_young_window_is_what_is_known_of_it():
    random = np.random.default_rng(1)
    earlier, events = random.uniform(-168, 0, 5000), random.uniform(0, 168, 5000)
    delays = random.gamma(2, 30, 5000)
    distribution = delay_distribution([delays_at(192, earlier, delays)])

    expected = distribution.expected_share(rows_by_age((192 - events) * HOUR))

    assert expected == pytest.approx(np.mean(events + random.permutation(delays) <= 192), abs=0.02)


def test_outcomes_that_never_come_leave_the_distribution_below_one():
    found = delay_distribution([LabelDelays(known=((5, 60),), waiting=((500, 40),))])

    assert found.share_known(4.9) == 0
    assert found.share_known(10_000) == pytest.approx(0.6)
    assert found.hours_until(0.5) == 5
    assert found.hours_until(0.9) is None


def test_without_a_known_outcome_there_is_no_distribution():
    assert delay_distribution([]) is None
    assert delay_distribution([LabelDelays(known=(), waiting=((3, 10),))]) is None


def test_hours_are_rounded_so_that_no_delay_looks_too_short():
    counted = count_delays(np.array([10.5, 10.5]) * HOUR, np.array([3.2 * HOUR, np.nan]))

    assert counted == LabelDelays(known=((8, 1),), waiting=((10, 1),))
