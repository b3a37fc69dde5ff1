from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from mlops_platform.errors import DataError
from mlops_platform.tasks.adaptation import Adjustment, ScoredDay
from mlops_platform.tasks.fitting.conformal import conformal_quantile
from mlops_platform.tasks.regression.adaptation import LevelRule
from mlops_platform.tasks.regression.columns import FACTOR, LEAST_REACH, LEVEL, ROWS
from mlops_platform.tasks.regression.interval import reaches_of
from mlops_platform.tasks.regression.task import Regression

RELEASED = date(2013, 4, 1)
RULE = LevelRule(coverage=0.9, step=0.5, window_days=28)
DAYS_OF_SCORES = st.lists(
    st.lists(st.floats(0, 50), max_size=40).map(np.array), min_size=1, max_size=25
)
RULES = st.builds(
    LevelRule,
    coverage=st.sampled_from([0.5, 0.8, 0.9, 0.99]),
    step=st.sampled_from([0.0, 0.1, 0.5, 1.0]),
    window_days=st.sampled_from([1, 3, 28]),
)
NUMBERS = st.floats(-1e6, 1e6)


def days(scores, first=RELEASED):
    return [ScoredDay(first + timedelta(days=at), of) for at, of in enumerate(scores)]


def held_out(scores=(1.0, 2.0, 3.0)):
    return [ScoredDay(RELEASED - timedelta(days=1), np.array(scores))]


def followed(matured, rule, known=None):
    """The adjustment of a release, and the one after each of its days."""
    known = known or held_out()
    ordered = [rule.begun(known)]
    for scored in matured:
        ordered.append(rule.after(ordered[-1], known, scored))
        known = [*known, scored]
    return ordered


def drawn(count, rows, spread, seed=3):
    random = np.random.default_rng(seed)
    return [np.abs(random.normal(scale=spread, size=rows)) for _ in range(count)]


def served_coverage(matured, rule, delay=2):
    """Share of covered rows by day, each served when the outcomes of so many days are unknown."""
    ordered = followed(matured, rule, held_out(matured[0].scores))
    served = [ordered[max(at - delay + 1, 0)] for at in range(len(matured))]
    pairs = zip(matured, served, strict=True)
    return np.array([(day.scores <= used.constants[FACTOR]).mean() for day, used in pairs])


@given(scores=DAYS_OF_SCORES, rule=RULES, cut=st.integers(0, 25))
def test_an_adjustment_depends_on_no_later_day(scores, rule, cut):
    matured = days(scores)

    everything = followed(matured, rule)
    until_cut = followed(matured[:cut], rule)

    assert everything[: len(until_cut)] == until_cut


@given(scores=DAYS_OF_SCORES, rule=RULES)
def test_level_and_factor_stay_within_bounds_that_make_no_interval_empty_or_infinite(scores, rule):
    least, greatest = rule.level_bounds
    assert 0 < least < rule.coverage < greatest < 1

    for adjustment in followed(days(scores), rule):
        assert least <= adjustment.facts[LEVEL] <= greatest
        assert 0 <= adjustment.constants[FACTOR] <= 50


@given(scores=DAYS_OF_SCORES, rule=RULES)
def test_an_adjustment_knows_labels_through_the_latest_day_with_an_outcome(scores, rule):
    matured = days(scores)
    latest = RELEASED - timedelta(days=1)

    first, *later = followed(matured, rule)

    assert first.labels_through == latest
    for scored, adjustment in zip(matured, later, strict=True):
        latest = scored.day if len(scored.scores) else latest
        assert adjustment.labels_through == latest


