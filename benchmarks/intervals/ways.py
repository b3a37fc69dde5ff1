"""Ways to give a champion's answers an interval: the platform's, and what else one could do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from benchmarks.intervals.champions import COVERAGE, Champion
from benchmarks.intervals.flights import DAY, Predicted
from mlops_platform.data.scored_days import by_day
from mlops_platform.tasks.adaptation import ScoredDay
from mlops_platform.tasks.fitting.conformal import conformal_quantile
from mlops_platform.tasks.regression.adaptation import LevelRule
from mlops_platform.tasks.regression.columns import FACTOR
from mlops_platform.tasks.regression.interval import least_reach, reaches_of

MATURED_AFTER_DAYS = 2
"""From a day to the first one at whose start all its outcomes are known."""
Ends = tuple[np.ndarray, np.ndarray]
Way = Callable[[Champion], Ends]


class Scored(Protocol):
    """Rows whose intervals grow with one number, and the number that each target needs."""

    def scores(self, targets: np.ndarray) -> np.ndarray:
        """Shape (rows,)."""

    def intervals(self, factor: np.ndarray) -> Ends:
        """Ends of shape (rows,)."""


Scoring = Callable[[Champion, Predicted], Scored]


def scaled(champion: Champion, rows: Predicted) -> Scored:
    """By the reaches of each row, as the platform does."""
    least = least_reach(champion.held_out.lower, champion.held_out.upper)
    return reaches_of(rows.predictions, rows.lower, rows.upper, least)


@dataclass(frozen=True, eq=False)
class Additive:
    """CQR as Romano et al. published it: as many minutes at both ends, whatever the row."""

    rows: Predicted

    def scores(self, targets: np.ndarray) -> np.ndarray:
        """Minutes beyond the nearer quantile prediction, negative inside."""
        return np.maximum(self.rows.lower - targets, targets - self.rows.upper)

    def intervals(self, factor: np.ndarray) -> Ends:
        """They hold the prediction also where so many minutes less would make them empty."""
        predictions = self.rows.predictions
        return (
            np.minimum(self.rows.lower - factor, predictions),
            np.maximum(self.rows.upper + factor, predictions),
        )


def additive(champion: Champion, rows: Predicted) -> Scored:
    """By minutes."""
    return Additive(rows)


def unconditional(champion: Champion) -> Ends:
    """Quantiles of all delays it was fitted on."""
    lower, upper = np.quantile(champion.targets, [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2])
    rows = len(champion.served.days)
    return np.full(rows, lower), np.full(rows, upper)


def split_conformal(champion: Champion) -> Ends:
    """Prediction and the quantile of absolute errors of held-out rows."""
    known, served = champion.held_out, champion.served
    reach = conformal_quantile(np.abs(known.targets - known.predictions), COVERAGE)
    return served.predictions - reach, served.predictions + reach


def quantile_regression(champion: Champion) -> Ends:
    """Quantile predictions as they are."""
    return champion.served.lower, champion.served.upper


def held_out(champion: Champion) -> Ends:
    """By reaches, with the factor that held-out rows set once, as a version is released."""
    known = champion.held_out
    factor = conformal_quantile(scaled(champion, known).scores(known.targets), COVERAGE)
    served = champion.served
    return scaled(champion, served).intervals(np.full(len(served.days), factor))


def following(
    scoring: Scoring, rule: LevelRule, matured_after_days: int = MATURED_AFTER_DAYS
) -> Way:
    """Adjusted each day by the platform's rule."""

    def ends(champion: Champion) -> Ends:
        valid_from, factors = _factors(champion, scoring, rule, matured_after_days)
        at = np.searchsorted(valid_from, champion.served.days, side="right") - 1
        return scoring(champion, champion.served).intervals(factors[at])

    return ends


def following_served(
    scoring: Scoring, rule: LevelRule, matured_after_days: int = MATURED_AFTER_DAYS
) -> Way:
    """The level as published: moved by the misses of the intervals that were served."""

    def ends(champion: Champion) -> Ends:
        served, bounds = champion.served, rule.level_bounds
        window = _scored_days(champion, scoring, champion.held_out)
        level, factors = rule.coverage, []
        factor = conformal_quantile(np.concatenate([one.scores for one in window]), level)
        matured = _scored_days(champion, scoring, served)
        for due in range(-matured_after_days, len(matured) - matured_after_days):
            if due >= 0:
                misses = float((matured[due].scores > factors[due]).mean())
                level += rule.step * (misses - (1 - rule.coverage))
                level = float(np.clip(level, *bounds))
                window = [*window, matured[due]][-rule.window_days :]
                known = np.concatenate([one.scores for one in window])
                factor = conformal_quantile(known, level)
            factors.append(factor)
        _, at = np.unique(served.days, return_inverse=True)
        return scoring(champion, served).intervals(np.array(factors)[at])

    return ends


class _Factors(NamedTuple):
    """Factors in turn, each with the first day that it is valid on; shape (adjustments,)."""

    valid_from: np.ndarray
    factors: np.ndarray


def _factors(
    champion: Champion, scoring: Scoring, rule: LevelRule, matured_after_days: int
) -> _Factors:
    """That of the release, and one for every matured day after it."""
    known = _scored_days(champion, scoring, champion.held_out)
    matured = _scored_days(champion, scoring, champion.served)
    adjustments = [rule.begun(known)]
    for scored in matured:
        adjustments.append(rule.after(adjustments[-1], known[-rule.window_days :], scored))
        known.append(scored)
    days = np.array([scored.day for scored in matured], dtype="datetime64[D]")
    return _Factors(
        valid_from=np.append(champion.start, days + matured_after_days * DAY),
        factors=np.array([adjustment.constants[FACTOR] for adjustment in adjustments]),
    )


def _scored_days(champion: Champion, scoring: Scoring, rows: Predicted) -> list[ScoredDay]:
    return by_day(rows.days, scoring(champion, rows).scores(rows.targets))
