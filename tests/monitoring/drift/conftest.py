"""Tables in DuckDB, and a reference of weeks that resemble themselves by day."""

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest

from mlops_platform.data.engine import private_duckdb
from mlops_platform.monitoring.drift.profile.histogram import Histogram
from mlops_platform.monitoring.drift.profile.profile import Profile, count_window, fit_profile

FIRST_DAY = date(2013, 1, 7)
NUMERIC, CATEGORICAL = ("distance", "delay", "weekday", "score"), ("carrier",)


def traffic(days: int, seed: int, rows_per_day: int = 80) -> pa.Table:
    """Rows that cluster: every day has a level of its own, as weather has."""
    random = np.random.default_rng(seed)
    rows = days * rows_per_day
    day = np.repeat(np.arange(days), rows_per_day)
    level = random.normal(0, 0.3, days)[day]
    distance = np.round(random.gamma(2, 300, rows))
    delay = random.normal(level, 1, rows)
    delay[random.random(rows) < 0.02] = np.nan
    names = np.array(["UA", "DL", "AA", "B6", None], dtype=object)
    return pa.table(
        {
            "day": pa.array([FIRST_DAY + timedelta(days=int(one)) for one in day]),
            "distance": distance,
            "delay": delay,
            "weekday": (day % 7).astype(float),
            "score": random.beta(2, 6, rows),
            "carrier": random.choice(names, rows, p=[0.4, 0.3, 0.2, 0.09, 0.01]),
        }
    )


def week(seed: int = 1, **changes: object) -> pa.Table:
    """Seven days like the reference's, with some columns replaced."""
    rows = traffic(7, seed)
    for name, values in changes.items():
        rows = rows.set_column(rows.column_names.index(name), name, pa.array(values))
    return rows


@pytest.fixture(scope="session")
def make_week() -> Callable[..., pa.Table]:
    return week


@pytest.fixture(scope="session")
def make_traffic() -> Callable[..., pa.Table]:
    return traffic


@pytest.fixture(scope="session")
def profiled() -> Callable[..., Profile]:
    """Fit a profile to some rows."""

    def fit(
        rows: pa.Table,
        numeric: tuple[str, ...] = NUMERIC,
        categorical: tuple[str, ...] = CATEGORICAL,
    ) -> Profile:
        with private_duckdb() as connection:
            connection.register("rows_to_fit", rows)
            return fit_profile(connection, "rows_to_fit", numeric, categorical, "day")

    return fit


@pytest.fixture(scope="session")
def counted() -> Callable[[Profile, pa.Table], dict[str, Histogram]]:
    """Count rows in a profile's bins."""

    def count(profile: Profile, rows: pa.Table) -> dict[str, Histogram]:
        with private_duckdb() as connection:
            connection.register("rows_to_count", rows)
            return count_window(connection, "rows_to_count", profile, profile.bins.names)

    return count


@pytest.fixture(scope="session")
def half_year(profiled: Callable[..., Profile]) -> Profile:
    """Twenty-six weeks of reference."""
    return profiled(traffic(26 * 7, 0))