@given(scores=DAYS_OF_SCORES, rule=RULES)
def test_days_followed_one_by_one_from_what_was_stored_come_to_what_all_at_once_does(scores, rule):
    matured = days(scores)
    stored = rule.begun(held_out()).to_stored()
    known = held_out()
    for scored in matured:
        with_outcomes = [day for day in known if len(day.scores)]
        latest = with_outcomes[-rule.window_days :]
        stored = rule.after(Adjustment.from_stored(stored), latest, scored).to_stored()
        known.append(scored)

    assert Adjustment.from_stored(stored) == rule.begun([*held_out(), *matured])


@given(scores=DAYS_OF_SCORES, rule=RULES, held=st.integers(1, 25))
def test_a_release_may_begin_anywhere_among_the_days(scores, rule, held):
    everything = [*held_out(), *days(scores)]

    ordered = followed(everything[held:], rule, known=everything[:held])

    assert ordered[-1] == rule.begun(everything)


def test_days_that_are_older_than_count_do_no_harm():
    rule = LevelRule(coverage=0.9, step=0.5, window_days=3)
    *known, last = days(drawn(10, 50, 1.0))
    before = rule.begun(known)

    assert rule.after(before, known, last) == rule.after(before, known[-2:], last)


def test_a_release_begins_at_the_promised_level_with_the_quantile_of_its_first_day():
    [first, *_] = days(drawn(2, 100, 1.0))

    begun = RULE.begun([first])

    assert begun.facts == {LEVEL: 0.9, ROWS: 100}
    assert begun.constants == {FACTOR: conformal_quantile(first.scores, 0.9)}


def test_a_level_that_does_not_move_takes_the_quantile_of_the_window():
    scores = drawn(5, 100, 1.0)
    rule = LevelRule(coverage=0.9, step=0, window_days=3)

    *_, last = followed(days(scores), rule)

    assert last.constants == {FACTOR: conformal_quantile(np.concatenate(scores[-3:]), 0.9)}
    assert last.facts == {LEVEL: 0.9, ROWS: 300}


def test_days_without_outcomes_do_not_shorten_the_window():
    full, empty = drawn(4, 100, 1.0), np.array([])
    rule = LevelRule(coverage=0.9, step=0, window_days=3)

    *_, last = followed(days([full[0], full[1], empty, full[2], empty, full[3]]), rule)

    assert last.constants == {FACTOR: conformal_quantile(np.concatenate(full[1:]), 0.9)}


def test_a_day_with_more_misses_than_promised_raises_the_level_for_the_next_ones():
    calm = days(drawn(3, 1000, 1.0))
    storm = ScoredDay(RELEASED + timedelta(days=3), drawn(1, 1000, 3.0)[0])
    *_, before, after = followed([*calm, storm], RULE)

    missed = (storm.scores > before.constants[FACTOR]).mean()

    assert missed > 0.3
    unbounded = before.facts[LEVEL] + 0.5 * (missed - 0.1)
    assert after.facts[LEVEL] == pytest.approx(min(unbounded, RULE.level_bounds[1]))
    assert after.constants[FACTOR] > before.constants[FACTOR]


def test_days_of_few_rows_are_covered_as_promised_however_great_the_step():
    matured = days(drawn(400, 5, 1.0))
    rule = LevelRule(coverage=0.9, step=1, window_days=28)

    assert served_coverage(matured, rule)[28:].mean() == pytest.approx(0.9, abs=0.02)
    assert np.std([of.facts[LEVEL] for of in followed(matured, rule)]) < 0.03


def test_a_day_of_few_rows_moves_the_level_less():
    few = RULE.after(RULE.begun(held_out()), held_out(), ScoredDay(RELEASED, np.zeros(4)))

    assert few.facts[LEVEL] == pytest.approx(0.9 - 0.005 * 4 * 0.1)


def test_a_day_without_outcomes_changes_nothing():
    begun = RULE.begun(held_out())

    assert RULE.after(begun, held_out(), ScoredDay(RELEASED, np.array([]))) is begun


