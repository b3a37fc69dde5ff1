from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from mlops_platform.errors import DataError
from mlops_platform.tasks.regression.adaptation import (
    Adaptation,
    AdaptationRule,
    Adjustment,
    ScoredDay,
    adjustment_on,
    adjustments,
)
from mlops_platform.tasks.regression.conformal import conformal_quantile

RELEASED = date(2013, 4, 1)
RULE = AdaptationRule(coverage=0.9, step=0.5, matured_after_days=2)
DAYS_OF_SCORES = st.lists(
    st.lists(st.floats(0, 50), max_size=40).map(np.array), min_size=1, max_size=25
)
RULES = st.builds(
    AdaptationRule,
    coverage=st.sampled_from([0.5, 0.8, 0.9, 0.99]),
    step=st.sampled_from([0.0, 0.1, 0.5, 1.0]),
    window_days=st.sampled_from([1, 3, 28]),
    matured_after_days=st.sampled_from([1, 2, 10]),
)


def days(scores, first=RELEASED):
    return [ScoredDay(first + timedelta(days=at), of) for at, of in enumerate(scores)]


def held_out(scores=(1.0, 2.0, 3.0)):
    return [ScoredDay(RELEASED - timedelta(days=1), np.array(scores))]


def drawn(count, rows, spread, seed=3):
    random = np.random.default_rng(seed)
    return [np.abs(random.normal(scale=spread, size=rows)) for _ in range(count)]


def served_coverage(matured, rule):
    """Share of covered rows by day, each under the adjustment that was valid on it."""
    ordered = list(adjustments(held_out(matured[0].scores), matured, RELEASED, rule))
    factors = [adjustment_on(ordered, scored.day).factor for scored in matured]
    pairs = zip(matured, factors, strict=True)
    return np.array([(scored.scores <= factor).mean() for scored, factor in pairs])


@given(scores=DAYS_OF_SCORES, rule=RULES, cut=st.integers(0, 25))
def test_an_adjustment_depends_on_no_later_day(scores, rule, cut):
    matured = days(scores)

    everything = list(adjustments(held_out(), matured, RELEASED, rule))
    until_cut = list(adjustments(held_out(), matured[:cut], RELEASED, rule))

    assert everything[: len(until_cut)] == until_cut


@given(scores=DAYS_OF_SCORES, rule=RULES)
def test_level_and_factor_stay_within_bounds_that_make_no_interval_empty_or_infinite(scores, rule):
    least, greatest = rule.level_bounds
    assert 0 < least < rule.coverage < greatest < 1

    for adjustment in adjustments(held_out(), days(scores), RELEASED, rule):
        assert least <= adjustment.level <= greatest
        assert 0 <= adjustment.factor <= 50


@given(scores=DAYS_OF_SCORES, rule=RULES)
def test_an_adjustment_is_valid_from_when_its_labels_were_known(scores, rule):
    first, *later = adjustments(held_out(), days(scores), RELEASED, rule)

    assert first.valid_from == RELEASED
    assert first.labels_through < RELEASED
    for adjustment in later:
        known = adjustment.valid_from - timedelta(days=rule.matured_after_days)
        assert adjustment.labels_through <= known


def test_a_level_that_does_not_move_takes_the_quantile_of_the_window():
    scores = drawn(5, 100, 1.0)
    rule = AdaptationRule(coverage=0.9, step=0, window_days=3, matured_after_days=1)

    *_, last = adjustments(held_out(), days(scores), RELEASED, rule)

    assert last.level == 0.9
    assert last.factor == conformal_quantile(np.concatenate(scores[-3:]), 0.9)
    assert last.rows == 300


def test_a_day_with_more_misses_than_promised_raises_the_level_for_the_next_ones():
    calm = days(drawn(3, 1000, 1.0))
    storm = ScoredDay(RELEASED + timedelta(days=3), drawn(1, 1000, 3.0)[0])
    _, *_, before, after = adjustments(held_out(), [*calm, storm], RELEASED, RULE)

    missed = (storm.scores > before.factor).mean()

    assert missed > 0.3
    unbounded = before.level + 0.5 * (missed - 0.1)
    assert after.level == pytest.approx(min(unbounded, RULE.level_bounds[1]))
    assert after.factor > before.factor


