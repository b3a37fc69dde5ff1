"""Taking facts out of every delivery, as the law may ask.

A fact goes with all of its versions where any of them meets the condition: what it was before it
was corrected would else be its value again. Everything is written beside the table first, and moved
to its places after one rename: who is killed before it has erased nothing, and who is killed after
it has erased everything, for whoever takes the table's lock next goes on.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mlops_platform.data.digest import table_digest
from mlops_platform.data.engine import identifier
from mlops_platform.data.landing.contract import landed_schemas
from mlops_platform.data.landing.day_versions import VERSIONS
from mlops_platform.data.landing.deliveries import (
    ADDED,
    CHANGED,
    FIRST,
    GONE,
    INTERNAL,
    MOMENT_FORMAT,
    PARTITION_COLUMN,
    RECORD_FILE,
    Delivery,
    day_of,
    day_rows,
    delivery_folders,
    delivery_moment,
    later_files,
    read_delivery,
)
from mlops_platform.data.landing.duplicates import null_keys
from mlops_platform.data.landing.landed_table import LandedTable, read_state
from mlops_platform.data.landing.schema.layouts import ByName
from mlops_platform.data.landing.table_lock import ERASING, finish_erasing, table_lock
from mlops_platform.data.landing.verification import foreign_files
from mlops_platform.data.parquet import read_parquet, write_parquet
from mlops_platform.data.types import in_canonical_types
from mlops_platform.errors import DataError
from mlops_platform.files import write_text
from mlops_platform.record import Record

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

ERASED: Final = "_erased"
"""In a table's folder: what is kept of erasures."""


class Tombstone(Record):
    """What is kept of an erasure: that it was, and nothing of what it took out.

    Args:
        rows: that were taken out of files.
        facts: of a day that these were the versions of.
        days: that had them.
        condition_sha256: of the condition, which may hold what was to be forgotten.
        decisions: id of the decision that the ledger has of it, by model.
    """

    table: str
    rows: int
    facts: int
    days: tuple[date, ...]
    condition_sha256: str
    decisions: dict[str, int]
    reason: str
    actor: str
    erased_at: datetime


@dataclass(frozen=True, eq=False)
class Erasure:
    """What a condition takes out of a table, written beside it and not in its place yet.

    Args:
        identity: the same for the same facts of the same landing.
        condition_sha256: of the condition, which may hold what is to be forgotten.
        keys: distinct keys of the facts; None where nobody says what identifies one.
        staged: the folder of what was written.
    """

    table: str
    identity: str
    condition_sha256: str
    rows: int
    facts: int
    days: tuple[date, ...]
    keys: pa.Table | None
    staged: Path

    def commit(
        self, decisions: Mapping[str, int], reason: str, actor: str, erased_at: datetime
    ) -> None:
        """Let it be so, and leave a tombstone.

        Args:
            decisions: id of the decision that the ledger has of it, by model.
        """
        folder = self.staged.parent
        tombstone = Tombstone(
            table=self.table,
            rows=self.rows,
            facts=self.facts,
            days=self.days,
            condition_sha256=self.condition_sha256,
            decisions=dict(decisions),
            reason=reason,
            actor=actor,
            erased_at=erased_at,
        )
        write_text(
            self.staged / ERASED / _free_name(folder / ERASED, tombstone.erased_at),
            tombstone.to_stored(),
        )
        self.staged.rename(folder / ERASING)
        finish_erasing(folder)


@dataclass(frozen=True, eq=False)
class _Day:
    """What is taken out of one day: rows by file, and what its deliveries are without them."""

    rows: int
    facts: int
    keys: pa.Table | None
    files: Mapping[Path, pa.Table]
    records: Mapping[Path, Delivery]