@settings(max_examples=20)
@given(seed=st.integers(0, 1000), coverage=st.sampled_from([0.8, 0.9, 0.95]))
def test_exchangeable_days_are_covered_as_promised(seed, coverage):
    rule = LevelRule(coverage=coverage, step=0.5, window_days=28)
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
        rule = LevelRule(coverage=0.9, step=step, window_days=28)
        return served_coverage(matured, rule)[28:].mean()

    assert mean_coverage(0.0) < 0.87
    assert mean_coverage(0.5) == pytest.approx(0.9, abs=0.01)


def test_outcomes_that_come_late_do_not_make_the_level_swing():
    matured = days(drawn(240, 500, 1.0))

    at_once, late = (served_coverage(matured, RULE, delay)[60:] for delay in (1, 30))

    # Moved by the misses of the intervals that were served, the late ones spread by 0.2.
    assert late.std() == pytest.approx(at_once.std(), abs=0.002)
    assert late.mean() == pytest.approx(0.9, abs=0.005)


def test_an_adjustment_survives_being_stored():
    begun = RULE.begun(held_out())

    assert Adjustment.from_stored(begun.to_stored()) == begun


@given(rows=st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS), min_size=1, max_size=20))
def test_an_interval_with_the_score_as_factor_just_holds_the_outcome(rows):
    predictions, lower, upper, targets = np.array(rows).T
    losses = np.ones(len(rows))
    numbers = np.column_stack([predictions, lower, upper, losses])

    scores = RULE.scores(targets, numbers, {LEAST_REACH: 0.5, FACTOR: 7.0})

    reaches = reaches_of(predictions, lower, upper, 0.5)
    lower_ends, upper_ends = reaches.intervals(scores)
    rounding = 1e-9 * (1 + np.abs(predictions) + np.abs(targets))
    assert (lower_ends - rounding <= targets).all()
    assert (targets <= upper_ends + rounding).all()
    nearest = np.minimum(np.abs(targets - lower_ends), np.abs(upper_ends - targets))
    assert (nearest <= rounding).all()


def test_a_person_reads_factor_level_and_rows():
    adjustment = Adjustment(
        constants={FACTOR: 1.25}, facts={LEVEL: 0.91, ROWS: 12345}, labels_through=RELEASED
    )

    assert RULE.text(adjustment) == (
        "intervals reach 1.250 times as far as the quantile models say (level 0.910 of 12,345 rows)"
    )


def test_intervals_follow_only_where_the_yaml_says_so():
    assert Regression().adaptation_rule is None


def test_the_rule_of_the_yaml_keeps_the_promise_of_its_task():
    task = Regression.model_validate({"coverage": 0.8, "adaptation": {}})

    assert task.adaptation_rule == LevelRule(
        coverage=0.8, step=0.2, window_days=28, stale_after_days=7
    )


@pytest.mark.parametrize("known", [[], [ScoredDay(RELEASED, np.array([]))]])
def test_a_release_without_held_out_outcomes_is_refused(known):
    with pytest.raises(DataError, match="lengthen the validation part"):
        RULE.begun(known)


def test_days_out_of_order_are_refused():
    first, second = days(drawn(2, 5, 1.0))

    with pytest.raises(DataError, match="scored day 2013-04-01 follows 2013-04-02"):
        followed([second, first], RULE)
    with pytest.raises(DataError, match="scored day 2013-04-01 follows 2013-04-02"):
        RULE.begun([second, first])


def test_a_day_that_is_known_already_is_refused():
    first, second = days(drawn(2, 5, 1.0))
    begun = RULE.begun([first, second])

    for known in (first, second):
        with pytest.raises(DataError, match="Pass each day once"):
            RULE.after(begun, [first, second], known)


@pytest.mark.parametrize("field", ["coverage", "step", "window_days", "stale_after_days"])
def test_a_rule_without_meaning_is_refused(field):
    with pytest.raises(ValidationError, match=field):
        LevelRule(**{"coverage": 0.9, "step": 0.2, "window_days": 28, field: -1})
