"""Files that somebody put into a day become deliveries: of older homes, and of other producers.

A file is removed only when its rows have landed, so that whoever is killed in between has it still:
the next call finds that it says nothing new. Several files of one day are one delivery. Which of
them may go is written down before the first one does: a part of them alone would say that the rest
is gone.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mlops_platform.data.digest import table_digest
from mlops_platform.data.landing.deliveries import (
    FIRST,
    PARTITION_COLUMN,
    RECORD_FILE,
    Delivery,
    day_of,
    delivery_folders,
    delivery_name,
    first_delivery,
    read_delivery,
)
from mlops_platform.data.landing.landed_table import LandedTable, read_state, write_state
from mlops_platform.data.landing.landing import (
    Arrival,
    LandedPartition,
    conforming_rows,
    land_under_lock,
    partition_of,
    refuse_unusable_columns,
)
from mlops_platform.data.landing.table_lock import ERASING, table_lock
from mlops_platform.data.parquet import read_parquet, write_parquet
from mlops_platform.data.types import in_canonical_types
from mlops_platform.errors import DataError
from mlops_platform.files import FileState, new_directory, sha256_of_file, write_json, write_text

if TYPE_CHECKING:
    import pyarrow as pa

ADOPTED_FILE: Final = ".adopted.json"
"""In a day's folder while files that have landed are removed: their SHA-256 by name."""


def adopt_files(
    landing_root: Path,
    now: datetime,
    tables: Sequence[str] | None = None,
    *,
    retract: bool = False,
    of_before: bool = False,
) -> list[LandedPartition]:
    """Make deliveries of all files that lie in a day's folder and belong to none; they arrive now.

    Names with a dot in front are files that somebody is still writing. An erasure that was
    interrupted is finished first, as by whoever takes the lock of a table.

    Args:
        tables: only these; all that have a folder where None.
        retract: a person says that rows may be taken back, however many.
        of_before: files of a version without deliveries; what a day has of it arrived when it was
            written.

    Raises:
        DataError: a file is no Parquet or cannot be delivered again, or a day has landed and nobody
            says what identifies a fact.
    """
    folders = (
        _folders(landing_root, "")
        if tables is None
        else [landing_root / table for table in sorted(tables)]
    )
    for folder in folders:
        if (folder / ERASING).is_dir():
            with table_lock(landing_root, folder.name):
                pass
    sight = _Sight(now, retract=retract, of_before=of_before)
    adopted = (_adopt(landing_root, day, sight) for day in list(_days_with_files(folders)))
    return [landed for landed in adopted if landed is not None]


@dataclass(frozen=True)
class _Sight:
    """When files are seen, and what is known of them."""

    now: datetime
    retract: bool
    of_before: bool


def _days_with_files(tables: Sequence[Path]) -> Iterator[Path]:
    for table in tables:
        for day in _folders(table, f"{PARTITION_COLUMN}="):
            if any(_is_of_others(name) or name == ADOPTED_FILE for name in os.listdir(day)):
                yield day


def _folders(parent: Path, prefix: str) -> list[Path]:
    if not parent.is_dir():
        return []
    with os.scandir(parent) as entries:
        return sorted(
            Path(entry.path)
            for entry in entries
            if entry.name.startswith(prefix) and entry.is_dir() and not entry.name.startswith(".")
        )


def _is_of_others(name: str) -> bool:
    return name.endswith(".parquet") and not name.startswith(".")


def _adopt(landing_root: Path, folder: Path, sight: _Sight) -> LandedPartition | None:
    with table_lock(landing_root, folder.parent.name):
        _finish_removal(folder)
        files = sorted(folder / name for name in os.listdir(folder) if _is_of_others(name))
        if not files:
            return None
        states = {file: FileState.of(file) for file in files}
        landed = _deliver(landing_root, folder, files, sight)
        _remove(folder, states)
        return landed


