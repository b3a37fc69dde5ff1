"""p-values from a few constants keep the promise of those from all held-out rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_platform.tasks.anomaly_detection.grids import (
    DECOY_STEPS,
    PER_DECADE,
    decoy_constants,
    decoy_share,
    decoy_shares,
    p_value,
    p_values,
    tail_constants,
)

SCORES = st.lists(st.floats(-5, 5).map(lambda score: round(score, 1)), min_size=1, max_size=200)


def exact(held_out: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Of each score the share of the held-out ones, and itself, that are at least as high."""
    return (1 + (held_out[None, :] >= scores[:, None]).sum(axis=1)) / (1 + len(held_out))


@given(held_out=SCORES, asked=SCORES)
def test_a_p_value_is_never_below_the_exact_one_and_at_most_a_step_above(
    held_out: list[float], asked: list[float]
) -> None:
    known, scores = np.array(held_out), np.array(asked)
    constants = tail_constants(known)

    values = p_values(scores, constants)

    truth = exact(known, scores)
    assert (values >= truth - 1e-12).all()
    # Rounded up to a level, and from there to what a number of rows can say.
    assert (values <= np.minimum(truth * 10 ** (1 / PER_DECADE), 1.0) + 1e-12).all()
    assert values.tolist() == [p_value(score, constants) for score in asked]


@given(held_out=SCORES, seed=st.integers(0, 1000))
def test_whole_weights_repeat_held_out_rows_but_for_the_new_one(
    held_out: list[float], seed: int
) -> None:
    known = np.array(held_out)
    weights = np.random.default_rng(seed).integers(1, 4, len(known)).astype(float)
    ends = [value for name, value in tail_constants(known, weights).items() if name[-1] != "p"]

    assert set(ends) <= set(known)
    assert tail_constants(known, weights) == pytest.approx(tail_constants(known, 7 * weights))
    assert tail_constants(known, np.ones(len(known))) == tail_constants(known)


def test_normal_rows_have_small_p_values_no_more_often_than_is_promised() -> None:
    random = np.random.default_rng(0)
    misses = np.zeros(3)
    levels = np.array([0.01, 0.05, 0.2])
    for _ in range(300):
        values = p_values(random.normal(size=100), tail_constants(random.normal(size=300)))
        misses += (values[:, None] <= levels).mean(axis=0)
    assert (misses / 300 <= levels * 1.02).all()
    assert (misses / 300 >= levels * 0.7).all()


@given(decoys=SCORES, asked=SCORES)
def test_shares_of_decoys_are_those_of_a_row_and_within_a_step(
    decoys: list[float], asked: list[float]
) -> None:
    scores, constants = np.array(asked), decoy_constants(np.array(decoys))

    shares = decoy_shares(scores, constants)

    assert shares.tolist() == [decoy_share(score, constants) for score in asked]
    below = (np.array(decoys)[None, :] < scores[:, None]).mean(axis=1)
    upto = (np.array(decoys)[None, :] <= scores[:, None]).mean(axis=1)
    step = 1 / DECOY_STEPS + 1 / len(decoys)
    assert ((shares >= below - step) & (shares <= upto + step)).all()
