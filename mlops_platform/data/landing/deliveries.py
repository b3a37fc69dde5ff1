"""Deliveries of a landed day: where they are, and what the day was after each of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import Field, ValidationError

from mlops_platform.data.digest import table_digest
from mlops_platform.data.engine import identifier, literal, private_duckdb
from mlops_platform.data.landing.landed_table import DeliveryMeaning, LandedTable, read_state
from mlops_platform.data.landing.schema.layouts import ByName, columns_of
from mlops_platform.data.parquet import read_parquet
from mlops_platform.data.types import in_canonical_types
from mlops_platform.errors import DataError
from mlops_platform.record import Record, left_out_where_empty

if TYPE_CHECKING:
    import pyarrow as pa

PARTITION_COLUMN: Final = "day"
DELIVERY: Final = "delivery"
FIRST, ADDED, CHANGED, GONE = "data", "added", "changed", "gone"
"""Names of the files: all rows of the first delivery, and what a later one makes of them."""
LATER: Final = (ADDED, CHANGED, GONE)
RECORD_FILE: Final = "delivery.json"
MOMENT_FORMAT: Final = "%Y%m%dT%H%M%S.%fZ"
INTERNAL: Final = "_mlops_platform_"
"""How columns begin that only the platform has."""


class Delivery(Record):
    """One delivery of a day.

    Args:
        delivered_at: moment of its arrival, later than any before it of its day; of a landing that
            a replay asked for by the clock of the replay.
        landed_at: the moment by the machine's clock then, and None otherwise.
        meaning: None of a day's first one, and of a file that somebody else put there.
        follows: moment of the delivery before it; None of a day's first one.
        rows: that came with it.
        added, changed, gone: what it did to the day.
        facts, digest: rows of the day after it, and their digest.
        null_keys: of these rows those with NULL in their key.
        duplicates: rows that came and were equal to others, and were dropped or numbered.
    """

    table: str
    day: date
    delivered_at: datetime
    landed_at: datetime | None = Field(default=None, exclude_if=left_out_where_empty)
    meaning: DeliveryMeaning | None
    follows: datetime | None = None
    rows: int
    added: int
    changed: int = 0
    gone: int = 0
    facts: int
    digest: str
    null_keys: int = Field(default=0, exclude_if=left_out_where_empty)
    duplicates: int = Field(default=0, exclude_if=left_out_where_empty)


def first_delivery(
    table: str, day: date, moment: datetime, facts: pa.Table, rows: int | None = None
) -> Delivery:
    """The record of what a day has first.

    Args:
        rows: that came; as many as there are facts where None.
    """
    return Delivery(
        table=table,
        day=day,
        delivered_at=moment,
        meaning=None,
        rows=facts.num_rows if rows is None else rows,
        added=facts.num_rows,
        facts=facts.num_rows,
        digest=table_digest(facts),
    )


def day_folder(landing_root: Path, table: str, day: date) -> Path:
    """Where the deliveries of one table and day are."""
    return landing_root / table / f"{PARTITION_COLUMN}={day.isoformat()}"


def day_of(folder: Path) -> date:
    """The day of such a folder.

    Raises:
        DataError: it is called otherwise.
    """
    text = folder.name.removeprefix(f"{PARTITION_COLUMN}=")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    # Python reads other spellings, which nobody else would look for.
    if day is None or day.isoformat() != text:
        raise DataError(
            f"{folder} is no day. Name the folder {PARTITION_COLUMN}=YYYY-MM-DD, or move it away."
        )
    return day


def delivery_name(moment: datetime) -> str:
    """The folder of what has arrived at a moment."""
    return f"{DELIVERY}={moment.astimezone(UTC).strftime(MOMENT_FORMAT)}"


def delivery_moment(name: str) -> datetime:
    """The moment that the name of a delivery's folder says.

    Raises:
        DataError: it says none.
    """
    text = name.removeprefix(f"{DELIVERY}=")
    try:
        return datetime.strptime(text, MOMENT_FORMAT).replace(tzinfo=UTC)
    except ValueError as error:
        raise DataError(
            f"folder {name} names no moment of arrival. Deliveries are called "
            f"{delivery_name(datetime(2024, 3, 1, tzinfo=UTC))}: move this one away."
        ) from error


def delivery_folders(folder: Path) -> list[Path]:
    """Deliveries of one day's folder, oldest first; none where it does not exist."""
    return sorted(folder.glob(f"{DELIVERY}=*"))


def last_delivery(landing_root: Path, table: str, day: date) -> datetime | None:
    """When the last delivery of a day arrived; None where none did."""
    folders = delivery_folders(day_folder(landing_root, table, day))
    return delivery_moment(folders[-1].name) if folders else None


def is_landed(landing_root: Path, table: str, day: date) -> bool:
    """Whether a day was delivered, be it empty."""
    folder = day_folder(landing_root, table, day)
    return any(True for _ in folder.glob(f"{DELIVERY}=*"))


def landed_rows(landing_root: Path, table: str, day: date) -> int:
    """Rows that a day has now; none where it was never delivered."""
    folders = delivery_folders(day_folder(landing_root, table, day))
    return read_delivery(folders[-1]).facts if folders else 0