@contextmanager
def planned_erasure(landing_root: Path, table: str, condition: str) -> Iterator[Erasure]:
    """Write what a table is without the facts that meet a condition; they go when it is committed.

    Args:
        condition: SQL on the columns of the table and its `day`.

    Raises:
        DataError: there is no such table, the condition cannot be read, a day is damaged, or files
            of the table are no delivery yet.
    """
    folder = landing_root / table
    if not any(True for _ in folder.glob(f"{PARTITION_COLUMN}=*")):
        tables = sorted({day.parent.name for day in landing_root.glob(f"*/{PARTITION_COLUMN}=*")})
        raise DataError(f"nothing has landed of '{table}'. Name one of {tables}.")
    with table_lock(landing_root, table):
        _refuse_waiting_files(landing_root, table)
        declared = read_state(folder).declared or LandedTable(table=table, key=())
        staged = Path(tempfile.mkdtemp(prefix=f".{ERASING}.", suffix=".tmp", dir=folder))
        try:
            yield _staged(declared, folder, staged, condition)
        finally:
            shutil.rmtree(staged, ignore_errors=True)


def _refuse_waiting_files(landing_root: Path, table: str) -> None:
    """What is adopted later would bring back what it holds."""
    waiting = [file for file in foreign_files(landing_root) if file.parent.parent.name == table]
    if waiting:
        raise DataError(
            f"{waiting[0]} is no delivery yet, and may hold what is to be erased. Remove it, or "
            "let `mlops rebuild` make a delivery of it, and erase then."
        )


def condition_digest(condition: str) -> str:
    """Hexadecimal SHA-256 of a condition."""
    return hashlib.sha256(condition.encode()).hexdigest()


def _staged(table: LandedTable, folder: Path, staged: Path, condition: str) -> Erasure:
    import pyarrow as pa

    facts = _Facts(table, ByName.ever_of(landed_schemas(folder)))
    days: dict[date, _Day] = {}
    digests: list[tuple[str, str]] = []
    with _engine_without_files() as connection:
        for day_folder in sorted(folder.glob(f"{PARTITION_COLUMN}=*")):
            of_day = _without(facts, day_folder, condition, connection)
            if of_day is None:
                continue
            days[day_of(day_folder)] = of_day
            for file, rows in of_day.files.items():
                write_parquet(rows, staged / file.relative_to(folder))
            for file, record in of_day.records.items():
                write_text(staged / file.relative_to(folder), record.to_stored())
                digests.append((str(file.relative_to(folder)), record.digest))
    keys = [of_day.keys for of_day in days.values() if of_day.keys is not None]
    names = list(table.key)
    return Erasure(
        table=table.table,
        condition_sha256=condition_digest(condition),
        identity=hashlib.sha256(json.dumps([table.table, digests]).encode()).hexdigest(),
        rows=sum(of_day.rows for of_day in days.values()),
        facts=sum(of_day.facts for of_day in days.values()),
        days=tuple(days),
        keys=pa.concat_tables(keys).group_by(names).aggregate([]) if keys else None,
        staged=staged,
    )


@dataclass(frozen=True)
class _Facts:
    """What is seen of the facts of a table, whatever columns a file has.

    Args:
        by_name: by present columns, and those that were dropped.
    """

    table: LandedTable
    by_name: ByName

    @property
    def key(self) -> list[str]:
        """Columns of the key; all of them where none is declared."""
        return list(self.table.key or self.by_name.columns)

    def keys(self, rows: pa.Table) -> pa.Table:
        """The keys of rows."""
        columns = {name: self.by_name.columns[name] for name in self.key}
        return self.by_name.with_columns(columns).rows(rows)


@contextmanager
def _engine_without_files() -> Iterator[duckdb.DuckDBPyConnection]:
    """Arrow reads the files: a condition can neither read nor write any other."""
    import duckdb

    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET enable_external_access = false")
        yield connection


def _without(
    facts: _Facts, folder: Path, condition: str, connection: duckdb.DuckDBPyConnection
) -> _Day | None:
    """What a day is without the facts that meet the condition; None where it has none of them."""
    folders = delivery_folders(folder)
    files = {
        file: in_canonical_types(read_parquet(file))
        for delivery in folders
        for file in _files_of(delivery)
    }
    taken = _taken(facts, day_of(folder), files, condition, connection)
    if not taken.num_rows:
        return None
    left = {file: _left(facts, rows, taken, connection) for file, rows in files.items()}
    versions = {
        file: _left(facts, read_parquet(file), taken, connection)
        for delivery in folders
        if (file := delivery / f"{VERSIONS}.parquet").is_file()
    }
    records = {
        delivery / RECORD_FILE: _renewed(
            facts,
            read_delivery(delivery),
            {
                file: number
                for file, number in _lost(files, left).items()
                if file.parent == delivery
            },
            _left(
                facts,
                day_rows(facts.table, folder, delivery_moment(delivery.name)),
                taken,
                connection,
            ),
        )
        for delivery in folders
    }
    return _Day(
        rows=sum(_lost(files, left).values()),
        facts=taken.num_rows,
        keys=taken if facts.table.key else None,
        files={file: left[file] for file, number in _lost(files, left).items() if number}
        | versions,
        records=records,
    )


