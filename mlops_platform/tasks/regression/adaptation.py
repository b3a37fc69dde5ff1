"""Adjustments of an interval, day by day: a fold over the conformity scores of matured days."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from pydantic import Field

from mlops_platform.errors import DataError
from mlops_platform.record import Record
from mlops_platform.tasks.regression.conformal import conformal_quantile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ROW_STEP = 0.005
"""Of the level by a single row, per unit of error: that of Gibbs and Candès, who go row by row."""
MOST_TIMES = 5
"""A level aims at so many times more, or fewer, misses than were promised, and no further."""


class AdaptationRule(Record):
    """How an interval follows its own misses.

    Args:
        coverage: promised share of outcomes inside the interval.
        step: of the level, per unit of a day's error; 0 keeps the level at the coverage. A greater
            one keeps each week nearer to the promise where hard days follow on hard days, and
            costs width where days have nothing to do with each other.
        window_days: latest matured days with outcomes whose scores count.
        matured_after_days: from a day to the first one at whose start all its outcomes are known.
    """

    coverage: float = Field(gt=0, lt=1)
    step: float = Field(default=0.2, ge=0, le=1)
    window_days: int = Field(default=28, ge=1)
    matured_after_days: int = Field(ge=1)

    @property
    def level_bounds(self) -> tuple[float, float]:
        """Least and greatest level."""
        miss = 1 - self.coverage
        return 1 - min(MOST_TIMES * miss, (1 + miss) / 2), 1 - miss / MOST_TIMES


class Adjustment(Record):
    """What every interval is made with from one day on.

    Args:
        valid_from: first local day.
        labels_through: latest day whose outcomes it knows.
        level: at which the quantile of the scores was taken.
        factor: of the reaches.
        rows: scores that it was taken of.
    """

    valid_from: date
    labels_through: date
    level: float
    factor: float
    rows: int


class ScoredDay(NamedTuple):
    """A local day with the conformity scores of all its rows that have an outcome, (rows,)."""

    day: date
    scores: NDArray[np.float64]


def adjustments(
    held_out: Iterable[ScoredDay],
    matured: Iterable[ScoredDay],
    released: date,
    rule: AdaptationRule,
) -> Iterator[Adjustment]:
    """The adjustment of a release, and one for every matured day after it, oldest first.

    Nothing but the arguments decides, and an adjustment depends on no later day: whoever computes
    them again, after a restart or from the ledger, gets the same ones.

    Args:
        held_out: days that the judged model had not seen, in order; they set the first adjustment.
        matured: days of this release, in order, each with every outcome that it will have. A day of
            which only some are known must wait: which ones are known first is no accident (a flight
            that is hours late is the last to land).
        released: first local day that the release serves.

    Raises:
        DataError: no held-out row has an outcome, or days are not in order.
    """
    state = Adaptation(rule, rule.coverage)
    for scored in held_out:
        state = state.after(scored)
    yield state.adjustment(released)
    for scored in matured:
        if scored.day < released:
            raise DataError(
                f"matured day {scored.day} is before the release of {released}. Pass it as held "
                "out, if the model has not seen it."
            )
        state = state.after(scored)
        yield state.adjustment(scored.day + timedelta(days=rule.matured_after_days))


def adjustment_on(ordered: Sequence[Adjustment], day: date) -> Adjustment | None:
    """The one that is valid on a day; None before the first."""
    position = bisect_right(ordered, day, key=lambda adjustment: adjustment.valid_from)
    return ordered[position - 1] if position else None


@dataclass(frozen=True, eq=False)
class Adaptation:
    """Adaptive conformal inference after some matured days; every step makes a new one.

    After Gibbs and Candès (2021, "Adaptive conformal inference under distribution shift", NeurIPS),
    with whole days as steps: `level += step * (misses of the day - promised misses)`. A day's
    misses are those under the level and the scores of the days before it, not those of the interval
    that was served on it, which is older by the delay of the outcomes: against its own late echo a
    level swings, the more the later outcomes come. What the theory promises of the long run so
    holds of intervals without delay; `benchmarks/results/intervals.md` measures the served ones.
    """

    rule: AdaptationRule
    level: float
    window: tuple[ScoredDay, ...] = ()
    factor: float | None = None

    def after(self, scored: ScoredDay) -> Adaptation:
        """The next state; a day without outcomes changes nothing.

        Raises:
            DataError: it is not later than the days before.
        """
        import numpy as np

        if self.window and scored.day <= self.window[-1].day:
            raise DataError(
                f"scored day {scored.day} follows {self.window[-1].day}. Pass each day once, the "
                "oldest first."
            )
        if not len(scored.scores):
            return self
        window = (*self.window, scored)[-self.rule.window_days :]
        level = self._level_after(scored)
        scores = np.concatenate([known.scores for known in window])
        return replace(self, level=level, window=window, factor=conformal_quantile(scores, level))

    def adjustment(self, valid_from: date) -> Adjustment:
        """The state as a record.

        Raises:
            DataError: there was no day with outcomes yet.
        """
        if self.factor is None:
            raise DataError(
                "held-out days: none holds an outcome. An interval needs at least one row that the "
                "model has not seen: lengthen the validation part."
            )
        return Adjustment(
            valid_from=valid_from,
            labels_through=self.window[-1].day,
            level=self.level,
            factor=self.factor,
            rows=sum(len(known.scores) for known in self.window),
        )

    def _level_after(self, scored: ScoredDay) -> float:
        if self.factor is None:
            return self.level
        least, greatest = self.rule.level_bounds
        misses = float((scored.scores > self.factor).mean())
        # A day of few rows is mostly chance: it moves the level no more than its rows one by one.
        step = min(self.rule.step, ROW_STEP * len(scored.scores))
        return min(max(self.level + step * (misses - (1 - self.rule.coverage)), least), greatest)
