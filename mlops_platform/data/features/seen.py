"""What has landed, as a build has seen it: a later look tells what came, changed, or is gone."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Collection, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Final, Literal, NamedTuple

from mlops_platform.data.landing.deliveries import DELIVERY, PARTITION_COLUMN
from mlops_platform.files import sha256_of_file
from mlops_platform.record import Record

SETTLED_NS: Final = 1_000_000_000
"""A folder that has changed since so long may change once more at what its clock calls the same
moment: by its stamp nobody could tell."""
DIGITS: Final = 16

Happened = Literal["arrived", "altered", "vanished"]


class SeenDay(Record):
    """One landed day.

    Args:
        stamp: of the folders as the file system dates them; None where they had just been changed.
        deliveries: digest of the files of each delivery, by the name of its folder.
    """

    stamp: str | None
    deliveries: Mapping[str, str]


Seen = Mapping[str, Mapping[date, SeenDay]]
"""Landed days, by table."""
NOTHING: Final[Mapping[date, SeenDay]] = {}


class News(NamedTuple):
    """What became of one delivery since it was looked for; sorted by table, day and arrival."""

    table: str
    day: date
    delivery: str
    happened: Happened


def look(
    landing_root: Path, tables: Collection[str], before: Seen
) -> dict[str, dict[date, SeenDay]]:
    """See what has landed; files are read only of days whose folders have changed since `before`.

    A home that was copied has new stamps and the same files: nothing has happened there.
    """
    return {
        table: dict(_days(landing_root / table, before.get(table, NOTHING)))
        for table in sorted(tables)
    }


def first_deliveries(seen: Seen) -> dict[str, dict[date, SeenDay]]:
    """The same as if no day had been delivered again."""
    return {
        table: {
            day: SeenDay(stamp=None, deliveries=dict(sorted(of_day.deliveries.items())[:1]))
            for day, of_day in days.items()
        }
        for table, days in seen.items()
    }


def news(before: Seen, now: Seen) -> list[News]:
    """What has happened between two looks at the tables that both have looked at."""
    return sorted(
        happened
        for table in before.keys() & now.keys()
        for day in before[table].keys() | now[table].keys()
        for happened in _of_day(table, day, before[table].get(day), now[table].get(day))
    )


def _of_day(table: str, day: date, before: SeenDay | None, now: SeenDay | None) -> Iterator[News]:
    if before == now:
        return
    had = before.deliveries if before else {}
    has = now.deliveries if now else {}
    for delivery in had.keys() | has.keys():
        if delivery not in had:
            yield News(table, day, delivery, "arrived")
        elif delivery not in has:
            yield News(table, day, delivery, "vanished")
        elif had[delivery] != has[delivery]:
            yield News(table, day, delivery, "altered")


def _days(folder: Path, before: Mapping[date, SeenDay]) -> Iterator[tuple[date, SeenDay]]:
    unsettled = time.time_ns() - SETTLED_NS
    prefix = f"{PARTITION_COLUMN}="
    for entry in _entries(folder):
        if not entry.name.startswith(prefix):
            continue
        day = _day(entry.name.removeprefix(prefix))
        if day is None:
            continue
        seen = before.get(day)
        changed_ns = entry.stat().st_mtime_ns
        if (
            seen is None
            or seen.stamp is None
            or seen.stamp != _stamp(entry.path, seen.deliveries, changed_ns)[0]
        ):
            # Stamped before the files are read: what changes meanwhile is looked at once more.
            names = [each.name for each in _entries(Path(entry.path)) if _is_delivery(each)]
            stamp, newest = _stamp(entry.path, names, changed_ns)
            deliveries = {name: _digest(Path(entry.path, name)) for name in sorted(names)}
            seen = SeenDay(stamp=None if newest > unsettled else stamp, deliveries=deliveries)
        if seen.deliveries:
            yield day, seen


def _stamp(folder: str, deliveries: Collection[str], changed_ns: int) -> tuple[str | None, int]:
    """How the folders of a day are dated, and the newest of these moments."""
    moments = [changed_ns]
    try:
        moments += [os.stat(f"{folder}/{name}").st_mtime_ns for name in sorted(deliveries)]
    except FileNotFoundError:
        return None, changed_ns
    return " ".join(f"{moment:x}" for moment in moments), max(moments)


def _digest(delivery: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(delivery.glob("[!.]*")):
        digest.update(f"{file.name}\0{sha256_of_file(file)}\0".encode())
    return digest.hexdigest()[:DIGITS]


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except FileNotFoundError:
        return []


def _is_delivery(entry: os.DirEntry[str]) -> bool:
    return entry.name.startswith(f"{DELIVERY}=")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
