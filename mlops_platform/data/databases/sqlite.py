"""SQLite: what a column holds is what was written, whatever type it was declared with."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mlops_platform.data.databases.address import database_path, shown
from mlops_platform.data.databases.database import OpenDatabase, Relation, Wanted
from mlops_platform.data.databases.rows import BATCH, ReadColumn, Row, tables_of
from mlops_platform.data.engine import identifier, literal
from mlops_platform.data.parquet import stream_parquet
from mlops_platform.errors import DataError
from mlops_platform.sqlite_files import BUSY_SECONDS

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlalchemy import URL

SCHEMA: Final = "main"
FIX: Final = (
    "SQLite keeps whatever is written: correct it, or land a view in which the column is of one "
    "type, as by CAST or NULLIF."
)
ISO_DAY: Final = "'[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*'"
OFFSETS: Final = ("'*Z'", "'*[+-][0-9][0-9]:[0-9][0-9]'", "'*:[0-9][0-9][+-][0-9][0-9]'")


@contextmanager
def opened(url: URL) -> Iterator[OpenDatabase]:
    """Open a file for reading; others may write meanwhile, which is not seen.

    Raises:
        DataError: there is no such file, or it cannot be read.
    """
    path = database_path(url)
    try:
        with closing(_connection(path)) as connection:
            # The first read takes the snapshot, and the end of the connection ends it.
            connection.execute("BEGIN")
            yield SqliteDatabase(shown(url), connection)
    except sqlite3.Error as error:
        raise DataError(
            f"{shown(url)} cannot be read: {error}. Check that it is a SQLite file, and that "
            "nobody keeps it locked."
        ) from error


def _connection(path: Path) -> sqlite3.Connection:
    address = f"{path.resolve().as_uri()}?mode=ro"
    return sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS, isolation_level=None)


class SqliteDatabase(OpenDatabase):
    """A SQLite file within one transaction."""

    def __init__(self, shown: str, connection: sqlite3.Connection) -> None:
        super().__init__(shown)
        self._connection = connection

    def relations(self) -> list[Relation]:
        """Tables and views of the file."""
        names = self._connection.execute(
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') "
            "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
        )
        return [Relation(SCHEMA, name, is_usual=True) for (name,) in names]

    def column_names(self, relation: Relation) -> list[str]:
        """All columns, generated ones too."""
        return list(self._declared(relation))

    def write(self, wanted: Wanted, path: Path) -> None:
        """Write rows; a value that is none of its column's type is refused."""
        rows = f"FROM {wanted.relation.sql}{self._filter(wanted)}"
        columns = self._columns(wanted, rows)
        names = ", ".join(identifier(name) for name in wanted.columns)
        cursor = self._connection.execute(f"SELECT {names} {rows}")
        tables = tables_of(_batches(cursor), columns, self.place(wanted.relation), FIX)
        stream_parquet(tables, path)

    def _declared(self, relation: Relation) -> dict[str, str]:
        described = self._connection.execute(
            f"SELECT name, type FROM pragma_table_xinfo({literal(relation.name)}) WHERE hidden <> 1"
        )
        return {name: str(kind).upper() for name, kind in described}

    def _filter(self, wanted: Wanted) -> str:
        if wanted.days is None:
            return ""
        column = identifier(wanted.days.column)
        no_day = f"typeof({column}) <> 'text' OR {column} NOT GLOB {ISO_DAY}"
        return f" WHERE {wanted.days.condition(column, literal, no_day)}"

    def _columns(self, wanted: Wanted, rows: str) -> list[ReadColumn]:
        declared = self._declared(wanted.relation)
        unsure = [name for name in wanted.columns if not _is_sure(declared[name])]
        held = self._held(unsure, rows)
        return [
            _read(name, declared[name] or "ANY", _arrow_type(declared[name], held.get(name, {})))
            for name in wanted.columns
        ]

    def _held(self, columns: Sequence[str], rows: str) -> Mapping[str, Mapping[str, int]]:
        """By column, how many values of each kind it holds."""
        if not columns:
            return {}
        kinds = ("integer", "real", "text", "blob")
        counts = [
            expression
            for name in map(identifier, columns)
            for expression in (
                *(f"count(CASE WHEN typeof({name}) = '{kind}' THEN 1 END)" for kind in kinds),
                f"count(CASE WHEN {' OR '.join(f'{name} GLOB {end}' for end in OFFSETS)} "
                "THEN 1 END)",
            )
        ]
        numbers = iter(self._connection.execute(f"SELECT {', '.join(counts)} {rows}").fetchone())
        return {name: {kind: next(numbers) for kind in (*kinds, "offset")} for name in columns}


def _batches(cursor: sqlite3.Cursor) -> Iterator[list[Row]]:
    while batch := cursor.fetchmany(BATCH):
        yield batch


def _is_sure(declared: str) -> bool:
    """Whether a declaration says what a column holds, where it holds what was declared."""
    return bool(declared) and "DATE" not in declared and "TIME" not in declared


def _arrow_type(declared: str, held: Mapping[str, int]) -> pa.DataType:
    """The type in which a column is written.

    Args:
        held: how many values of each kind it holds; nothing where its declaration is sure.
    """
    import pyarrow as pa

    if _is_sure(declared):
        return _of_affinity(declared)
    numbers = held["integer"] + held["real"]
    if held["text"] < max(numbers, held["blob"]):
        if held["blob"] > numbers:
            return pa.binary()
        return pa.float64() if held["real"] else pa.int64()
    if "TIMESTAMP" in declared or "DATETIME" in declared:
        return pa.timestamp("us", tz="UTC" if 2 * held["offset"] > held["text"] else None)
    if "DATE" in declared:
        return pa.date32()
    return pa.string() if held["text"] else pa.null()


def _of_affinity(declared: str) -> pa.DataType:
    """By the rules with which SQLite itself understands a declaration."""
    import pyarrow as pa

    types = {
        "BOOL": pa.bool_(),
        "INT": pa.int64(),
        "CHAR": pa.string(),
        "CLOB": pa.string(),
        "TEXT": pa.string(),
        "BLOB": pa.binary(),
        "JSON": pa.string(),
        "UUID": pa.string(),
    }
    # Of decimals SQLite keeps the nearest floating-point number.
    return next((kind for word, kind in types.items() if word in declared), pa.float64())


def _read(name: str, declared: str, written: pa.DataType) -> ReadColumn:
    import pyarrow as pa
    import pyarrow.types as pt

    numbers: dict[pa.DataType, frozenset[type]] = {
        pa.int64(): frozenset({int}),
        pa.float64(): frozenset({int, float}),
        pa.binary(): frozenset({bytes}),
        pa.null(): frozenset(),
    }
    if pt.is_boolean(written):
        only: frozenset[Any] = frozenset({0, 1})
        return ReadColumn(name, declared, frozenset({int}), pa.int64(), written, only)
    if written in numbers:
        return ReadColumn(name, declared, numbers[written], written, written)
    return ReadColumn(name, declared, frozenset({str}), pa.string(), written)
