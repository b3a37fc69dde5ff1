"""What a way came to in each replayed week, and over a part of the year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.intervals.champions import COVERAGE, Champion, champions
from benchmarks.intervals.flights import DAY, Predicted
from benchmarks.intervals.measures import interval_metrics, skill
from benchmarks.intervals.ways import Way
from benchmarks.policy.year import FIRST_WINDOW, WINDOWS
from mlops_platform.tasks.regression.metrics import absolute_errors, covered

FIRST_DAY = np.datetime64(FIRST_WINDOW, "D")
CHOOSING, REPORTED = slice(0, 13), slice(13, WINDOWS)
"""Weeks from 1 April to 30 June, on which step and window are chosen, and from 1 July on."""
SCENARIOS = {"never": WINDOWS, "every 4 weeks": 4, "every week": 1}
"""Retrained how often -> weeks from one champion to the next."""
Deployments = Mapping[str, Sequence[Champion]]
"""Champions in turn by scenario."""


def week_of(days: np.ndarray) -> np.ndarray:
    """Number of the replayed week of each day."""
    return ((days - FIRST_DAY) // (7 * DAY)).astype(int)


def deployments(home: Path) -> Deployments:
    """Champions by scenario; each serves until the next one does."""
    return {name: _in_turn(champions(home, weeks)) for name, weeks in SCENARIOS.items()}


def _in_turn(ordered: Sequence[Champion]) -> list[Champion]:
    ends = [*(following.start for following in ordered[1:]), FIRST_DAY + 7 * WINDOWS * DAY]
    return [
        replace(champion, served=champion.served.of(champion.served.days < end))
        for champion, end in zip(ordered, ends, strict=True)
    ]


@dataclass(frozen=True, eq=False)
class Served:
    """All rows of one deployment with their intervals, shape (rows,)."""

    rows: Predicted
    lower: np.ndarray
    upper: np.ndarray

    @classmethod
    def by(cls, way: Way, ordered: Sequence[Champion]) -> Served:
        """What the champions answer in one way."""
        lower, upper = (np.concatenate(ends) for ends in zip(*map(way, ordered), strict=True))
        return cls(together([champion.served for champion in ordered]), lower, upper)

    @property
    def inside(self) -> np.ndarray:
        """Whether each target is in its interval."""
        return covered(self.rows.targets, self.lower, self.upper)


def together(parts: Sequence[Predicted]) -> Predicted:
    """Rows of several champions as one."""
    return Predicted(
        **{name: np.concatenate([vars(part)[name] for part in parts]) for name in vars(parts[0])}
    )


@dataclass(frozen=True, eq=False)
class Weeks:
    """Figures by week, shape (weeks,) each."""

    coverage: np.ndarray
    score: np.ndarray
    width: np.ndarray

    @classmethod
    def of(cls, served: Served) -> Weeks:
        """Of every replayed week."""
        measured = [
            interval_metrics(served.rows.targets[at], served.lower[at], served.upper[at], COVERAGE)
            for at in _rows_by_week(served.rows)
        ]
        return cls(
            coverage=np.array([week.coverage for week in measured]),
            score=np.array([week.interval_score for week in measured]),
            width=np.array([week.width for week in measured]),
        )

    def within(self, reach: float, weeks: slice) -> float:
        """Share of weeks whose coverage is so near to the promise."""
        return float((np.abs(self.coverage[weeks] - COVERAGE) <= reach).mean())

    def distance(self, weeks: slice) -> float:
        """Mean distance of a week's coverage from the promise."""
        return float(np.abs(self.coverage[weeks] - COVERAGE).mean())


def skill_by_week(ordered: Sequence[Champion]) -> np.ndarray:
    """D2 of the absolute error over the median that each champion was fitted on, by week."""
    rows = together([champion.served for champion in ordered])
    medians = np.concatenate(
        [np.full(len(one.served.days), np.median(one.targets)) for one in ordered]
    )
    losses = absolute_errors(rows.targets, rows.predictions)
    baselines = absolute_errors(rows.targets, medians)
    return np.array([skill(losses[at], baselines[at]) for at in _rows_by_week(rows)])


def _rows_by_week(rows: Predicted) -> list[np.ndarray]:
    weeks = week_of(rows.days)
    return [np.flatnonzero(weeks == week) for week in range(WINDOWS)]
