"""References without days: what is usual is what rows drawn from them show."""

from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from mlops_platform.data.engine import private_duckdb
from mlops_platform.monitoring.drift.alarm.drawn_rows import drawn_units
from mlops_platform.monitoring.drift.alarm.judging import (
    WindowExtent,
    compare_columns,
    judge_columns,
)
from mlops_platform.monitoring.drift.profile.profile import count_window, counted_by, fit_profile
from mlops_platform.monitoring.drift.profile.units import HANDFULS, UNIT, number_units
from mlops_platform.spec import DriftSpec

NUMERIC, CATEGORICAL = ("age", "charge"), ("plan",)
DAY = [date(2024, 3, 1)]


def customers(random: np.random.Generator, count: int, shift: float = 0.0) -> pa.Table:
    return pa.table(
        {
            "id": [f"c{at}" for at in range(count)],
            "age": random.integers(18, 80, count).astype(float),
            "charge": random.gamma(4, 15, count) + shift,
            "plan": random.choice(["basic", "plus", "pro"], count),
        }
    )


@pytest.mark.parametrize(
    ("reference", "window", "references", "windows"), [(300, 30, 4, 8), (5500, 80, 1, 4)]
)
def test_windows_without_drift_alarm_at_the_rate_and_others_do(
    reference: int, window: int, references: int, windows: int
) -> None:
    """A simulation of 200 windows per size is in docs/no_event_time.md; this one is a short one."""
    spec, alarms = DriftSpec(), []
    for seed in range(references):
        random = np.random.default_rng(seed)
        with private_duckdb() as connection:
            connection.register("reference", customers(random, reference))
            rows = number_units(connection, "reference", "id")
            profile = counted_by("row", fit_profile(connection, rows, NUMERIC, CATEGORICAL, UNIT))
            for shift in (*[0.0] * windows, 60.0):
                connection.register("arrived", customers(random, window, shift))
                counted = count_window(connection, "arrived", profile, NUMERIC + CATEGORICAL)
                extent = WindowExtent(DAY, window)
                compared = compare_columns(profile, counted, "age", extent, spec, {})
                judged = judge_columns(compared, spec, spec.false_alarm_rate)
                assert (judged.unit, judged.reference_days) == ("row", reference)
                if shift:
                    assert judged.alarm
                else:
                    alarms.append(judged.alarm)
    # Of 32 windows at 5 %, more than 5 alarm once in a hundred times.
    assert sum(alarms) <= 5


def test_windows_drawn_have_the_size_of_the_window_and_at_most_a_third() -> None:
    assert drawn_units(29, 5) is None
    for wanted, size in ((0.2, 1), (5, 5), (7.2, 8), (90, 30)):
        drawn = drawn_units(90, wanted)
        assert drawn is not None
        assert set(drawn.sum(axis=1)) == {size}


def test_many_rows_are_counted_in_handfuls_of_one_size() -> None:
    with private_duckdb() as connection:
        connection.register("reference", customers(np.random.default_rng(0), 5500))
        rows = number_units(connection, "reference", "id")
        sizes = connection.sql(f"SELECT count(*) FROM {rows} GROUP BY {UNIT}").fetchall()
        assert sizes == [(11,)] * HANDFULS
        grouped = number_units(connection, "reference", "plan")
        (groups,) = connection.sql(f"SELECT count(DISTINCT {UNIT}) FROM {grouped}").fetchall()
        assert groups == (3,)
