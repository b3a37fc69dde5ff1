"""Plays every policy of a comparison over one history, with and without the gate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mlops_platform.monitoring.policy.backtest.deciders import cusum, declared, planned
from mlops_platform.monitoring.policy.backtest.outcome import (
    Played,
    PolicyOutcome,
    Resamples,
    WalkEvaluator,
)
from mlops_platform.monitoring.policy.backtest.plans import best_plans, every
from mlops_platform.monitoring.policy.backtest.walk import Decider, Gate, walk
from mlops_platform.spec import RetrainingSpec
from mlops_platform.spec.retraining.retraining import PARTIAL_FIT, REFIT, Update

if TYPE_CHECKING:
    from mlops_platform.monitoring.policy.backtest.past import Past

CALENDAR = (1, 4, 8, 13)
"""Windows between two fits of the calendar baselines."""
MOST_FITS = 12
"""Of the plans in hindsight."""
NEVER: Final = "never"
CUSUM_ALLOWANCE, CUSUM_LIMIT = 0.01, 0.2


@dataclass(frozen=True, eq=False)
class ReplayedHistory:
    """One history of training rows: a past and a gate per seed."""

    history_days: int | None
    pasts: Sequence[Past]
    gates: Sequence[Gate]


def compare_policies(
    history: ReplayedHistory,
    policies: Mapping[str, RetrainingSpec],
    retraining_cost: float,
    resamples: Resamples,
    updates: ReplayedHistory | None = None,
) -> tuple[PolicyOutcome, ...]:
    """Baselines, the declared policies and the plans in hindsight.

    Args:
        updates: the same history, had every retraining taught the champion what was new; then
            every policy that retrains is played both ways, against the same anchors.
    """
    windows = len(history.pasts[0].windows)
    deciders = _baselines(windows) | {name: declared(policy) for name, policy in policies.items()}
    played = _played(history, deciders)
    hindsight = list(_in_hindsight(history))
    evaluator = WalkEvaluator(
        history_days=history.history_days,
        retraining_cost=retraining_cost,
        never=next(walked for walked in played if walked.policy == NEVER),
        weekly=next(walked for walked in played if walked.policy == every_name(1)),
        hindsight=hindsight,
        resamples=resamples,
    )
    taught: list[Played] = []
    if updates is not None:
        retraining = {name: decider for name, decider in deciders.items() if name != NEVER}
        taught = _played(updates, retraining, PARTIAL_FIT)
    return tuple(evaluator.outcome(walked) for walked in (*played, *taught, *hindsight[1:]))


def every_name(period: int) -> str:
    """What a calendar baseline is called."""
    return "every window" if period == 1 else f"every {period} windows"


def _baselines(windows: int) -> dict[str, Decider]:
    return {
        NEVER: planned(()),
        **{every_name(period): planned(every(windows, period)) for period in CALENDAR},
        "CUSUM": cusum(CUSUM_ALLOWANCE, CUSUM_LIMIT),
    }


def _played(
    history: ReplayedHistory, deciders: Mapping[str, Decider], update: Update = REFIT
) -> list[Played]:
    """Every policy, without and with the gate."""
    return [
        Played(
            policy=name,
            gated=gated,
            in_hindsight=False,
            pasts=history.pasts,
            walks=tuple(
                walk(past, decider, gate if gated else None)
                for past, gate in zip(history.pasts, history.gates, strict=True)
            ),
            update=update,
        )
        for name, decider in deciders.items()
        for gated in (False, True)
    ]


def _in_hindsight(history: ReplayedHistory) -> Iterator[Played]:
    """The best plan of each seed for 0, 1, ... fits."""
    plans = [best_plans(past.by_window("loss"), MOST_FITS) for past in history.pasts]
    for fits, of_seeds in enumerate(zip(*plans, strict=True)):
        walks = tuple(
            walk(past, planned(plan)) for past, plan in zip(history.pasts, of_seeds, strict=True)
        )
        yield Played(f"best {fits} fits in hindsight", False, True, history.pasts, walks)