def _deliver(
    landing_root: Path, folder: Path, files: Sequence[Path], sight: _Sight
) -> LandedPartition:
    table, day, rows = folder.parent.name, day_of(folder), _content(files)
    folders, declared = delivery_folders(folder), read_state(folder.parent).declared
    if not folders and (declared is None or sight.of_before):
        written = datetime.fromtimestamp(max(file.stat().st_mtime for file in files), UTC)
        moment = min(written, sight.now) if sight.of_before else sight.now
        content = rows if sight.of_before else _conforming(folder.parent, files, rows, sight)
        record = first_delivery(table, day, moment, content)
        as_they_are = len(files) == 1 and content.schema == rows.schema
        _write_first(folder, files[0] if as_they_are else None, content, record)
        return partition_of(record, changed=True)
    last = read_delivery(folders[-1]) if folders else None
    if last is not None and table_digest(rows) == last.digest:
        return partition_of(last, changed=False)
    if declared is None:
        raise DataError(
            f"{files[0]}: {table} of {day} has landed before, and nothing says what identifies "
            "a fact of it. Declare a landing with its `key`, or remove the file."
        )
    try:
        refuse_unusable_columns(declared, rows)
        arrival = Arrival(
            at=sight.now, last={day: last.delivered_at if last else None}, retract=sight.retract
        )
        return land_under_lock(landing_root, declared, day, rows, arrival)
    except DataError as error:
        raise _refusal(files, error) from error


def _content(files: Sequence[Path]) -> pa.Table:
    import pyarrow as pa

    try:
        tables = [in_canonical_types(read_parquet(file)) for file in files]
        return pa.concat_tables(tables, promote_options="default")
    except (pa.ArrowInvalid, pa.ArrowTypeError, DataError) as error:
        raise _refusal(files, error) from error


def _refusal(files: Sequence[Path], error: Exception) -> DataError:
    named = ", ".join(map(str, files))
    return DataError(f"{named} cannot become a delivery, and stays where it is: {error}")


def _conforming(folder: Path, files: Sequence[Path], rows: pa.Table, sight: _Sight) -> pa.Table:
    """Rows of a table that nobody declared by its contract, which may be what they bring."""
    state, table = read_state(folder), LandedTable(table=folder.name, key=())
    try:
        schemas, content = conforming_rows(folder, table, rows, sight.now)
    except DataError as error:
        raise _refusal(files, error) from error
    if schemas != state.schemas:
        write_state(folder, state.model_copy(update={"schemas": schemas}))
    return content


def _write_first(folder: Path, file_of_it: Path | None, rows: pa.Table, record: Delivery) -> None:
    with new_directory(folder / delivery_name(record.delivered_at)) as temporary:
        file = temporary / f"{FIRST}.parquet"
        if file_of_it is not None:
            _link(file_of_it, file)
        else:
            write_parquet(rows, file)
        write_text(temporary / RECORD_FILE, record.to_stored())


def _link(file: Path, link: Path) -> None:
    try:
        link.hardlink_to(file)
    except OSError:
        # Not every file system has links.
        shutil.copy2(file, link)


def _remove(folder: Path, states: Mapping[Path, FileState]) -> None:
    """Remove what has landed, but not what somebody has put in its place meanwhile."""
    landed = [file for file, state in states.items() if _is_still(file, state)]
    if len(landed) > 1:
        write_json(
            folder / ADOPTED_FILE, {file.name: sha256_of_file(file) for file in sorted(landed)}
        )
    for file in landed:
        file.unlink()
    (folder / ADOPTED_FILE).unlink(missing_ok=True)


def _is_still(file: Path, state: FileState) -> bool:
    return file.is_file() and FileState.of(file) == state


def _finish_removal(folder: Path) -> None:
    """Remove the rest of files that have landed together."""
    note = folder / ADOPTED_FILE
    if not note.is_file():
        return
    for name, digest in json.loads(note.read_bytes()).items():
        file = folder / name
        if file.is_file() and sha256_of_file(file) == digest:
            file.unlink()
    note.unlink()
