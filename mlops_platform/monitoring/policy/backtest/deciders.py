"""Who decides in a walk: a declared policy through the platform's own rule, or a baseline."""

from __future__ import annotations

from mlops_platform.monitoring.policy.backtest.signals import history_at, known_days
from mlops_platform.monitoring.policy.backtest.walk import Decider, Standing
from mlops_platform.monitoring.policy.decide import decide
from mlops_platform.spec import RetrainingSpec


def declared(policy: RetrainingSpec) -> Decider:
    """The very function that the sensor asks."""
    return lambda standing: decide(policy, history_at(standing)).kind != "wait"


def planned(fits: tuple[int, ...]) -> Decider:
    """Makes exactly these fits."""
    return lambda standing: standing.at in fits


def cusum(allowance: float, limit: float) -> Decider:
    """Retrains when the champion's loss has been above its test's for too long.

    One-sided CUSUM of daily loss over that of the champion's own test, S = max(0, S + x - k),
    alarm where S > h (Page 1954), started anew by every attempt.

    Args:
        allowance: k, loss in its unit per day that is not counted.
        limit: h, in loss in its unit times days.
    """
    return lambda standing: _cusum(standing, allowance) > limit


def _cusum(standing: Standing, allowance: float) -> float:
    past, champion = standing.past, standing.champion
    since = standing.attempts[-1].fit if standing.attempts else 0
    chosen = known_days(standing) & (past.window_of >= since) & (past.rows > 0)
    losses = past.sums["loss"][champion, chosen] / past.weight[chosen]
    fit, total = past.fits[champion], 0.0
    for loss in losses.tolist():
        excess = (loss - fit.test_loss) / fit.loss_unit
        total = max(0.0, total + excess - allowance)
    return total
