from dataclasses import replace

import numpy as np
import pytest

from benchmarks.intervals.champions import Champion
from benchmarks.intervals.flights import DAY, Predicted
from benchmarks.intervals.ways import additive, following, following_served, scaled
from mlops_platform.tasks.regression.adaptation import LevelRule

START = np.datetime64("2013-04-01", "D")
RULE = LevelRule(coverage=0.9, step=0.5, window_days=28)


def predicted(first, count, seed):
    """Fifty rows a day, whose errors are as great as said."""
    random = np.random.default_rng(seed)
    days = np.repeat(first + np.arange(count) * DAY, 50)
    rows = len(days)
    return Predicted(
        days=days,
        known_from=days + 2 * DAY,
        targets=random.normal(size=rows),
        predictions=np.zeros(rows),
        lower=np.full(rows, -1.6),
        upper=np.full(rows, 1.6),
        estimated_loss=np.ones(rows),
        carrier=np.full(rows, "AA"),
        origin=np.full(rows, "JFK"),
    )


@pytest.fixture
def champion():
    held_out = predicted(START - 21 * DAY, 21, seed=0)
    served = predicted(START, 40, seed=1)
    return Champion(START, held_out.targets, held_out, served)


@pytest.mark.parametrize("delay", [1, 2, 15])
@pytest.mark.parametrize("way", [following, following_served])
@pytest.mark.parametrize("scoring", [scaled, additive])
def test_an_interval_depends_on_no_label_that_was_not_known(champion, way, scoring, delay):
    changed_from = START + 20 * DAY
    targets = np.where(champion.served.days >= changed_from, 99.0, champion.served.targets)
    changed = replace(champion, served=replace(champion.served, targets=targets))

    before, after = (way(scoring, RULE, delay)(of) for of in (champion, changed))

    unknown = champion.served.days < changed_from + delay * DAY
    assert (before[1][unknown] == after[1][unknown]).all()
    assert (before[1][~unknown] < after[1][~unknown]).all()


@pytest.mark.parametrize("scoring", [scaled, additive])
def test_a_release_serves_what_its_held_out_rows_set_until_its_first_day_is_known(
    champion, scoring
):
    unlike = replace(champion, served=replace(champion.served, targets=champion.served.targets * 9))

    before, after = (following(scoring, RULE, 15)(of) for of in (champion, unlike))

    first = champion.served.days < START + 15 * DAY
    reaches = np.unique(before[1][first])
    assert len(reaches) == 1
    assert (after[1][first] == reaches).all()
    assert (after[1][~first] > reaches).all()


@pytest.mark.parametrize("way", [following, following_served])
def test_a_level_that_stands_still_is_the_same_in_both_ways(champion, way):
    still = RULE.model_copy(update={"step": 0.0})

    assert np.array_equal(way(scaled, still)(champion), following(scaled, still)(champion))
