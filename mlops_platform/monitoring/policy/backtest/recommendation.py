"""Which policy and history the replay speaks for, and how surely."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import Field

from mlops_platform.record import Record, left_out_where
from mlops_platform.spec.retraining.retraining import REFIT, Update

if TYPE_CHECKING:
    from mlops_platform.monitoring.policy.backtest.outcome import PolicyOutcome, Resamples


class PolicyRecommendation(Record):
    """The cheapest policy that could have been followed, the gate included.

    Args:
        history_days: of the rolling history, None for all that is known.
        update: how its retrainings come to a candidate.
        saving: cost per window below that of the policy it is compared with.
        probability_cheapest: share of the resampled pasts in which no other is cheaper.
        probability_cheaper: share of those in which it is cheaper than `compared_with`.
    """

    policy: str
    history_days: int | None
    update: Update = Field(default=REFIT, exclude_if=left_out_where(REFIT))
    compared_with: str
    saving: float
    probability_cheapest: float
    probability_cheaper: float


def recommend(
    outcomes: Sequence[PolicyOutcome],
    resamples: Resamples,
    compared_with: tuple[str, int | None, Update],
) -> PolicyRecommendation:
    """The least cost of decisions and retrainings among what is gated and knew no future.

    Every resampled past is the same for all policies, so that their differences are not blurred by
    how hard its windows are.

    Args:
        compared_with: policy, history and update that are followed now.
    """
    import numpy as np

    choices = [outcome for outcome in outcomes if outcome.gated and not outcome.in_hindsight]
    costs = np.stack([np.array(outcome.cost_by_window) for outcome in choices])
    drawn = costs[:, resamples.windows].mean(2)
    now = next(
        at
        for at, outcome in enumerate(choices)
        if (outcome.policy, outcome.history_days, outcome.update) == compared_with
    )
    best = int(np.argmin(costs.mean(1)))
    if costs[best].mean() == costs[now].mean():
        best = now  # as cheap as any other: nothing speaks for a change
    return PolicyRecommendation(
        policy=choices[best].policy,
        history_days=choices[best].history_days,
        update=choices[best].update,
        compared_with=choices[now].policy,
        saving=float(costs[now].mean() - costs[best].mean()),
        probability_cheapest=float((drawn[best] <= drawn.min(0)).mean()),
        probability_cheaper=float((drawn[best] < drawn[now]).mean()),
    )
