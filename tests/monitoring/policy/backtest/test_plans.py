from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from mlops_platform.monitoring.policy.backtest.plans import best_plans, every

LOSSES = st.integers(2, 7).flatmap(
    lambda windows: arrays(np.float64, (windows, windows), elements=st.floats(0, 10, width=16))
)


def loss_of(plan: tuple[int, ...], losses: NDArray[np.float64]) -> float:
    serving = np.zeros(len(losses), dtype=int)
    for fit in plan:
        serving[fit:] = fit
    return float(losses[serving, np.arange(len(losses))].sum())


@given(LOSSES)
def test_no_other_plan_with_as_many_fits_loses_less(losses: NDArray[np.float64]) -> None:
    windows = len(losses)
    plans = best_plans(losses, windows)
    assert [len(plan) for plan in plans] == list(range(windows))
    for fits, plan in enumerate(plans):
        others = combinations(range(1, windows), fits)
        least = min(loss_of(other, losses) for other in others)
        assert loss_of(plan, losses) == pytest.approx(least, abs=1e-9)


def test_a_calendar_leaves_out_a_fit_that_would_serve_no_window() -> None:
    assert every(8, 4) == (4,)
    assert every(9, 4) == (4, 8)
    assert every(3, 1) == (1, 2)