def test_days_of_few_rows_are_covered_as_promised_however_great_the_step():
    matured = days(drawn(400, 5, 1.0))
    rule = AdaptationRule(coverage=0.9, step=1, matured_after_days=2)

    assert served_coverage(matured, rule)[28:].mean() == pytest.approx(0.9, abs=0.02)
    levels = [of.level for of in adjustments(held_out(), matured, RELEASED, rule)]
    assert np.std(levels) < 0.03


def test_a_day_of_few_rows_moves_the_level_less():
    few = Adaptation(RULE, 0.9).after(held_out()[0]).after(ScoredDay(RELEASED, np.zeros(4)))

    assert few.level == pytest.approx(0.9 - 0.005 * 4 * 0.1)


def test_a_day_without_outcomes_changes_nothing():
    state = Adaptation(RULE, 0.9).after(held_out()[0])

    assert state.after(ScoredDay(RELEASED, np.array([]))) is state


@settings(max_examples=20)
@given(seed=st.integers(0, 1000), coverage=st.sampled_from([0.8, 0.9, 0.95]))
def test_exchangeable_days_are_covered_as_promised(seed, coverage):
    rule = AdaptationRule(coverage=coverage, step=0.5, matured_after_days=2)
    matured = days(drawn(120, 400, 1.0, seed))

    hits = served_coverage(matured, rule)

    # Five standard errors of 48,000 independent rows, and what the level adds of its own.
    error = np.sqrt(coverage * (1 - coverage) / (120 * 400))
    assert hits.mean() == pytest.approx(coverage, abs=5 * error + 0.002)


def test_errors_that_grow_are_followed():
    growing = [
        np.abs(np.random.default_rng(at).normal(scale=1 + at / 20, size=500)) for at in range(100)
    ]
    matured = days(growing)

    def mean_coverage(step):
        rule = AdaptationRule(coverage=0.9, step=step, matured_after_days=2)
        return served_coverage(matured, rule)[28:].mean()

    assert mean_coverage(0.0) < 0.87
    assert mean_coverage(0.5) == pytest.approx(0.9, abs=0.01)


def test_outcomes_that_come_late_do_not_make_the_level_swing():
    matured = days(drawn(120, 500, 1.0))

    def levels(delay):
        rule = AdaptationRule(coverage=0.9, step=0.5, matured_after_days=delay)
        return [one.level for one in adjustments(held_out(), matured, RELEASED, rule)]

    assert levels(30) == levels(1)


def test_the_adjustment_of_a_day_is_the_latest_one_valid_then():
    ordered = [
        Adjustment(valid_from=day, labels_through=day, level=0.9, factor=1, rows=1)
        for day in (date(2013, 4, 1), date(2013, 4, 4))
    ]

    assert adjustment_on(ordered, date(2013, 3, 31)) is None
    assert adjustment_on(ordered, date(2013, 4, 3)) is ordered[0]
    assert adjustment_on(ordered, date(2013, 4, 4)) is ordered[1]


def test_an_adjustment_survives_being_stored():
    first = next(adjustments(held_out(), [], RELEASED, RULE))

    assert Adjustment.from_stored(first.to_stored()) == first


def test_a_release_without_held_out_outcomes_is_refused():
    with pytest.raises(DataError, match="lengthen the validation part"):
        next(adjustments([], [], RELEASED, RULE))


def test_days_out_of_order_are_refused():
    first, second = days(drawn(2, 5, 1.0))

    with pytest.raises(DataError, match="scored day 2013-04-01 follows 2013-04-02"):
        list(adjustments(held_out(), [second, first], RELEASED, RULE))


def test_a_matured_day_before_the_release_is_refused():
    early = days(drawn(1, 5, 1.0), first=date(2013, 3, 31))

    with pytest.raises(DataError, match="before the release"):
        list(adjustments([ScoredDay(date(2013, 3, 1), np.ones(2))], early, RELEASED, RULE))


@pytest.mark.parametrize("field", ["coverage", "step", "window_days", "matured_after_days"])
def test_a_rule_without_meaning_is_refused(field):
    with pytest.raises(ValidationError, match=field):
        AdaptationRule(**{"coverage": 0.9, "matured_after_days": 1, field: -1})