def _files_of(delivery: Path) -> list[Path]:
    first = delivery / f"{FIRST}.parquet"
    return [*([first] if first.is_file() else []), *(file for _, file in later_files([delivery]))]


def _lost(before: Mapping[Path, pa.Table], after: Mapping[Path, pa.Table]) -> dict[Path, int]:
    """How many rows each file loses."""
    return {file: rows.num_rows - after[file].num_rows for file, rows in before.items()}


def _taken(
    facts: _Facts,
    day: date,
    files: Mapping[Path, pa.Table],
    condition: str,
    connection: duckdb.DuckDBPyConnection,
) -> pa.Table:
    """Keys of a day's facts that meet the condition; whole rows where no key is declared."""
    import duckdb
    import pyarrow as pa

    taken = []
    for rows in files.values():
        visible = facts.by_name.rows(rows)
        others = [name for name in visible.column_names if name.lower() != PARTITION_COLUMN]
        days = pa.array([day] * rows.num_rows, pa.date32())
        connection.register("facts", visible.select(others).append_column(PARTITION_COLUMN, days))
        selected = ", ".join(map(identifier, facts.key))
        try:
            meeting = connection.sql(f"SELECT {selected} FROM facts WHERE (\n{condition}\n)")
            taken.append(meeting.to_arrow_table().cast(facts.keys(rows).schema))
        except duckdb.Error as error:
            raise DataError(
                f"the condition cannot be read on {facts.table.table}: {error}. Write what stands "
                f"after WHERE, on the columns {others} and {PARTITION_COLUMN}."
            ) from error
    keys = pa.concat_tables(taken)
    return keys.group_by(keys.column_names).aggregate([])


def _left(
    facts: _Facts, rows: pa.Table, taken: pa.Table, connection: duckdb.DuckDBPyConnection
) -> pa.Table:
    """The other rows, in their order."""
    import pyarrow as pa

    position = f"{INTERNAL}position"
    numbered = facts.keys(rows).append_column(position, pa.array(range(rows.num_rows), pa.int64()))
    connection.register("kept", numbered)
    connection.register("taken", taken)
    same = " AND ".join(
        f"kept.{name} IS NOT DISTINCT FROM taken.{name}"
        for name in map(identifier, taken.column_names)
    )
    others = f"FROM kept WHERE NOT EXISTS (FROM taken WHERE {same})"
    left = connection.sql(f"SELECT {position} {others} ORDER BY {position}").to_arrow_table()
    return rows.take(left[position])


def _renewed(facts: _Facts, record: Delivery, lost: Mapping[Path, int], left: pa.Table) -> Delivery:
    """The record of a delivery as if what is lost had never come."""
    of_kind = {file.stem: number for file, number in lost.items()}
    added = of_kind.get(FIRST, 0) + of_kind.get(ADDED, 0)
    changed = of_kind.get(CHANGED, 0)
    came = left.num_rows if record.meaning == "replaces" else record.rows - added - changed
    counts = {
        "rows": came,
        "added": record.added - added,
        "changed": record.changed - changed,
        "gone": record.gone - of_kind.get(GONE, 0),
        "facts": left.num_rows,
        "digest": table_digest(left),
        "null_keys": null_keys(facts.table, facts.keys(left)),
    }
    return record.model_copy(update=counts)


def _free_name(folder: Path, moment: datetime) -> str:
    """A name by a moment; the clock of a replay may stand still."""
    while (folder / (name := f"{moment.astimezone(UTC).strftime(MOMENT_FORMAT)}.json")).exists():
        moment += timedelta(microseconds=1)
    return name
