"""Copies of what is published, in which days have taken each other's place."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from math import ceil
from pathlib import Path

import numpy as np
import pyarrow as pa

from mlops_platform.data.engine import identifier, literal, private_duckdb
from mlops_platform.data.features.published import FILE, Manifest, read_manifest
from mlops_platform.files import write_text
from mlops_platform.settings import Settings, read_settings
from mlops_platform.spec import ModelSpec

Places = Mapping[date, date]
"""The day that each day's rows are moved to."""
LOOK_BACK_DAYS = 28
"""Of the features of every instance, the longest."""
BROKEN_DAYS = {date(2013, 2, 12)}
"""A wind of 1,048 mph was read at Newark."""


def common_days(published: Path, spec: ModelSpec) -> list[date]:
    """Days with features and labels that are all known, in order.

    Of the last days of a forecast only the first steps have a label: elsewhere such a day would be
    one whose outcomes are missing.
    """
    features, labels = (read_manifest(published, table) for table in tables_of(spec))
    days = sorted(features.partitions.keys() & labels.partitions.keys())
    not_mature = ceil(spec.monitoring.performance.mature_after_days)
    return days[: len(days) - not_mature]


def calm_days(days: list[date]) -> list[date]:
    """Days that may take each other's place without anything being wrong.

    The features of the first days of the data have nothing yet to look back at: elsewhere such a
    day would be one whose history was lost. Its alarm is no false one, nor that of a broken day.
    """
    return [
        day for day in days if (day - days[0]).days >= LOOK_BACK_DAYS and day not in BROKEN_DAYS
    ]


def tables_of(spec: ModelSpec) -> tuple[str, ...]:
    """The published tables that a model reads, each once."""
    return tuple(dict.fromkeys((spec.features.table, spec.label.table)))


def permuted(days: list[date], seed: int) -> Places:
    """Each day to one of the same weekday, so that nothing changes with time but the weekday."""
    random = np.random.default_rng(seed)
    places: dict[date, date] = {}
    for weekday in range(7):
        alike = [day for day in days if day.weekday() == weekday]
        moved = random.permutation(len(alike))
        places |= {day: alike[at] for day, at in zip(alike, moved, strict=True)}
    return places


def permuted_after(places: Places, last: date, seed: int) -> Places:
    """The same up to a day, and those after it permuted once more."""
    later = sorted(place for place in places.values() if place > last)
    moved = permuted(later, seed)
    return {day: moved.get(place, place) for day, place in places.items()}


def write_world(source: Path, home: Path, spec: ModelSpec, places: Places) -> Settings:
    """Publish the tables of a model anew, every day with the rows of another one.

    Moments move with their rows, in local time.
    """
    world = read_settings({"MLOPS_HOME": str(home)})
    for table in tables_of(spec):
        _move(source / table, world.published / table, spec, places)
        before = read_manifest(source, table)
        partitions = {place: before.partitions[day] for day, place in places.items()}
        manifest = Manifest(
            partition_column=before.partition_column, partitions=dict(sorted(partitions.items()))
        )
        write_text(world.published / table / "_manifest.json", manifest.to_stored())
    return world


def _move(source: Path, target: Path, spec: ModelSpec, places: Places) -> None:
    target.mkdir(parents=True)
    partition, zone = identifier(spec.features.partition), literal(spec.window.timezone)
    moves = pa.table({"day": list(places), "place": list(places.values())})
    with private_duckdb() as connection:
        connection.execute("SET threads = 1")
        connection.register("moves", moves)
        rows = f"read_parquet({literal(f'{source}/*/*.parquet')}, hive_partitioning = true)"
        described = connection.sql(f"DESCRIBE FROM {rows}").fetchall()
        moments = [name for name, kind, *_ in described if kind == "TIMESTAMP WITH TIME ZONE"]
        shifted = [
            f"timezone({zone}, timezone({zone}, {name}) + to_days((place - day)::INT)) AS {name}"
            for name in map(identifier, moments)
        ]
        replaced = ", ".join([*shifted, f"place AS {partition}"])
        connection.execute(
            f"COPY (SELECT * EXCLUDE (day, place) REPLACE ({replaced}) FROM {rows} "
            f"JOIN moves ON {partition} = day) TO {literal(str(target))} "
            f"(FORMAT parquet, PARTITION_BY ({partition}))"
        )
    for folder in target.iterdir():
        # One thread writes one file for each day; a manifest names it so.
        (file,) = folder.iterdir()
        file.rename(folder / FILE)
