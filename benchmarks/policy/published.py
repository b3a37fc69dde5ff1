"""The online strategies of retrainopt ("Automated Retraining for Cost-Optimal ML", ECML PKDD 2026).

Both are tuned anew at every decision on the exact plan for the windows that are known by then,
which is more than their authors ask for, and costs a fit per window that the walk does not count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from retrainopt import (
    BaseOnlinePolicy,
    DecisionAction,
    LearnedOnlinePolicy,
    ModelAdapter,
    OnlineState,
    PlannerConfig,
    TimelineDataset,
    collect_online_training_data,
)

from mlops_platform.monitoring.policy.backtest.signals import known_days
from mlops_platform.monitoring.policy.backtest.walk import Decider, Standing

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from retrainopt import OnlinePolicy

    from mlops_platform.monitoring.policy.backtest.past import Past

Strategy = Literal["base", "learned"]
ROWS = 1
"""retrainopt also chooses how many rows to fit; here the history is chosen elsewhere."""


def online(strategy: Strategy, price: float) -> Decider:
    """A strategy of retrainopt.

    Args:
        price: of one fit, in log loss per row times windows.
    """
    # What is known when a window ends does not depend on what was done: walks share the tuning.
    tuned: dict[tuple[Past, int], OnlinePolicy] = {}

    def decide(standing: Standing) -> bool:
        losses, key = _known_losses(standing), (standing.past, standing.at)
        if key not in tuned:
            first_loss = standing.past.fits[0].test_loss
            tuned[key] = _tuned(strategy, losses, first_loss, price)
        decision = tuned[key].decide(_state(standing, losses), train_size=ROWS)
        return bool(decision.action == DecisionAction.RETRAIN)

    return decide


def _tuned(
    strategy: Strategy, losses: NDArray[np.float64], first_test_loss: float, price: float
) -> OnlinePolicy:
    found = collect_online_training_data(
        _Windows(len(losses)),
        _LookUp(losses),
        PlannerConfig(n_choices=(ROWS,)),
        history_steps=len(losses),
        initial_model=0,
        initial_reference_loss=first_test_loss,
        training_cost_fn=lambda **_: price,
    )
    if strategy == "base":
        return BaseOnlinePolicy.from_plan(found.plan)
    return LearnedOnlinePolicy(random_seed=0).fit(found.states, found.decisions)


def _state(standing: Standing, losses: NDArray[np.float64]) -> OnlineState:
    served = losses[standing.champion, standing.champion :]
    staleness = served - served[0]
    return OnlineState(
        step=standing.at,
        current_staleness=float(staleness[-1]),
        accumulated_staleness=float(staleness.sum()),
        time_since_last_retrain=standing.at - standing.champion,
    )


def _known_losses(standing: Standing) -> NDArray[np.float64]:
    """Log loss per row of every earlier fit on every earlier window, shape (at, at)."""
    import numpy as np

    past, at = standing.past, standing.at
    known = known_days(standing)
    windows = past.window_of[known]
    rows = np.bincount(windows, past.rows[known], at)
    sums = past.sums["loss"][:at, known]
    return np.stack([np.bincount(windows, one, at) for one in sums]) / rows


class _Windows(TimelineDataset):
    def __init__(self, windows: int) -> None:
        self._windows = windows

    @property
    def num_steps(self) -> int:
        return self._windows

    def get_train_block(self, step: int) -> range:
        return range(ROWS)

    def get_eval_block(self, step: int) -> int:
        return step

    def train_size(self, step: int) -> int:
        return ROWS


class _LookUp(ModelAdapter):
    """A "model" is the number of a fit."""

    def __init__(self, losses: NDArray[np.float64]) -> None:
        self._losses = losses

    def fit(self, train_data: Any, *, step: int, n_samples: int, random_seed: int) -> int:
        return step

    def evaluate(self, model: int, eval_data: int, *, step: int) -> float:
        return float(self._losses[model, eval_data])
