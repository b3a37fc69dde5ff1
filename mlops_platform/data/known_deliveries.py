"""The part of the landing zone that was known at a moment, as a landing zone of its own (ADR 0031).

Deliveries are never changed, so links to their files are enough.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from mlops_platform.data.features.origin import UnbuiltDelivery
from mlops_platform.data.landing.adoption import adopt_files
from mlops_platform.data.landing.deliveries import (
    PARTITION_COLUMN,
    delivery_folders,
    delivery_moment,
    read_delivery,
)
from mlops_platform.data.landing.erasing import ERASED, Tombstone
from mlops_platform.data.landing.landed_table import DECLARATION, read_state, write_state
from mlops_platform.data.landing.table_lock import table_lock
from mlops_platform.errors import DataError
from mlops_platform.record import Record

_DAY: Final = f"{PARTITION_COLUMN}="


class KnownTable(Record):
    """What was taken over of one landed table.

    Args:
        known: its deliveries that were known; files that no delivery has yet count as one of a day.
        later: deliveries that came after the moment.
        unbuilt: that had come, but were in no build yet.
    """

    table: str
    known: int
    later: int
    unbuilt: int = 0


@dataclass(frozen=True)
class Known:
    """Which deliveries were known.

    Args:
        moment: those that had arrived by then, by the machine's clock.
        unbuilt: but not these.
        first_always: the first delivery of each day whenever it came: files of older homes became
            deliveries later than they had arrived.
    """

    moment: datetime
    unbuilt: Collection[UnbuiltDelivery] = ()
    first_always: bool = False


def link_known_deliveries(landing: Path, target: Path, known: Known) -> tuple[KnownTable, ...]:
    """Link to every known delivery of every table.

    A file that no delivery has yet was there before deliveries had names: it is known.

    Raises:
        DataError: a delivery is not named after a moment, or what is kept of a table was damaged.
    """
    tables = sorted(folder for folder in landing.glob("*") if folder.is_dir())
    told = []
    for folder in tables:
        # What is erased is in all deliveries, or in none.
        with table_lock(landing, folder.name):
            told.append(_link_table(folder, target / folder.name, known))
    adopt_files(target, known.moment)
    return tuple(told)


def erasures(landing: Path, after: datetime) -> tuple[Tombstone, ...]:
    """Erasures from any table after a moment, oldest first.

    Raises:
        DataError: a tombstone cannot be read.
    """
    told = [_tombstone(file) for file in landing.glob(f"*/{ERASED}/*.json")]
    return tuple(
        sorted(
            (tombstone for tombstone in told if tombstone.erased_at > after),
            key=lambda tombstone: (tombstone.erased_at, tombstone.table),
        )
    )


def _link_table(folder: Path, target: Path, known: Known) -> KnownTable:
    unbuilt = {
        (f"{_DAY}{delivery.day.isoformat()}", delivery.delivery)
        for delivery in known.unbuilt
        if delivery.table == folder.name
    }
    taken = later = waiting = 0
    redelivered = set()
    for day in sorted(folder.glob(f"{_DAY}*")):
        plain = _files(day)
        _link(plain, target / day.name)
        deliveries = delivery_folders(day)
        arrived = [
            delivery
            for position, delivery in enumerate(deliveries)
            if _landed_by(delivery, known.moment) or (known.first_always and position == 0)
        ]
        chosen = [delivery for delivery in arrived if (day.name, delivery.name) not in unbuilt]
        for delivery in chosen:
            _link(_files(delivery), target / day.name / delivery.name)
        taken += len(chosen) + bool(plain)
        later += len(deliveries) - len(arrived)
        waiting += len(arrived) - len(chosen)
        if len(chosen) > 1:
            redelivered.add(day.name.removeprefix(_DAY))
    if taken and (folder / DECLARATION).is_file():
        state = read_state(folder)
        if not known.first_always:
            state = state.as_of(known.moment)
        days = tuple(day for day in state.redelivered if day.isoformat() in redelivered)
        write_state(target, state.model_copy(update={"redelivered": days}))
    return KnownTable(table=folder.name, known=taken, later=later, unbuilt=waiting)


def _landed_by(delivery: Path, moment: datetime) -> bool:
    """Whether a delivery was there, whatever moment a replay has dated it by."""
    if delivery_moment(delivery.name) > moment:
        return False
    landed_at = read_delivery(delivery).landed_at
    return landed_at is None or landed_at <= moment


def _files(folder: Path) -> list[Path]:
    """Files of a folder, without those that are still being written."""
    return [file for file in sorted(folder.glob("[!.]*")) if file.is_file()]


def _link(files: list[Path], target: Path) -> None:
    for file in files:
        target.mkdir(parents=True, exist_ok=True)
        try:
            os.link(file.resolve(), target / file.name)
        except OSError:
            # Another disk, or one without links.
            shutil.copyfile(file, target / file.name)


def _tombstone(file: Path) -> Tombstone:
    try:
        return Tombstone.from_stored(file.read_bytes())
    except ValidationError as error:
        raise DataError(f"{file} is no tombstone: {error}. Restore it from a backup.") from error
