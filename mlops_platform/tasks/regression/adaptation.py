"""The level of an interval, day by day: it follows the interval's own misses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from mlops_platform.errors import DataError
from mlops_platform.section import PositiveDays, Section
from mlops_platform.tasks.adaptation import (
    STALE_AFTER_DAYS,
    AdaptationRule,
    Adjustment,
    ScoredDay,
)
from mlops_platform.tasks.fitting.conformal import conformal_quantile
from mlops_platform.tasks.regression.columns import FACTOR, LEAST_REACH, LEVEL, ROWS
from mlops_platform.tasks.regression.interval import reaches_of

if TYPE_CHECKING:
    from mlops_platform.tasks.finished import Constants
    from mlops_platform.tasks.predictions import Numbers, Targets

ROW_STEP = 0.005
"""Of the level by a single row, per unit of error: that of Gibbs and Candès, who go row by row."""
MOST_TIMES = 5
"""A level aims at so many times more, or fewer, misses than were promised, and no further."""


class AdaptationSpec(Section):
    """That intervals follow their own misses, day by day, without a release."""

    step: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.2,
        description=(
            "Of the level, per unit of a day's error; 0 keeps it at the coverage. A greater one "
            "keeps each week nearer to the promise where hard days follow on hard days, and costs "
            "width where days have nothing to do with each other."
        ),
    )
    window_days: PositiveDays = Field(
        default=28, description="Latest days with outcomes that set how wide intervals are."
    )
    stale_after_days: PositiveDays = Field(
        default=STALE_AFTER_DAYS,
        description="Matured days that the intervals in use may lack before that is told.",
    )


class LevelRule(AdaptationRule):
    """Adaptive conformal inference, with whole days as steps.

    After Gibbs and Candès (2021, "Adaptive conformal inference under distribution shift", NeurIPS):
    `level += step * (misses of the day - promised misses)`. A day's misses are those under the
    level and the scores of the days before it, not those of the interval that was served on it,
    which is older by the delay of the outcomes: against its own late echo a level swings, the more
    the later outcomes come. What the theory promises of the long run so holds of intervals without
    delay; `benchmarks/results/intervals.md` measures the served ones.

    Args:
        coverage: promised share of outcomes inside the interval.
        step: of the level, per unit of a day's error.
    """

    coverage: float = Field(gt=0, lt=1)
    step: float = Field(ge=0, le=1)

    @property
    def level_bounds(self) -> tuple[float, float]:
        """Least and greatest level."""
        miss = 1 - self.coverage
        return 1 - min(MOST_TIMES * miss, (1 + miss) / 2), 1 - miss / MOST_TIMES

    def scores(self, targets: Targets, numbers: Numbers, constants: Constants) -> Numbers:
        """Conformity scores: the least factor whose interval holds the outcome."""
        predicted, lower, upper, *_ = numbers.T
        return reaches_of(predicted, lower, upper, constants[LEAST_REACH]).scores(targets)

    def begun(self, held_out: Iterable[ScoredDay]) -> Adjustment:
        """At the promised level, moved by all days but the first."""
        days = [scored for scored in held_out if len(scored.scores)]
        if not days:
            raise DataError(
                "held-out days: none holds an outcome. An interval needs at least one row that the "
                "model has not seen: lengthen the validation part."
            )
        adjustment = self._adjustment(self.coverage, days[:1])
        for number, scored in enumerate(days[1:], start=1):
            adjustment = self.after(adjustment, days[:number], scored)
        return adjustment

    def after(
        self, before: Adjustment, window: Sequence[ScoredDay], matured: ScoredDay
    ) -> Adjustment:
        """The level moves by the misses of the day; the factor is its quantile of the window."""
        latest = max([before.labels_through, *(scored.day for scored in window)])
        if matured.day <= latest:
            raise DataError(
                f"scored day {matured.day} follows {latest}. Pass each day once, the oldest first."
            )
        if not len(matured.scores):
            return before
        known = [scored for scored in (*window, matured) if len(scored.scores)]
        return self._adjustment(self._level_after(before, matured), known[-self.window_days :])

    def text(self, adjustment: Adjustment) -> str:
        """Factor and level."""
        return (
            f"intervals reach {adjustment.constants[FACTOR]:.3f} times as far as the quantile "
            f"models say (level {adjustment.facts[LEVEL]:.3f} of {adjustment.facts[ROWS]:,.0f} "
            "rows)"
        )

    def _adjustment(self, level: float, window: Sequence[ScoredDay]) -> Adjustment:
        import numpy as np

        scores = np.concatenate([scored.scores for scored in window])
        return Adjustment(
            constants={FACTOR: conformal_quantile(scores, level)},
            facts={LEVEL: level, ROWS: len(scores)},
            labels_through=window[-1].day,
        )

    def _level_after(self, before: Adjustment, matured: ScoredDay) -> float:
        least, greatest = self.level_bounds
        misses = float((matured.scores > before.constants[FACTOR]).mean())
        # A day of few rows is mostly chance: it moves the level no more than its rows one by one.
        step = min(self.step, ROW_STEP * len(matured.scores))
        level = before.facts[LEVEL] + step * (misses - (1 - self.coverage))
        return min(max(level, least), greatest)
