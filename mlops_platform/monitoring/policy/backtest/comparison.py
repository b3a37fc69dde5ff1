"""Plays every policy of a comparison over one history, with and without the gate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from mlops_platform.monitoring.policy.backtest.past import Past

CALENDAR = (1, 4, 8, 13)
"""Windows between two fits of the calendar baselines."""
MOST_FITS = 12
"""Of the plans in hindsight."""
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
) -> tuple[PolicyOutcome, ...]:
    """Baselines, the declared policies and the plans in hindsight."""
    windows = len(history.pasts[0].windows)
    deciders = _baselines(windows) | {name: declared(policy) for name, policy in policies.items()}
    played = [
        _play(history, name, decider, gated)
        for name, decider in deciders.items()
        for gated in (False, True)
    ]
    hindsight = list(_in_hindsight(history))
    evaluator = WalkEvaluator(
        history_days=history.history_days,
        pasts=history.pasts,
        retraining_cost=retraining_cost,
        never=next(walked.walks for walked in played if walked.policy == "never"),
        weekly=next(walked.walks for walked in played if walked.policy == every_name(1)),
        hindsight=hindsight,
        resamples=resamples,
    )
    return tuple(evaluator.outcome(walked) for walked in (*played, *hindsight[1:]))


def every_name(period: int) -> str:
    """What a calendar baseline is called."""
    return "every window" if period == 1 else f"every {period} windows"


def _baselines(windows: int) -> dict[str, Decider]:
    return {
        "never": planned(()),
        **{every_name(period): planned(every(windows, period)) for period in CALENDAR},
        "CUSUM": cusum(CUSUM_ALLOWANCE, CUSUM_LIMIT),
    }


def _play(history: ReplayedHistory, name: str, decider: Decider, gated: bool) -> Played:
    walks = tuple(
        walk(past, decider, gate if gated else None)
        for past, gate in zip(history.pasts, history.gates, strict=True)
    )
    return Played(policy=name, gated=gated, in_hindsight=False, walks=walks)


def _in_hindsight(history: ReplayedHistory) -> Iterator[Played]:
    """The best plan of each seed for 0, 1, ... fits."""
    plans = [best_plans(past.by_window("loss"), MOST_FITS) for past in history.pasts]
    for fits, of_seeds in enumerate(zip(*plans, strict=True)):
        walks = tuple(
            walk(past, planned(plan)) for past, plan in zip(history.pasts, of_seeds, strict=True)
        )
        yield Played(f"best {fits} fits in hindsight", False, True, walks)
