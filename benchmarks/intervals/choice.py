"""Step and window of each adaptive way, chosen on April to June."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import NamedTuple, Protocol

import numpy as np

from benchmarks.intervals.champions import COVERAGE
from benchmarks.intervals.ways import (
    MATURED_AFTER_DAYS,
    Way,
    additive,
    following,
    following_served,
    scaled,
)
from benchmarks.intervals.weeks import CHOOSING, Deployments, Served, Weeks
from benchmarks.report import markdown_table
from mlops_platform.tasks.regression.adaptation import LevelRule

PLATFORM = "**CQR by reaches, adaptive level**"


class Adaptive(Protocol):
    """A way that follows."""

    def __call__(self, rule: LevelRule, matured_after_days: int = MATURED_AFTER_DAYS) -> Way:
        """The way under a rule."""


ADAPTIVE: Mapping[str, Adaptive] = {
    "CQR in minutes, adaptive level": partial(following, additive),
    "CQR by reaches, level as published": partial(following_served, scaled),
    PLATFORM: partial(following, scaled),
}
STEPS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7)
WINDOWS_TRIED = (14, 28, 56)
DEARER = 1.02
"""Intervals may score so much worse than the best that are not adapted."""


class Outcome(NamedTuple):
    """What was tried, and what it came to from April to June, mean over the deployments.

    Attributes:
        distance: of a week's coverage from the promise.
    """

    way: str
    step: float
    window: int
    distance: float
    score: float


def level_rule(step: float, window: int) -> LevelRule:
    """The rule with a step and a window."""
    return LevelRule(coverage=COVERAGE, step=step, window_days=window)


def outcomes(deployed: Deployments) -> list[Outcome]:
    """Of every adaptive way, window and step."""
    return [
        _outcome(deployed, way, step, window)
        for way in ADAPTIVE
        for window in WINDOWS_TRIED
        for step in STEPS
    ]


def _outcome(deployed: Deployments, way: str, step: float, window: int) -> Outcome:
    ends = ADAPTIVE[way](level_rule(step, window))
    weeks = [Weeks.of(Served.by(ends, champions)) for champions in deployed.values()]
    distance = np.mean([of.distance(CHOOSING) for of in weeks])
    score = np.mean([of.score[CHOOSING].mean() for of in weeks])
    return Outcome(way, step, window, float(distance), float(score))


def chosen(tried: list[Outcome], way: str) -> Outcome:
    """The outcome nearest to the promise among those that are not much dearer."""
    allowed = [of for of in tried if of.way == way and of.score <= DEARER * _still(tried)]
    return min(allowed, key=lambda outcome: outcome.distance)


def choice_table(tried: list[Outcome]) -> str:
    """Distance and relative score of all; the chosen one of each way is bold."""
    rows = []
    for way in ADAPTIVE:
        best = chosen(tried, way)
        for window in WINDOWS_TRIED:
            row = [of for of in tried if of.way == way and of.window == window]
            cells = [
                f"{'**' * (of == best)}{of.distance:.4f}{'**' * (of == best)} "
                f"({of.score / _still(tried):.3f})"
                for of in row
            ]
            rows.append([f"{way}, {window} days", *cells])
    return markdown_table(["way, window", *(f"step {step:g}" for step in STEPS)], rows)


def _still(tried: list[Outcome]) -> float:
    return min(of.score for of in tried if of.step == 0)
