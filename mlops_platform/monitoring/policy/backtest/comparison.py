"""Plays every policy of a comparison over one history, with and without the gate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops_platform.monitoring.policy.backtest.deciders import cusum, declared, planned
from mlops_platform.monitoring.policy.backtest.outcome import (
    Judge,
    Played,
    PolicyOutcome,
    Resamples,
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
ONLINE_PRICE = 0.01


@dataclass(frozen=True, eq=False)
class Replay:
    """One history of training rows: a past and a gate per seed."""

    history_days: int | None
    pasts: Sequence[Past]
    gates: Sequence[Gate]


def compare_policies(
    replay: Replay,
    policies: Mapping[str, RetrainingSpec],
    retraining_cost: float,
    resamples: Resamples,
) -> tuple[PolicyOutcome, ...]:
    """Baselines, the declared policies and the plans in hindsight."""
    windows = len(replay.pasts[0].windows)
    deciders = _baselines(windows) | {name: declared(one) for name, one in policies.items()}
    played = [
        _play(replay, name, decider, gated)
        for name, decider in deciders.items()
        for gated in (False, True)
    ]
    hindsight = list(_in_hindsight(replay))
    judge = Judge(
        history_days=replay.history_days,
        pasts=replay.pasts,
        retraining_cost=retraining_cost,
        never=next(one.walks for one in played if one.policy == "never"),
        weekly=next(one.walks for one in played if one.policy == every_name(1)),
        hindsight=hindsight,
        resamples=resamples,
    )
    return tuple(judge.outcome(one) for one in (*played, *hindsight[1:]))


def every_name(period: int) -> str:
    """What a calendar baseline is called."""
    return "every window" if period == 1 else f"every {period} windows"


def _baselines(windows: int) -> dict[str, Decider]:
    from mlops_platform.monitoring.policy.backtest.published import online

    return {
        "never": planned(()),
        **{every_name(period): planned(every(windows, period)) for period in CALENDAR},
        "CUSUM": cusum(CUSUM_ALLOWANCE, CUSUM_LIMIT),
        "retrainopt base": online("base", ONLINE_PRICE),
        "retrainopt learned": online("learned", ONLINE_PRICE),
    }


def _play(replay: Replay, name: str, decider: Decider, gated: bool) -> Played:
    walks = tuple(
        walk(past, decider, gate if gated else None)
        for past, gate in zip(replay.pasts, replay.gates, strict=True)
    )
    return Played(policy=name, gated=gated, in_hindsight=False, walks=walks)


def _in_hindsight(replay: Replay) -> Iterator[Played]:
    """The best plan of each seed for 0, 1, ... fits."""
    plans = [best_plans(past.by_window("log_loss"), MOST_FITS) for past in replay.pasts]
    for fits, of_seeds in enumerate(zip(*plans, strict=True)):
        walks = tuple(
            walk(past, planned(plan)) for past, plan in zip(replay.pasts, of_seeds, strict=True)
        )
        yield Played(f"best {fits} fits in hindsight", False, True, walks)
