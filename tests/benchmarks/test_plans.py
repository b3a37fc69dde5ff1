"""The plans of hindsight cost no more than those that retrainopt finds."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from retrainopt import ModelAdapter, PlannerConfig, RetrainingPlanner, TimelineDataset

from mlops_platform.monitoring.policy.backtest.plans import best_plans
from tests.monitoring.policy.backtest.test_plans import LOSSES, loss_of


class Weeks(TimelineDataset):
    def __init__(self, windows: int) -> None:
        self.num_windows = windows

    @property
    def num_steps(self) -> int:
        return self.num_windows

    def get_train_block(self, step: int) -> range:
        return range(1)

    def get_eval_block(self, step: int) -> int:
        return step

    def train_size(self, step: int) -> int:
        return 1


class Table(ModelAdapter):
    def __init__(self, losses: NDArray[np.float64]) -> None:
        self.losses = losses

    def fit(self, train_data: Any, *, step: int, n_samples: int, random_seed: int) -> int:
        return step

    def evaluate(self, model: int, eval_data: int, *, step: int) -> float:
        return float(self.losses[model, eval_data])


@given(LOSSES, st.floats(0.1, 5))
def test_at_a_price_per_fit_the_best_of_the_plans_is_that_of_retrainopt(
    losses: NDArray[np.float64], price: float
) -> None:
    planner = RetrainingPlanner(
        Weeks(len(losses)),
        Table(losses),
        PlannerConfig(n_choices=(1,)),
        training_cost_fn=lambda **_: price,
    )
    # A fit for the very first window is one that ours is never asked for.
    priced = np.vstack([np.minimum(losses[0], losses[0]), losses[1:]])
    cheapest = min(
        loss_of(plan, priced) + price * len(plan) for plan in best_plans(losses, len(losses))
    )
    assert planner.plan("exact", initial_model=0).total_cost == pytest.approx(cheapest, abs=1e-6)
