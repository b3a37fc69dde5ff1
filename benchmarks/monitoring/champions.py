"""Champions of the year of flights that are never retrained, and what they said of later weeks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

import joblib
import numpy as np
import pandas as pd

from benchmarks.policy.year import year_of_outcomes
from benchmarks.report import say
from mlops_platform.components.models import declared_spec
from mlops_platform.spec import ModelSpec
from mlops_platform.tasks import Finished
from mlops_platform.tasks.binary_classification.calibration import positive_scores
from mlops_platform.tasks.binary_classification.columns import BASE_RATE, THRESHOLD
from mlops_platform.training.fitting import fit_candidate, refit
from mlops_platform.training.rows import days_of, features_of, targets_of
from mlops_platform.training.search.search import Recipe
from mlops_platform.training.split import split_by_time

MONTHS = (4, 6, 8, 10)
LAST_DAY = np.datetime64("2013-12-29")
PARAMS: Mapping[str, Mapping[str, Any]] = {
    "hist_gradient_boosting": {
        "estimator.max_leaf_nodes": 31,
        "estimator.min_samples_leaf": 200,
        "estimator.max_features": 0.5,
    },
    "logistic_regression": {"estimator.C": 0.01},
}


@dataclass(frozen=True, eq=False)
class Rows:
    """Columns of shape (rows,), by event time."""

    days: np.ndarray
    labels: np.ndarray
    scores: np.ndarray

    def of(self, kept: np.ndarray) -> Rows:
        """Some of the rows."""
        return Rows(self.days[kept], self.labels[kept], self.scores[kept])


@dataclass(frozen=True, eq=False)
class Champion:
    """A released refit with the held-out rows of its judged candidate.

    Attributes:
        served: every labelled row from its release to the end of the year.
    """

    name: str
    threshold: float
    base_rate: float
    held_out: Rows
    served: Rows

    def weeks(self) -> Iterator[tuple[np.datetime64, Rows]]:
        """Its whole weeks by their Monday, oldest first."""
        first = self.served.days[0] + np.timedelta64(6, "D")
        monday = first - np.timedelta64((first.astype(object).weekday()), "D")
        while monday + np.timedelta64(6, "D") <= LAST_DAY:
            end = monday + np.timedelta64(7, "D")
            yield monday, self.served.of((self.served.days >= monday) & (self.served.days < end))
            monday = end


def champions(home: Path | None) -> list[Champion]:
    """One per estimator and month.

    Args:
        home: keeps the year's features and the champions; None measures in a folder of its own.
    """
    if home is None:
        with TemporaryDirectory() as temporary:
            return champions(Path(temporary))
    kept = home / "champions.joblib"
    if not kept.is_file():
        spec = declared_spec("flight_delay")
        rows = year_of_outcomes(spec, home)
        joblib.dump([_champion(spec, rows, *one) for one in _every()], kept)
    found: list[Champion] = joblib.load(kept)
    return found


def _every() -> list[tuple[str, int]]:
    return [(name, month) for name in PARAMS for month in MONTHS]


def _champion(spec: ModelSpec, rows: pd.DataFrame, name: str, month: int) -> Champion:
    say(f"fitting {name} of month {month}")
    moment = datetime(2013, month, 1, tzinfo=ZoneInfo(spec.window.timezone))
    known, event_times = rows[spec.label.known_at] <= moment, rows[spec.features.event_time]
    split = split_by_time(rows[known], spec)
    recipe = Recipe(
        candidate=name,
        params=dict(PARAMS[name]),
        metric="log_loss",
        greater_is_better=False,
        score=0.0,
        trials=(),
    )
    judged = fit_candidate(spec, recipe, split)
    released = refit(spec, recipe, judged, split)
    return Champion(
        name=f"{'HGB' if name.startswith('hist') else 'LR'} of {date(2013, month, 1):%B}",
        threshold=released.constants[THRESHOLD],
        base_rate=released.baseline[BASE_RATE],
        held_out=_rows(spec, split.test, judged),
        served=_rows(spec, rows[event_times >= moment], released),
    )


def _rows(spec: ModelSpec, rows: pd.DataFrame, finished: Finished) -> Rows:
    scores = positive_scores(finished.model, features_of(rows, spec))
    return Rows(days_of(rows, spec), targets_of(rows, spec), scores)
