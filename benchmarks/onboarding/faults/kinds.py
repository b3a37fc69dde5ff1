"""Ten kinds of faults, each put into a column of a clean table at random."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pandas as pd

from benchmarks.onboarding.faults.clean_table import CleanTable

Generator = np.random.Generator


@dataclass(frozen=True, eq=False)
class Faulty:
    """A table with one fault.

    Args:
        column: where it is; None where it is of the whole table.
        variant: what was done, in words.
    """

    frame: pd.DataFrame
    column: str | None
    variant: str


class NoPlaceError(Exception):
    """The table has no column that could have the fault."""


def _column(table: CleanTable, generator: Generator, candidates: list[str] | None = None) -> str:
    names = table.columns if candidates is None else candidates
    if not names:
        raise NoPlaceError
    return str(generator.choice(names))


def _outcomes(table: CleanTable) -> pd.Series:
    """As numbers."""
    return table.frame[table.label].astype(float)


def leak(table: CleanTable, generator: Generator) -> Faulty:
    """The outcome, written another way, with a little noise."""
    column, outcome = _column(table, generator), _outcomes(table)
    frame, rows = table.frame.copy(), len(table.frame)
    if table.task == "regression":
        noise = float(generator.choice([0.0, 0.02, 0.05]))
        scale, shift = generator.uniform(0.1, 10), generator.uniform(-5, 5)
        noisy = outcome + noise * outcome.std() * generator.normal(size=rows)
        frame[column] = np.round(scale * noisy + shift, 4)
        return Faulty(frame, column, f"scaled, noise {noise:g}")
    flipped = float(generator.choice([0.0, 0.01, 0.03]))
    told = np.where(generator.random(rows) < flipped, 1 - outcome, outcome).astype(int)
    shape = str(generator.choice(["words", "number", "score"]))
    if shape == "words":
        frame[column] = np.where(told == 1, "closed", "open")
    elif shape == "number":
        frame[column] = told
    else:
        frame[column] = np.round(told * 2.0 + generator.normal(0, 0.5, rows), 3)
    return Faulty(frame, column, f"{shape}, {flipped:.0%} flipped")


def identifier(table: CleanTable, generator: Generator) -> Faulty:
    """A number or text of its own for each row."""
    column, frame, rows = _column(table, generator), table.frame.copy(), len(table.frame)
    shape = str(generator.choice(["running", "dealt", "long", "hex", "text"]))
    values: dict[str, Callable[[], Any]] = {
        "running": lambda: np.arange(rows) + 1000,
        "dealt": lambda: generator.permutation(rows) + 1,
        "long": lambda: 10**8 + generator.choice(9 * 10**8, rows, replace=False),
        "hex": lambda: [generator.bytes(12).hex() for _ in range(rows)],
        "text": lambda: [f"C-{number:07d}" for number in generator.permutation(10 * rows)[:rows]],
    }
    frame[column] = pd.Series(values[shape](), index=frame.index)
    return Faulty(frame, column, shape)


def late_time(table: CleanTable, generator: Generator) -> Faulty:
    """A moment after that of the row, of all rows or of some."""
    column, frame, rows = _column(table, generator), table.frame.copy(), len(table.frame)
    share = float(generator.choice([0.3, 1.0]))
    delay = pd.to_timedelta(np.ceil(generator.exponential(1e5, rows)), unit="s")
    moments = pd.to_datetime(frame[table.time]) + delay
    frame[column] = moments.where(generator.random(rows) < share)
    return Faulty(frame, column, f"{share:.0%} of the rows")


def disguised_missing(table: CleanTable, generator: Generator) -> Faulty:
    """A value that means none, in 2 to 15 % of the rows."""
    column, frame = _column(table, generator), table.frame.copy()
    values = frame[column]
    share = generator.uniform(0.02, 0.15)
    chosen = generator.random(len(frame)) < share
    text: object
    if pd.api.types.is_bool_dtype(values) or not pd.api.types.is_numeric_dtype(values):
        text = str(generator.choice(["unknown", "N/A", "?", "missing", "-"]))
        frame[column] = values.astype(object).where(~chosen, text)
        return Faulty(frame, column, f"{text!r}")
    text = float(generator.choice([-999, -9999, 99999999, -1]))
    if text == -1 and (values.min() < 0 or values.nunique() <= 5):
        text = -999.0
    frame[column] = values.where(~chosen, int(text))
    return Faulty(frame, column, f"{text:g}")


def shuffled_time(table: CleanTable, generator: Generator) -> Faulty:
    """Every row has the time of another one."""
    frame = table.frame.copy()
    frame[table.time] = generator.permutation(frame[table.time].to_numpy())
    return Faulty(frame, table.time, "all rows")


def duplicates(table: CleanTable, generator: Generator) -> Faulty:
    """1 to 5 % of the rows twice, behind themselves or at the end."""
    rows = len(table.frame)
    share = generator.uniform(0.01, 0.05)
    chosen = table.frame.iloc[np.flatnonzero(generator.random(rows) < share)]
    frame = pd.concat([table.frame, chosen])
    place = str(generator.choice(["behind", "end"]))
    if place == "behind":
        frame = frame.sort_index(kind="stable")
    return Faulty(frame.reset_index(drop=True), None, place)


def constant(table: CleanTable, generator: Generator) -> Faulty:
    """The same in every row."""
    column, frame = _column(table, generator), table.frame.copy()
    frame[column] = frame[column].dropna().iloc[0]
    return Faulty(frame, column, "one value")


def told_by_absence(table: CleanTable, generator: Generator) -> Faulty:
    """A value where the outcome is high, and none otherwise."""
    column, outcome, frame = _column(table, generator), _outcomes(table), table.frame.copy()
    values = frame[column].dropna()
    drawn = pd.Series(generator.choice(values.to_numpy(), len(frame)), index=frame.index)
    filled = frame[column].where(frame[column].notna(), drawn)
    is_high = outcome > (0.5 if table.task != "regression" else outcome.median())
    wrong = generator.random(len(frame)) < float(generator.choice([0.0, 0.02]))
    frame[column] = filled.where(is_high ^ wrong)
    return Faulty(frame, column, "with errors" if wrong.any() else "exactly")


def unit_change(table: CleanTable, generator: Generator) -> Faulty:
    """A number in another unit from a day on."""
    numbers = [
        name
        for name in table.columns
        if pd.api.types.is_numeric_dtype(table.frame[name])
        and not pd.api.types.is_bool_dtype(table.frame[name])
        and table.frame[name].nunique() > 10
    ]
    column, frame = _column(table, generator, numbers), table.frame.copy()
    times = pd.to_datetime(frame[table.time])
    since = times.sort_values().iloc[int(generator.uniform(0.3, 0.7) * len(times))]
    factor = float(generator.choice([2.2046, 1.609, 2.54, 0.3048, 100, 1000, 0.001]))
    values = frame[column].astype(float)
    frame[column] = np.round(values.where(times < since, values * factor), 4)
    return Faulty(frame, column, f"times {factor:g}")


def future_rows(table: CleanTable, generator: Generator) -> Faulty:
    """0.5 to 3 % of the rows are of days to come."""
    frame = table.frame.copy()
    times = pd.to_datetime(frame[table.time])
    chosen = generator.random(len(frame)) < generator.uniform(0.005, 0.03)
    chosen[int(generator.integers(len(frame)))] = True
    now = pd.Timestamp(datetime.now(UTC))
    later = now.floor("s") + pd.to_timedelta(generator.integers(1, 700, len(frame)), unit="D")
    if times.dt.tz is None:
        later = later.tz_localize(None)
    frame[table.time] = times.where(~chosen, pd.Series(later, index=frame.index))
    return Faulty(frame, table.time, f"{int(chosen.sum())} rows")


@dataclass(frozen=True)
class FaultKind:
    """A kind of fault, and the kinds of findings that name it."""

    put: Callable[[CleanTable, Generator], Faulty]
    named_by: tuple[str, ...]


KINDS: Final = MappingProxyType(
    {
        "leak": FaultKind(leak, ("leakage", "determines_label")),
        "id as feature": FaultKind(identifier, ("identifier",)),
        "late timestamp": FaultKind(late_time, ("after_event",)),
        "disguised missing": FaultKind(disguised_missing, ("disguised_missing",)),
        "shuffled time": FaultKind(shuffled_time, ("shuffled_time",)),
        "duplicates": FaultKind(duplicates, ("duplicates",)),
        "constant": FaultKind(constant, ("constant",)),
        "target in NULLs": FaultKind(told_by_absence, ("missing_tells_label",)),
        "unit change": FaultKind(unit_change, ("unit_change",)),
        "future rows": FaultKind(future_rows, ("future_rows",)),
    }
)
