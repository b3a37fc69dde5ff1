from datetime import date, timedelta
from math import exp

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest

from mlops_platform.monitoring.performance.changes.error_blocks import ErrorBlock
from mlops_platform.monitoring.performance.changes.find_changes import find_changes
from mlops_platform.monitoring.performance.changes.normal_scores import NormalScores
from mlops_platform.spec import ChangeDetectionSpec

EVERY = ("cusum", "rolling")
FIRST = date(2013, 4, 1)


def blocks(relative_losses, hardness=None):
    """One block a day; `hardness` is the base rate's own loss on that day."""
    hard = np.full(len(relative_losses), 0.6) if hardness is None else hardness
    return [
        ErrorBlock(
            day=FIRST + timedelta(days=at),
            rows=900,
            loss=baseline * exp(relative),
            baseline_loss=baseline,
        )
        for at, (relative, baseline) in enumerate(zip(relative_losses, hard, strict=True))
    ]


def stream(seed, days, rises_after=None, by=0.3):
    """Relative losses of a held-out week and of days served, with a standard deviation of 0.15."""
    random = np.random.default_rng(seed)
    served = random.normal(-0.15, 0.15, days)
    if rises_after is not None:
        served[rises_after:] += by
    return blocks(random.normal(-0.15, 0.15, 7)), blocks(served)


@pytest.mark.parametrize(("detector", "days"), [("cusum", 7), ("rolling", 14)])
def test_every_detector_finds_that_errors_have_risen(detector, days):
    spec = ChangeDetectionSpec(detectors=(detector,), decides=detector)

    (finding,) = find_changes(spec, *stream(1, 150 + days, rises_after=150, by=0.5))

    assert finding.detector == detector
    assert FIRST + timedelta(days=150) <= finding.found < FIRST + timedelta(days=150 + days)


@pytest.mark.parametrize("detector", ["cusum", "rolling"])
def test_the_change_is_dated_near_its_beginning(detector):
    spec = ChangeDetectionSpec(detectors=(detector,), decides=detector)

    (finding,) = find_changes(spec, *stream(1, 110, rises_after=50, by=0.5))

    assert abs((finding.since - FIRST).days - 50) <= 14


def test_in_a_year_without_a_change_false_alarms_are_rare():
    spec = ChangeDetectionSpec(detectors=EVERY)
    alarms = dict.fromkeys(EVERY, 0)
    for seed in range(30):
        for finding in find_changes(spec, *stream(seed, 365)):
            alarms[finding.detector] += finding.found is not None

    # One in 930 blocks: in about a third of all years.
    assert 4 <= alarms["cusum"] <= 17
    assert alarms["rolling"] <= 10


def test_a_fall_of_the_errors_is_no_finding():
    findings = find_changes(
        ChangeDetectionSpec(detectors=EVERY), *stream(3, 120, rises_after=60, by=-0.4)
    )

    assert [finding.found for finding in findings] == [None] * len(EVERY)


def test_days_that_are_hard_for_everybody_are_no_change():
    random = np.random.default_rng(0)
    hardness = np.where(np.arange(80) < 40, 0.4, 0.8) * np.exp(random.normal(0, 0.2, 80))
    served = blocks(random.normal(-0.15, 0.15, 80), hardness)

    (finding,) = find_changes(ChangeDetectionSpec(detectors=("cusum",)), stream(0, 0)[0], served)

    assert finding.found is None


@settings(max_examples=25)
@given(seed=st.integers(0, 1000), cuts=st.sets(st.integers(0, 90), min_size=1, max_size=5))
def test_judging_window_after_window_finds_what_one_pass_finds(seed, cuts):
    spec = ChangeDetectionSpec(detectors=EVERY)
    held_out, served = stream(seed, 90, rises_after=30)
    latest = dict.fromkeys(EVERY)
    one_pass = {finding.detector: finding for finding in find_changes(spec, held_out, served)}

    for cut in sorted(cuts | {90}):
        day = FIRST + timedelta(days=cut)
        for finding in find_changes(spec, held_out, served[:cut]):
            assert finding.found is None or finding.found < day
            # What was found is never taken back, and only a later finding takes its place.
            before = latest[finding.detector]
            assert before is None or (finding.found and finding.found >= before)
            latest[finding.detector] = finding.found

    assert latest == {name: finding.found for name, finding in one_pass.items()}


def test_scores_are_standard_normal_from_the_first_days_on():
    random = np.random.default_rng(0)
    early = []
    for _ in range(2000):
        scores = NormalScores()
        values = random.normal(5, 3, 6)
        early.append([scores.update(value) for value in values][3:])

    for column in np.array(early).T:
        assert kstest(column, "norm").pvalue > 0.001
    assert abs(np.corrcoef(np.array(early).T)[0, 2]) < 0.06


def test_too_few_blocks_or_equal_ones_are_not_judged():
    spec = ChangeDetectionSpec(detectors=EVERY)

    for served in ([], blocks([0.1]), blocks([0.1] * 50)):
        assert all(finding.found is None for finding in find_changes(spec, [], served))


def test_no_detector_finds_nothing():
    assert find_changes(ChangeDetectionSpec(detectors=()), *stream(0, 50)) == ()


def test_a_day_on_which_the_baseline_is_exactly_right_is_no_change() -> None:
    """A median is, on a day of nothing but zeros."""
    random = np.random.default_rng(3)
    relative = random.normal(-0.15, 0.15, 40)
    hardness = np.full(40, 0.6)
    hardness[20] = 0.0
    served = blocks(relative, hardness)
    (finding, _) = find_changes(
        ChangeDetectionSpec(), blocks(random.normal(-0.15, 0.15, 7)), served
    )
    assert finding.found is None
