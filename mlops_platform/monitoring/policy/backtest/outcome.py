"""What a walk was worth: quality, retrainings, CPU time, cost and regret, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from pydantic import Field

from mlops_platform.monitoring.policy.backtest.walk import Walk
from mlops_platform.record import Record, left_out_where
from mlops_platform.spec.retraining.retraining import REFIT, Update

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mlops_platform.monitoring.policy.backtest.past import Measure, Past

    Losses = NDArray[np.float64]
    """By seed and window, shape (seeds, windows)."""


class ResampledFigure(Record):
    """A figure with its 95 % interval over seeds and over windows resampled in blocks."""

    value: float
    low: float
    high: float


class PolicyOutcome(Record):
    """One policy on one history of training rows; means over the seeds.

    Args:
        history_days: the rolling history that the fits were made on, None for all that was known.
        update: whether every retraining fitted anew, or taught the champion what was new.
        gated: whether the gate judged every fit.
        in_hindsight: it knew the future and is no choice.
        fits, releases: retrainings that were made, and those that served.
        loss: per labelled row of all windows.
        cost: of wrong decisions and of retrainings, per window, in the model's own unit.
        cpu_seconds: of all of its fits.
        share_of_weekly: of the loss that retraining after every window, ungated and on the
            same history, saves against never retraining.
        regret: loss above that of retraining after every window, and `regret_to_best` above
            the best plan in hindsight with as many fits.
        retrained_after: windows after which it retrained, with the first seed.
        loss_by_window: per labelled row; NaN where a window has none.
    """

    policy: str
    history_days: int | None
    update: Update = Field(default=REFIT, exclude_if=left_out_where(REFIT))
    gated: bool
    in_hindsight: bool
    fits: float
    releases: float
    loss: ResampledFigure
    cost: ResampledFigure
    cpu_seconds: float
    share_of_weekly: ResampledFigure
    regret: float
    regret_to_best: float
    retrained_after: tuple[str, ...]
    loss_by_window: tuple[float, ...]
    cost_by_window: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Played:
    """The walks of one policy, and the pasts that they went through, one per seed."""

    policy: str
    gated: bool
    in_hindsight: bool
    pasts: Sequence[Past]
    walks: tuple[Walk, ...]
    update: Update = REFIT


@dataclass(frozen=True, eq=False)
class WalkEvaluator:
    """Scores walks over the pasts of one history.

    Args:
        retraining_cost: of one, in the unit of the decisions' costs.
        never, weekly: the two anchors.
        hindsight: the best plans with 0, 1, ... fits.
        resamples: seeds and windows, as `block_resamples` draws them.
    """

    history_days: int | None
    retraining_cost: float
    never: Played
    weekly: Played
    hindsight: Sequence[Played]
    resamples: Resamples

    def outcome(self, played: Played) -> PolicyOutcome:
        """Everything that is reported of one policy."""
        walks, past = played.walks, played.pasts[0]
        rows = past.window_weight
        losses, costs = _sums(played, "loss"), self._costs(played)
        fits = sum(len(walk.attempts) for walk in walks) / len(walks)
        releases = sum(attempt.promoted for walk in walks for attempt in walk.attempts) / len(walks)
        total = losses.mean(0).sum() / rows.sum()
        return PolicyOutcome(
            policy=played.policy,
            history_days=self.history_days,
            update=played.update,
            gated=played.gated,
            in_hindsight=played.in_hindsight,
            fits=fits,
            releases=releases,
            loss=_resampled_figure(
                total, self.resamples.sums(losses) / rows[self.resamples.windows].sum(1)
            ),
            cost=_resampled_figure(costs.mean(), self.resamples.sums(costs) / len(rows)),
            cpu_seconds=_cpu_seconds(played),
            share_of_weekly=self._share(losses),
            regret=total - _loss(self.weekly),
            regret_to_best=total - _loss(self._best(fits)),
            retrained_after=tuple(
                past.windows[attempt.fit - 1].name for attempt in walks[0].attempts
            ),
            loss_by_window=tuple(_per_row(losses.mean(0), rows)),
            cost_by_window=tuple(costs.mean(0).tolist()),
        )

    def _costs(self, played: Played) -> Losses:
        """Of decisions, and of retraining and takeover before a window, if there were any."""
        costs = _sums(played, "cost")
        for seed, (past, walk) in enumerate(zip(played.pasts, played.walks, strict=True)):
            costs[seed, [attempt.fit for attempt in walk.attempts]] += self.retraining_cost
            if past.takeovers is not None:
                for window, (old, new) in enumerate(pairwise(walk.serving), start=1):
                    costs[seed, window] += past.takeovers[new, old]
        return costs

    def _best(self, fits: float) -> Played:
        return self.hindsight[min(round(fits), len(self.hindsight) - 1)]

    def _share(self, losses: Losses) -> ResampledFigure:
        """Share of the benefit; its interval leaves out resamples in which there is none."""
        never = _sums(self.never, "loss")
        saved, possible = never - losses, never - _sums(self.weekly, "loss")
        drawn, drawn_possible = self.resamples.sums(saved), self.resamples.sums(possible)
        some = drawn_possible > 0
        return _resampled_figure(saved.sum() / possible.sum(), drawn[some] / drawn_possible[some])


def _sums(played: Played, measure: Measure) -> Losses:
    import numpy as np

    at = np.arange(len(played.pasts[0].windows))
    return np.stack(
        [
            past.by_window(measure)[list(walk.serving), at]
            for past, walk in zip(played.pasts, played.walks, strict=True)
        ]
    )


def _loss(played: Played) -> float:
    total: float = _sums(played, "loss").mean(0).sum()
    return total / float(played.pasts[0].window_weight.sum())


def _cpu_seconds(played: Played) -> float:
    made = [
        past.fits[attempt.fit].cpu_seconds
        for past, walk in zip(played.pasts, played.walks, strict=True)
        for attempt in walk.attempts
    ]
    return sum(made) / len(played.walks)


@dataclass(frozen=True, eq=False)
class Resamples:
    """A seed and windows in blocks for each draw, the same for every policy that is compared.

    Args:
        seeds: shape (draws,).
        windows: shape (draws, windows).
    """

    seeds: NDArray[np.int64]
    windows: NDArray[np.int64]

    def sums(self, values: Losses) -> NDArray[np.float64]:
        """Sum of each draw over its windows with its seed, shape (draws,)."""
        sums: NDArray[np.float64] = values[self.seeds[:, None], self.windows].sum(1)
        return sums


def resamples_of(seeds: int, windows: int, draws: int = 2000, block: int = 4) -> Resamples:
    """Circular blocks of windows (Politis and Romano 1992), each draw with one of the seeds.

    Args:
        block: consecutive windows that are drawn together: weather outlasts a week.
    """
    import numpy as np

    random = np.random.default_rng(0)
    starts = random.integers(windows, size=(draws, -(-windows // block), 1))
    drawn = ((starts + np.arange(block)) % windows).reshape(draws, -1)[:, :windows]
    return Resamples(seeds=random.integers(seeds, size=draws), windows=drawn)


def _per_row(losses: NDArray[np.float64], rows: NDArray[np.float64]) -> list[float]:
    import numpy as np

    per_row = np.divide(losses, rows, out=np.full(len(rows), np.nan), where=rows > 0)
    means: list[float] = per_row.tolist()
    return means


def _resampled_figure(value: float, resampled: NDArray[np.float64]) -> ResampledFigure:
    import numpy as np

    low, high = np.quantile(resampled, [0.025, 0.975]) if len(resampled) else (np.nan, np.nan)
    return ResampledFigure(value=float(value), low=float(low), high=float(high))
