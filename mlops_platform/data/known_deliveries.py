"""The part of the landing zone that was known at a moment, as a landing zone of its own (ADR 0031).

Deliveries are never changed, so links to their files are enough.
"""

from __future__ import annotations

import json
import os
import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from pydantic import AwareDatetime, ConfigDict, ValidationError

from mlops_platform.errors import DataError
from mlops_platform.record import Record

DELIVERY_PREFIX: Final = "delivery="
DELIVERY_FORMAT: Final = "%Y%m%dT%H%M%S.%fZ"
DAYS: Final = "day=*"
ERASED: Final = "_erased"


class KnownTable(Record):
    """What was taken over of one landed table.

    Args:
        known: its deliveries that were known, files that stand for one included.
        later: deliveries that came after the moment.
    """

    table: str
    known: int
    later: int


class Erasure(Record):
    """Rows that were taken out of every delivery of a table, as the tombstone tells it.

    Args:
        decision: of the ledger.
    """

    # Whoever erases may come to tell more.
    model_config = ConfigDict(extra="ignore")

    table: str
    rows: int
    days: tuple[date, ...] = ()
    decision: int | None = None
    reason: str | None = None
    erased_at: AwareDatetime


def link_known_deliveries(landing: Path, target: Path, moment: datetime) -> tuple[KnownTable, ...]:
    """Link to every delivery of every table that had arrived at `moment`.

    What lies in a day without a delivery was there before deliveries had names: it is known.

    Raises:
        DataError: a delivery is not named after a moment.
    """
    tables = sorted(folder for folder in landing.glob("*") if folder.is_dir())
    return tuple(_link_table(folder, target / folder.name, moment) for folder in tables)


def erasures(landing: Path, after: datetime) -> tuple[Erasure, ...]:
    """Erasures of any table after a moment, oldest first.

    Raises:
        DataError: a tombstone cannot be read.
    """
    told = [_erasure(file) for file in landing.glob(f"*/{ERASED}/*.json")]
    return tuple(
        sorted(
            (erasure for erasure in told if erasure.erased_at > after),
            key=lambda erasure: (erasure.erased_at, erasure.table),
        )
    )


def arrival(delivery: Path) -> datetime:
    """The moment that names the folder of a delivery.

    Raises:
        DataError: it is none.
    """
    name = delivery.name.removeprefix(DELIVERY_PREFIX)
    try:
        return datetime.strptime(name, DELIVERY_FORMAT).replace(tzinfo=UTC)
    except ValueError as error:
        raise DataError(
            f"{delivery} is no delivery: '{name}' is no moment like 20130501T060000.000000Z. Move "
            "it out of the landing zone."
        ) from error


def _link_table(folder: Path, target: Path, moment: datetime) -> KnownTable:
    known = later = 0
    for file in _files(folder):
        # `_landing.json` and the like.
        _link(file, target / file.name)
    for day in sorted(folder.glob(DAYS)):
        plain = _files(day)
        for file in plain:
            _link(file, target / day.name / file.name)
        known += bool(plain)
        for delivery in sorted(day.glob(f"{DELIVERY_PREFIX}*")):
            if arrival(delivery) > moment:
                later += 1
                continue
            known += 1
            for file in _files(delivery):
                _link(file, target / day.name / delivery.name / file.name)
    return KnownTable(table=folder.name, known=known, later=later)


def _files(folder: Path) -> list[Path]:
    """Files of a folder, without those that are still being written."""
    return [file for file in sorted(folder.glob("[!.]*")) if file.is_file()]


def _link(file: Path, link: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(file.resolve(), link)
    except OSError:
        # Another disk, or one without links.
        shutil.copyfile(file, link)


def _erasure(file: Path) -> Erasure:
    try:
        return Erasure.model_validate(json.loads(file.read_bytes()))
    except (OSError, ValueError, ValidationError) as error:
        raise DataError(
            f"{file} tells of no erasure: {error}. Restore it from a backup."
        ) from error
