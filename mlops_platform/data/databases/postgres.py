"""Postgres: rows come through a cursor of the server, times and decimals as their texts.

psycopg2 makes the last day of the year 9999 of an infinite one, and fails at one before Christ.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mlops_platform.data.databases.address import shown
from mlops_platform.data.databases.database import OpenDatabase, Relation, Wanted
from mlops_platform.data.databases.rows import BATCH, ReadColumn, Row, tables_of
from mlops_platform.data.engine import identifier, literal
from mlops_platform.data.parquet import stream_parquet
from mlops_platform.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlalchemy import URL

FIX: Final = "Correct it at the source, or land a view that casts the column."
NO_DRIVER: Final = (
    "the driver of Postgres is not installed. Install the extra: "
    "pip install 'mlops-platform[postgres]'."
)
CONNECT_SECONDS: Final = 10
MOST_DIGITS: Final = 38
"""Of a decimal that DuckDB can read."""
NO_DAY: Final = "{column} !~ '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}'"
SESSION: Final = (
    "SET TIME ZONE 'UTC'; SET DateStyle = 'ISO, YMD'; SET extra_float_digits = 3; "
    "SET bytea_output = 'hex'"
)
BOOLEAN, NUMERIC, DATE, TIMESTAMP, TIMESTAMPTZ = 16, 1700, 1082, 1114, 1184
WHOLE: Final = (21, 23, 20, 26)
FLOATS: Final = (700, 701)
TEXTS: Final = (25, 1043)


class Described(NamedTuple):
    """A column as the server describes it.

    Args:
        oid: of its type.
        digits, fraction: of a decimal with declared ones; else None.
    """

    name: str
    oid: int
    digits: int | None
    fraction: int | None


@contextmanager
def opened(url: URL) -> Iterator[OpenDatabase]:
    """Connect to a server; what others write meanwhile is not seen.

    Raises:
        DataError: the driver is not installed, the server does not answer or lets nobody in.
    """
    try:
        import psycopg2
    except ModuleNotFoundError as error:
        raise DataError(f"{shown(url)} cannot be read: {NO_DRIVER}") from error
    try:
        with closing(_connection(url)) as connection:
            yield PostgresDatabase(shown(url), connection)
    except psycopg2.Error as error:
        raise DataError(_refusal(url, error)) from None


def _connection(url: URL) -> Any:
    """A connection with one transaction that only reads, as of its first query."""
    import psycopg2

    options = {name: str(value) for name, value in url.query.items()}
    connection = psycopg2.connect(
        **{
            "connect_timeout": str(CONNECT_SECONDS),
            **options,
            **url.translate_connect_args(username="user", database="dbname"),
        }
    )
    connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
    with connection.cursor() as cursor:
        cursor.execute(SESSION)
    return connection


def _refusal(url: URL, error: Exception) -> str:
    """One sentence of what the server, or the way to it, says."""
    text = next(iter(str(error).strip().splitlines()), type(error).__name__)
    for secret in filter(None, (url.password, url.query.get("password"))):
        text = text.replace(str(secret), "***")
    return f"{shown(url)} cannot be read: {text.rstrip('.')}. {_cure(text)}"


def _cure(text: str) -> str:
    lowered = text.lower()
    if "permission denied" in lowered:
        return "Grant SELECT to this user."
    if any(word in lowered for word in ("password", "authentication", "role ", "pg_hba")):
        return "Check user and password of `url`."
    if "does not exist" in lowered:
        return "Check the database of `url`."
    return "Check host and port of `url`, and that the server runs."


class PostgresDatabase(OpenDatabase):
    """A Postgres database within one transaction."""

    def __init__(self, shown: str, connection: Any) -> None:
        super().__init__(shown)
        self._connection = connection

    def relations(self) -> list[Relation]:
        """Tables, views and the like of all schemas but the server's own."""
        named = self._rows(
            "SELECT nspname, relname, pg_table_is_visible(c.oid) "
            "FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace "
            "WHERE relkind IN ('r', 'v', 'm', 'p', 'f') "
            "AND nspname <> 'information_schema' AND nspname NOT LIKE 'pg\\_%' ORDER BY 1, 2"
        )
        return [Relation(*row) for row in named]

    def column_names(self, relation: Relation) -> list[str]:
        """All columns."""
        return [column.name for column in self._described(relation)]

    def write(self, wanted: Wanted, path: Path) -> None:
        """Write rows; a value that cannot be written down is refused."""
        by_name = {column.name: column for column in self._described(wanted.relation)}
        described = [by_name[name] for name in wanted.columns]
        rows = f"FROM {wanted.relation.sql}{_filter(wanted, by_name)}"
        columns = [self._read(column, rows, wanted) for column in described]
        values = ", ".join(map(_selected, described))
        with self._connection.cursor(name="rows") as cursor:
            cursor.itersize = BATCH
            cursor.execute(f"SELECT {values} {rows}")
            tables = tables_of(_batches(cursor), columns, self.place(wanted.relation), FIX)
            stream_parquet(tables, path)

    def _rows(self, query: str) -> list[Row]:
        with self._connection.cursor() as cursor:
            cursor.execute(query)
            rows: list[Row] = cursor.fetchall()
            return rows

    def _described(self, relation: Relation) -> list[Described]:
        with self._connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {relation.sql} LIMIT 0")
            return [
                Described(column.name, column.type_code, *_declared_digits(column))
                for column in cursor.description
            ]

    def _read(self, column: Described, rows: str, wanted: Wanted) -> ReadColumn:
        import pyarrow as pa

        if column.oid == NUMERIC:
            decimal = self._decimal(column, rows, wanted)
            return ReadColumn(column.name, str(decimal), frozenset({str}), pa.string(), decimal)
        declared, kind, raw, written = _types().get(
            column.oid, ("text", str, pa.string(), pa.string())
        )
        return ReadColumn(column.name, declared, frozenset({kind}), raw, written)

    def _decimal(self, column: Described, rows: str, wanted: Wanted) -> pa.DataType:
        """The type of a decimal: as declared, or with as many digits as its values have."""
        import pyarrow as pa

        digits, fraction = column.digits, column.fraction
        if digits is None or fraction is None or not 0 <= fraction <= digits <= MOST_DIGITS:
            name = identifier(column.name)
            [(largest, fraction)] = self._rows(
                f"SELECT CAST(max(abs(trunc({name}))) AS text), max(min_scale({name})) {rows}"
            )
            digits = len(largest or "") + (fraction or 0)
            if not (largest or "0").isdigit() or digits > MOST_DIGITS:
                raise DataError(
                    f"{self.place(wanted.relation)}: column '{column.name}' is a numeric with "
                    f"{largest if not largest.isdigit() else f'{digits} digits'}, and only "
                    f"{MOST_DIGITS} can be read. Land a view that casts it to double precision or "
                    "text, or leave it out of `columns`."
                )
        return pa.decimal128(max(digits, 1), fraction or 0)


