"""What windows and rollouts measure counts rows by their weights."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_platform.monitoring.performance.changes.error_blocks import error_blocks
from mlops_platform.monitoring.performance.interval import clustered_mean
from mlops_platform.monitoring.rollout.arms import ArmRows, compare_arms

SEEDS = st.integers(0, 10_000)
DAYS = np.repeat(np.datetime64("2024-03-04") + np.arange(6), 10)


def drawn(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Losses, losses of a baseline, whole weights, and how often they repeat each row."""
    random = np.random.default_rng(seed)
    losses, baseline = random.random((2, len(DAYS)))
    weights = random.integers(1, 5, len(DAYS)).astype(float)
    return losses, baseline, weights, weights.astype(int)


@given(seed=SEEDS, unit=st.floats(1e-6, 1e6))
def test_an_interval_is_that_of_repeated_rows_whatever_the_unit(seed: int, unit: float) -> None:
    losses, _, weights, times = drawn(seed)
    repeated = clustered_mean(np.repeat(losses, times), np.repeat(DAYS, times))
    assert repeated is not None
    for scale in (1, unit):
        weighted = clustered_mean(losses, DAYS, scale * weights)
        assert weighted is not None
        assert weighted == pytest.approx(repeated, rel=1e-9, abs=1e-12)
    assert clustered_mean(losses, DAYS, np.ones(len(DAYS))) == (clustered_mean(losses, DAYS))


@given(seed=SEEDS, block_rows=st.sampled_from([None, 4, 10]))
def test_error_blocks_are_means_by_weight(seed: int, block_rows: int | None) -> None:
    losses, baseline, weights, times = drawn(seed)
    ours = error_blocks(DAYS, losses, baseline, block_rows, weights)
    if block_rows is None:
        again = (np.repeat(part, times) for part in (DAYS, losses, baseline))
        theirs = error_blocks(*again, None)
        assert [block.loss for block in ours] == pytest.approx([block.loss for block in theirs])
    assert [block.rows for block in ours] == [block_rows or 10] * len(ours)
    first = slice(0, block_rows or 10)
    assert ours[0].loss == pytest.approx(np.average(losses[first], weights=weights[first]))
    assert ours[0].baseline_loss == pytest.approx(
        np.average(baseline[first], weights=weights[first])
    )
    assert error_blocks(DAYS, losses, baseline, block_rows, np.ones(len(DAYS))) == (
        error_blocks(DAYS, losses, baseline, block_rows)
    )


@given(seed=SEEDS, unit=st.floats(1e-6, 1e6))
def test_arms_are_compared_as_repeated_rows_would_be(seed: int, unit: float) -> None:
    losses, baseline, weights, times = drawn(seed)
    arms = np.random.default_rng(seed).random(len(DAYS)) < 0.5
    counts = {"champion_rows": 0, "challenger_rows": 0, "loss_name": 0}
    again = ArmRows(*(np.repeat(part, times) for part in (arms, DAYS, losses, baseline)))
    theirs = compare_arms(again, loss_name="loss", confidence=0.9)
    assert theirs is not None
    for scale in (1, unit):
        rows = ArmRows(arms, DAYS, losses, baseline, scale * weights)
        ours = compare_arms(rows, loss_name="loss", confidence=0.9)
        assert ours is not None
        assert ours.model_dump() | counts == pytest.approx(
            theirs.model_dump() | counts, rel=1e-9, abs=1e-12
        )
        assert ours.champion_rows + ours.challenger_rows <= len(DAYS)
