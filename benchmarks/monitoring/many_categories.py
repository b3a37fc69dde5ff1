"""False alarms of a categorical column of very many values, and changes of it that are found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
from scipy.stats import binomtest

from benchmarks.report import markdown_table, say
from mlops_platform.data.engine import private_duckdb
from mlops_platform.monitoring.drift.alarm.judging import (
    WindowExtent,
    compare_columns,
    judge_columns,
)
from mlops_platform.monitoring.drift.column_drift import ColumnDrift
from mlops_platform.monitoring.drift.profile.profile import Profile, count_window, fit_profile
from mlops_platform.spec import DriftSpec

FIRST_DAY, WEEK, DAY, COLUMN = date(2024, 1, 1), 7, "day", "user"
RATE, SEEDS = 0.05, 300
Values = np.ndarray
Change = Callable[[Values, np.random.Generator], Values]


@dataclass(frozen=True)
class Population:
    """What the values of a column are drawn from, and how many rows of it there are.

    Args:
        exponent: of Zipf's law; 0 where all values are as frequent.
        days: of the reference.
        repeated: how many times a value that was drawn occurs, one after the other.
    """

    name: str
    values: int
    exponent: float
    days: int = 56
    rows_per_day: int = 500
    repeated: int = 1

    def draw(self, random: np.random.Generator, days: int) -> Values:
        """Values of some days, in the order of the days."""
        weights = np.arange(1, self.values + 1, dtype=float) ** -self.exponent
        draws = random.random(days * self.rows_per_day // self.repeated)
        places = np.searchsorted(np.cumsum(weights / weights.sum()), draws)
        names = np.char.add("user", places.clip(max=self.values - 1).astype(str))
        return names.repeat(self.repeated)


POPULATIONS = (
    Population("200,000 values by Zipf's law", 200_000, 1.0),
    Population("200,000 values, all as frequent", 200_000, 0.0),
    Population("200,000 by Zipf's law, each five times", 200_000, 1.0, repeated=5),
    Population("200,000 as frequent, 5,000 rows a day", 200_000, 0.0, days=28, rows_per_day=5000),
    Population("3,000 values, all as frequent", 3000, 0.0, days=35, rows_per_day=200),
    Population("105 values by Zipf's law", 105, 1.0),
)


def _of_some(share: float, changed: Callable[[Values], Values | str]) -> Change:
    return lambda values, random: np.where(
        random.random(len(values)) < share, changed(values), values
    )


def _without_the_first(values: Values, _: np.random.Generator) -> Values:
    return values[values != "user0"]


CHANGES: Mapping[str, Change] = {
    "nothing": lambda values, _: values,
    "20 % become one new value": _of_some(0.2, lambda _: "brand-new"),
    "20 % become one known value": _of_some(0.2, lambda values: values[0]),
    "20 % have new values": _of_some(0.2, lambda values: np.char.add("new", values)),
    "all have new values": lambda values, _: np.char.add("new", values),
    "the first value is gone": _without_the_first,
}


def measure_many_categories() -> str:
    """A week of each population after a reference of the same, as it is and changed."""
    lines = []
    for population in POPULATIONS:
        say(population.name)
        judged = [judge_weeks(population, seed, list(CHANGES.values())) for seed in range(SEEDS)]
        alarms = [sum(week.drifted for week in weeks) for weeks in zip(*judged, strict=True)]
        lines.append([population.name, *map(_share, alarms)])
    return markdown_table(["values", *CHANGES], lines)


def judge_weeks(population: Population, seed: int, changes: Sequence[Change]) -> list[ColumnDrift]:
    """The week after a reference, after each change."""
    random = np.random.default_rng(seed)
    reference, week = (population.draw(random, days) for days in (population.days, WEEK))
    dates = np.repeat(np.arange(population.days), population.rows_per_day)
    days = pa.array([FIRST_DAY + timedelta(days=int(day)) for day in dates])
    with private_duckdb() as connection:
        connection.register("reference", pa.table({DAY: days, COLUMN: pa.array(reference)}))
        profile = fit_profile(connection, "reference", [], [COLUMN], DAY)
    return [_judged(profile, change(week, random), population.days) for change in changes]


def _judged(profile: Profile, values: Values, first_day: int) -> ColumnDrift:
    with private_duckdb() as connection:
        connection.register("week", pa.table({COLUMN: pa.array(values)}))
        window = count_window(connection, "week", profile, [COLUMN])
    declared = DriftSpec(season_days=0)
    days = [FIRST_DAY + timedelta(days=first_day + at) for at in range(WEEK)]
    extent = WindowExtent(days, len(values))
    compared = compare_columns(profile, window, COLUMN, extent, declared, {})
    return judge_columns(compared, declared, RATE).columns[0]


def _share(found: int) -> str:
    """Of the seeds, with what it may be at most (exact binomial, 95 %)."""
    most = binomtest(found, SEEDS).proportion_ci(0.9, method="exact").high
    return f"{100 * found / SEEDS:.1f} % (≤ {100 * most:.1f})"