def _declared_digits(column: Any) -> tuple[int | None, int | None]:
    return (column.precision, column.scale) if column.type_code == NUMERIC else (None, None)


def _types() -> dict[int, tuple[str, type, pa.DataType, pa.DataType]]:
    """By type of the server its name, and the types of Python and Arrow; others are texts."""
    import pyarrow as pa

    text, whole, real = pa.string(), pa.int64(), pa.float64()
    return {
        BOOLEAN: ("boolean", bool, pa.bool_(), pa.bool_()),
        **dict.fromkeys(WHOLE, ("bigint", int, whole, whole)),
        **dict.fromkeys(FLOATS, ("double precision", float, real, real)),
        DATE: ("date of the years 1 to 9999", str, text, pa.date32()),
        TIMESTAMP: ("timestamp of the years 1 to 9999", str, text, pa.timestamp("us")),
        TIMESTAMPTZ: ("timestamptz of the years 1 to 9999", str, text, pa.timestamp("us", "UTC")),
    }


def _selected(column: Described) -> str:
    name = identifier(column.name)
    if column.oid in {BOOLEAN, *WHOLE, *FLOATS, *TEXTS}:
        return name
    return f"CAST({name} AS text) AS {name}"


def _filter(wanted: Wanted, described: dict[str, Described]) -> str:
    if wanted.days is None:
        return ""
    column, oid = identifier(wanted.days.column), described[wanted.days.column].oid
    if oid in {DATE, TIMESTAMP, TIMESTAMPTZ}:
        condition = wanted.days.condition(
            column, lambda day: f"CAST({literal(day)} AS timestamp)", f"{column} IS NULL"
        )
        return f" WHERE {condition}"
    if oid not in TEXTS:
        # The landing says that it is no time.
        return ""
    text = f'{column} COLLATE "C"'
    no_day = f"{column} IS NULL OR {NO_DAY.format(column=column)}"
    return f" WHERE {wanted.days.condition(text, literal, no_day)}"


def _batches(cursor: Any) -> Iterator[Sequence[Row]]:
    while batch := cursor.fetchmany(BATCH):
        yield batch
