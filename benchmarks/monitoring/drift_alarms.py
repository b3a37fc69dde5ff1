"""False alarms on real weeks without drift, and faults found, by the calibrated and fixed rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.policy.year import flight_spec, year_of_outcomes
from benchmarks.report import markdown_table, say
from mlops_platform.data.engine import private_duckdb
from mlops_platform.monitoring.drift.alarm.judging import (
    WindowExtent,
    compare_columns,
    judge_columns,
)
from mlops_platform.monitoring.drift.column_drift import ColumnDrift
from mlops_platform.monitoring.drift.profile.histogram import Histogram
from mlops_platform.monitoring.drift.profile.profile import Profile, count_window, fit_profile
from mlops_platform.spec import DriftSpec, ModelSpec

DAY, QUARTER, WEEK, EVERY_FAULTY = "day", 91, 7, 5
RATE = 0.05
Rule = Callable[[ColumnDrift], bool]
COLUMNS = 23
RULES: Mapping[str, Rule] = {
    "**calibrated, 5 %**": lambda one: one.drifted,
    "PSI of 0.1": lambda one: one.psi >= 0.1,
    "PSI of 0.25": lambda one: one.psi >= 0.25,
    "Jensen-Shannon of 0.1": lambda one: one.statistic >= 0.1,
    "Kolmogorov-Smirnov of 0.1": lambda one: (one.ks or 0.0) >= 0.1,
    "p-value of 0.05": lambda one: one.p_value < 0.05,
    "p-value of 0.05 over all columns": lambda one: one.p_value < 0.05 / COLUMNS,
}


@dataclass(frozen=True)
class Fault:
    """What happens to one column of a week."""

    kind: str
    column: str
    change: Callable[[np.ndarray, np.random.Generator], np.ndarray]


def _nulls(values: np.ndarray, random: np.random.Generator) -> np.ndarray:
    missing = random.random(len(values)) < 0.2
    return np.where(missing, None if values.dtype == object else np.nan, values)


def _swapped(values: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Every fifth row takes the second commonest category."""
    names, counts = np.unique(values.astype(str), return_counts=True)
    rare = names[np.argsort(-counts)[1]]
    return np.where(random.random(len(values)) < 0.2, rare, values)


def _shifted(values: np.ndarray, _: np.random.Generator) -> np.ndarray:
    """A quarter of a standard deviation more, to the nearest number that the column has."""
    known = np.unique(values[~np.isnan(values)])
    aim = values + 0.25 * np.nanstd(values)
    middles = (known[1:] + known[:-1]) / 2
    return np.where(np.isnan(values), np.nan, known[np.searchsorted(middles, aim)])


FAULTS = (
    *(
        Fault("20 % nulls", column, _nulls)
        for column in ("distance_miles", "temperature_f", "plane_seats", "carrier", "origin")
    ),
    *(
        Fault("20 % of a category swapped", column, _swapped)
        for column in ("carrier", "origin", "destination")
    ),
    Fault("unit", "distance_miles", lambda values, _: values * 1.609),
    Fault("unit", "temperature_f", lambda values, _: (values - 32) / 1.8),
    *(
        Fault("shift by 0.25 sd", column, _shifted)
        for column in ("distance_miles", "scheduled_departure_minute", "temperature_f")
    ),
)


def measure_drift_alarms(home: Path | None) -> str:
    """Whole weeks of the year and of its quarters, each against the other days."""
    spec = flight_spec()
    with nullcontext(str(home)) if home else TemporaryDirectory() as folder:
        frame = year_of_outcomes(spec, Path(folder))
    rows = pa.Table.from_pandas(frame, preserve_index=False)
    days = rows[spec.features.partition].cast(pa.date32())
    rows = rows.select(spec.features.names).append_column(DAY, days)
    kinds = list(dict.fromkeys(fault.kind for fault in FAULTS))
    alarms: dict[tuple[str, str], list[bool]] = {}
    with private_duckdb() as connection:
        connection.register("year_of_rows", rows)
        features = spec.features
        profile = fit_profile(
            connection, "year_of_rows", features.numeric, features.categorical, DAY
        )
    for name, population in _populations(rows):
        say(f"weeks of {name}")
        for number, week in enumerate(_weeks(population)):
            faults = FAULTS if number % EVERY_FAULTY == 0 else ()
            for kind, columns in _judged(spec, profile, rows, population, week, faults):
                of = name if kind == "none" else kind
                for rule, judges in RULES.items():
                    alarms.setdefault((rule, of), []).append(any(map(judges, columns)))
    header = ["rule", "false alarms, year", "false alarms, quarters", *kinds]
    lines = [
        [rule, *(_share(alarms[rule, of]) for of in ("the year", "a quarter", *kinds))]
        for rule in RULES
    ]
    return markdown_table(header, lines)


def _populations(rows: pa.Table) -> Iterator[tuple[str, list[date]]]:
    days = sorted(set(rows[DAY].to_pylist()))
    yield "the year", days
    for start in range(0, len(days) - QUARTER + 1, QUARTER):
        yield "a quarter", days[start : start + QUARTER]


def _weeks(days: list[date]) -> Iterator[list[date]]:
    for start in range(0, len(days) - WEEK + 1, WEEK):
        yield days[start : start + WEEK]


def _judged(
    spec: ModelSpec,
    profile: Profile,
    rows: pa.Table,
    population: list[date],
    week: list[date],
    faults: tuple[Fault, ...],
) -> Iterator[tuple[str, list[ColumnDrift]]]:
    """The week as it is, then with each fault; of a faulty week only the faulty column."""
    others = pa.array([day for day in population if day not in week])
    reference = Profile(
        profile.bins,
        {
            name: counts.filter(pc.is_in(counts["day"], others))
            for name, counts in profile.counts.items()
        },
    )
    content = rows.filter(pc.is_in(rows[DAY], pa.array(week)))
    random = np.random.default_rng(week[0].toordinal())
    declared, rows_of = DriftSpec(season_days=0), spec.features.names[0]
    window = _counted(profile, content, spec.features.names)
    days = [population[-1] + timedelta(days=1 + at) for at in range(WEEK)]
    ahead = WindowExtent(days, content.num_rows)
    calm = compare_columns(reference, window, rows_of, ahead, declared, {})
    yield "none", list(judge_columns(calm, declared, RATE).columns)
    for fault in faults:
        values = content[fault.column].to_numpy(zero_copy_only=False)
        changed = pa.table({fault.column: pa.array(fault.change(values, random))})
        faulty = window | _counted(profile, changed, (fault.column,))
        compared = compare_columns(reference, faulty, rows_of, ahead, declared, {})
        found = judge_columns(compared, declared, RATE).columns
        yield fault.kind, [one for one in found if one.column == fault.column]


def _counted(profile: Profile, rows: pa.Table, columns: tuple[str, ...]) -> dict[str, Histogram]:
    with private_duckdb() as connection:
        connection.register("week_of_rows", rows)
        return count_window(connection, "week_of_rows", profile, columns)


def _share(alarms: list[bool]) -> str:
    return f"{100 * np.mean(alarms):.0f} % of {len(alarms)}"