def read_delivery(folder: Path) -> Delivery:
    """Read the record of one delivery.

    Raises:
        DataError: it is missing or was damaged.
    """
    file = folder / RECORD_FILE
    try:
        return Delivery.from_stored(file.read_bytes())
    except (FileNotFoundError, ValidationError) as error:
        raise DataError(
            f"{file} is missing or damaged: the day cannot be verified. Restore {folder.parent} "
            "from a backup, or remove it and land the day again."
        ) from error


def day_rows(landed: LandedTable, folder: Path, until: datetime | None = None) -> pa.Table:
    """The facts of a day after its deliveries until a moment, all of them where None.

    They have the columns of the last of these deliveries, in its types: so their digest is its own.
    A day that was delivered once is in the order in which it came, another one in that of its key,
    which alone cannot change any more.

    Raises:
        DataError: a file is missing or damaged, or the rows are not those that were delivered.
    """
    first, *later = delivery_folders(folder) or [folder]
    rows = in_canonical_types(read_parquet(first / f"{FIRST}.parquet"))
    arrived = [
        delivery
        for delivery in (first, *later)
        if until is None or delivery_moment(delivery.name) <= until
    ]
    if not arrived:
        return rows.slice(0, 0)
    _refuse_gaps(arrived)
    if len(arrived) > 1:
        rows = _folded(landed, rows, arrived[1:])
    if table_digest(rows) != read_delivery(arrived[-1]).digest:
        raise DataError(
            f"the rows of {folder} are not those that were delivered until "
            f"{delivery_moment(arrived[-1].name)}. A file of it was changed or removed: restore it "
            "from a backup, or remove the folder and land the day again."
        )
    return rows


def _refuse_gaps(deliveries: Sequence[Path]) -> None:
    """A later delivery has written down what the one before it said, and cannot let it go."""
    for before, delivery in pairwise(deliveries):
        follows = read_delivery(delivery).follows
        if follows is not None and follows != delivery_moment(before.name):
            gone = delivery.with_name(delivery_name(follows))
            raise DataError(
                f"{gone} is gone, and {delivery.name} followed it. Restore it from a backup, or "
                "remove the folder of the day and land it again."
            )


def in_key_order(key: Sequence[str], rows: pa.Table) -> pa.Table:
    """The same rows in the one order that no declaration can change."""
    return rows.sort_by([(column, "ascending") for column in key])


def later_files(folders: Sequence[Path]) -> list[tuple[str, Path]]:
    """Kind and file of what later deliveries made of their days."""
    files = ((kind, folder / f"{kind}.parquet") for folder in folders for kind in LATER)
    return [(kind, file) for kind, file in files if file.is_file()]


def _folded(landed: LandedTable, first: pa.Table, later: Sequence[Path]) -> pa.Table:
    """The newest row of every key, unless it is gone, by the columns of the last delivery."""
    parts = [(first, 0, False)] + [
        (in_canonical_types(read_parquet(file)), number, kind == GONE)
        for number, folder in enumerate(later, 1)
        for kind, file in later_files([folder])
    ]
    columns, table_folder = parts[-1][0].schema, later[-1].parent.parent
    by_name = ByName.last_of(read_state(table_folder).schemas).with_columns(columns_of(columns))
    names = [by_name.names_in(name, by_name.columns)[0] for name in landed.key]
    key = ", ".join(map(identifier, names))
    number, gone = map(identifier, (f"{INTERNAL}number", f"{INTERNAL}gone"))
    with private_duckdb() as connection:
        for at, (rows, *_) in enumerate(parts):
            connection.register(f"rows_{at}", by_name.rows(rows))
        selects = (
            f"SELECT *, {when} AS {number}, {is_gone} AS {gone} FROM rows_{at}"
            for at, (_, when, is_gone) in enumerate(parts)
        )
        rows = (
            connection.sql(
                f"SELECT * EXCLUDE ({number}, {gone}) FROM ({' UNION ALL BY NAME '.join(selects)}) "
                f"QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY {number} DESC) = 1 "
                f"AND NOT {gone}"
            )
            .to_arrow_table()
            .cast(columns)
        )
    return in_key_order(names, rows)


def keys_ever_landed(landed: LandedTable, folder: Path, by_name: ByName) -> str:
    """Write the SQL of the keys that a day has or had."""
    files = [
        file
        for delivery in delivery_folders(folder)
        for file in (delivery / f"{FIRST}.parquet", delivery / f"{ADDED}.parquet")
        if file.is_file()
    ]
    keys = {name: by_name.columns[name] for name in landed.key}
    rows = by_name.with_columns(keys).files(files)
    return f"SELECT {', '.join(map(identifier, keys))} FROM ({rows})"


def day_in_sql(file_column: str) -> str:
    """Write the SQL of the day that a file's folder says."""
    pattern = literal(f"/{PARTITION_COLUMN}=([^/]*)/[^/]*/[^/]*$")
    return f"CAST(regexp_extract({file_column}, {pattern}, 1) AS DATE)"


def moment_in_sql(file_column: str) -> str:
    """Write the SQL of the moment that a file's folder says."""
    pattern = literal(f"/{DELIVERY}=([^/]*)/[^/]*$")
    name = f"regexp_extract({file_column}, {pattern}, 1)"
    return f"timezone('UTC', strptime({name}, {literal(MOMENT_FORMAT)}))"
