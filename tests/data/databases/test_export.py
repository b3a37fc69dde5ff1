"""Which rows of a relation are exported, in which types, and as of which moment."""

import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import make_url

from mlops_platform.data.databases.address import Source, is_database, parse_source, parsed_url
from mlops_platform.data.databases.database import Wanted
from mlops_platform.data.databases.day_range import DayRange
from mlops_platform.data.databases.export import (
    export_relation,
    opened_database,
    relation_names,
)
from mlops_platform.data.databases.rows import BATCH
from mlops_platform.data.parquet import read_parquet
from mlops_platform.errors import DataError
from mlops_platform.settings import Settings
from tests.data.databases.conftest import Databases, run

KINDS = ("sqlite", "duckdb", "postgres")
ZONES = ("Pacific/Kiritimati", "Etc/GMT+12", "America/New_York", "UTC")


def exported(url: str, relation: str, folder: Path, **asked: Any) -> pa.Table:
    [path] = export_relation(url, relation, folder, **asked)
    return read_parquet(path)


def types_of(table: pa.Table) -> dict[str, str]:
    return {field.name: str(field.type) for field in table.schema}


@pytest.mark.parametrize("kind", KINDS)
def test_all_rows_come_in_their_order_and_an_empty_relation_has_its_columns(
    kind: str, databases: Databases, home: Settings, tmp_path: Path
) -> None:
    rows = 2 * BATCH + 1
    numbers = {
        "sqlite": "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n "
        f"WHERE i < {rows - 1}) INSERT INTO t SELECT i, 'x' || i FROM n",
        "duckdb": f"INSERT INTO t SELECT i, 'x' || i FROM range({rows}) n(i)",
        "postgres": f"INSERT INTO t SELECT i, 'x' || i FROM generate_series(0, {rows - 1}) n(i)",
    }
    create = "CREATE TABLE {} (i BIGINT, name TEXT)"
    url = databases.make(kind, [create.format("t"), create.format("none"), numbers[kind]])
    table = exported(url, "t", tmp_path)
    assert table["i"].to_pylist() == list(range(rows))
    assert table["name"][-1].as_py() == f"x{rows - 1}"
    empty = exported(url, "none", tmp_path)
    assert (empty.num_rows, types_of(empty)) == (0, {"i": "int64", "name": "string"})


@pytest.mark.parametrize("kind", KINDS)
def test_names_are_taken_as_they_are(
    kind: str, databases: Databases, home: Settings, tmp_path: Path
) -> None:
    schema = [] if kind == "sqlite" else ["CREATE SCHEMA sales"]
    name = '"main"' if kind == "sqlite" else '"sales"'
    table = f'{name}."Order\'s "" %s"'
    url = databases.make(kind, [*schema, f'CREATE TABLE {table} ("a b" INTEGER, "select" INTEGER)'])
    databases.make(kind, [f"INSERT INTO {table} VALUES (1, 2)"])
    [shown] = relation_names(url)
    assert shown == "Order's \" %s" if kind == "sqlite" else "sales.Order's \" %s"
    assert exported(url, shown, tmp_path).to_pylist() == [{"a b": 1, "select": 2}]
    needed = exported(url, shown, tmp_path, columns={"SELECT", "absent"})
    assert needed.to_pylist() == [{"select": 2}]


def test_a_relation_may_be_named_with_its_usual_schema(
    databases: Databases, home: Settings, tmp_path: Path
) -> None:
    for kind, schema in (("sqlite", "main"), ("duckdb", "main"), ("postgres", "public")):
        url = databases.make(kind, ["CREATE TABLE t (i INTEGER)"])
        assert exported(url, f"{schema}.t", tmp_path).column_names == ["i"]


def test_sqlite_types_follow_the_declaration_and_of_expressions_the_values(
    databases: Databases, home: Settings, tmp_path: Path
) -> None:
    declared = (
        "a TINYINT, b VARCHAR(3), c REAL, d NUMERIC, e BLOB, f BOOL, g DATE, h TIMESTAMP, i TIME, "
        "j UUID, k"
    )
    values = "1, 'x', 1, 2, x'00', 1, NULL, NULL, '01:00', 'u', NULL"
    view = "SELECT a + 1 AS a, CAST(a AS TEXT) AS b, a / 2.0 AS c, count(*) AS d FROM t"
    url = databases.make(
        "sqlite",
        [
            f"CREATE TABLE t ({declared})",
            f"INSERT INTO t VALUES ({values})",
            f"CREATE VIEW v AS {view}",
        ],
    )
    assert list(types_of(exported(url, "t", tmp_path)).values()) == [
        *("int64", "string", "double", "double", "binary", "bool", "date32[day]"),
        *("timestamp[us]", "string", "string", "null"),
    ]
    assert exported(url, "v", tmp_path).to_pylist() == [{"a": 2, "b": "1", "c": 0.5, "d": 1}]


def test_postgres_values_are_exact(databases: Databases, home: Settings, tmp_path: Path) -> None:
    columns = (
        "smallint '1' AS a, 9007199254740993::bigint AS b, 0.1::real AS c, 0.1::float8 AS d, "
        "true AS e, date '0001-01-01' AS f, timestamp '9999-12-31 23:59:59.999999' AS g, "
        "timestamptz '2024-03-10 01:00+02' AS h, 'x'::char(3) AS i, '{\"a\": 1}'::jsonb AS j"
    )
    url = databases.make("postgres", [f"CREATE TABLE t AS SELECT {columns}"])
    table = exported(url, "t", tmp_path)
    assert list(table.to_pylist()[0].values()) == [
        *(1, 9007199254740993, pytest.approx(0.1, rel=1e-7), 0.1, True, date(1, 1, 1)),
        datetime(9999, 12, 31, 23, 59, 59, 999999),  # noqa: DTZ001
        datetime(2024, 3, 9, 23, tzinfo=UTC),
        *("x", '{"a": 1}'),
    ]


def written_meanwhile(url: str) -> None:
    """Somebody else adds a row and changes another, and commits."""
    statements = ["INSERT INTO t VALUES (2)", "UPDATE t SET i = 5 WHERE i = 1"]
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(make_url(url).database or "")) as writer, writer:
            writer.executescript(";".join(statements))
    else:
        run(url, statements)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_what_others_write_meanwhile_is_not_seen(
    kind: str, databases: Databases, home: Settings, tmp_path: Path
) -> None:
    journal = ["PRAGMA journal_mode = WAL"] if kind == "sqlite" else []
    url = databases.make(kind, [*journal, "CREATE TABLE t (i INTEGER)", "INSERT INTO t VALUES (1)"])
    with opened_database(url) as database:
        [relation] = database.relations()
        written_meanwhile(url)
        database.write(Wanted(relation, ["i"], None), tmp_path / "t.parquet")
    assert read_parquet(tmp_path / "t.parquet")["i"].to_pylist() == [1]
    assert exported(url, "t", tmp_path)["i"].sort().to_pylist() == [2, 5]


@hypothesis_settings(max_examples=30)
@given(
    moments=st.lists(
        st.tuples(
            st.datetimes(datetime(2024, 3, 1), datetime(2024, 3, 20)),  # noqa: DTZ001
            st.integers(-12 * 60, 14 * 60),
        ),
        max_size=20,
    ),
    zone=st.sampled_from(ZONES),
)
def test_no_row_of_a_day_is_missing_whatever_its_offset(
    moments: list[tuple[datetime, int]], zone: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder, day = tmp_path_factory.mktemp("sqlite"), date(2024, 3, 10)
    written = [
        moment.replace(tzinfo=timezone(timedelta(minutes=offset))) for moment, offset in moments
    ]
    with closing(sqlite3.connect(folder / "a.db")) as connection, connection:
        connection.execute("CREATE TABLE t (i INTEGER, at TEXT)")
        rows = [(number, str(moment)) for number, moment in enumerate(written)]
        connection.executemany("INSERT INTO t VALUES (?, ?)", rows)
    table = exported(f"sqlite:///{folder}/a.db", "t", folder, where=DayRange("at", day, day))
    of_day = {
        number
        for number, moment in enumerate(written)
        if moment.astimezone(ZoneInfo(zone)).date() == day
    }
    assert of_day <= set(table["i"].to_pylist())


@pytest.mark.parametrize(
    ("kind", "column"),
    [
        *(("sqlite", name) for name in ("TEXT", "TIMESTAMP", "DATE")),
        *(("duckdb", name) for name in ("TEXT", "TIMESTAMP", "DATE", "TIMESTAMPTZ")),
        *(("postgres", name) for name in ("TEXT", "TIMESTAMP", "DATE", "TIMESTAMPTZ")),
    ],
)
def test_days_that_are_not_needed_are_not_read(
    kind: str, column: str, databases: Databases, home: Settings, tmp_path: Path
) -> None:
    days = ", ".join(f"({day}, '2024-03-{day:02d}')" for day in range(1, 31))
    url = databases.make(
        kind,
        [f'CREATE TABLE t (i INTEGER, "at" {column})', f"INSERT INTO t VALUES {days}, (99, NULL)"],
    )
    days_read = DayRange("AT", date(2024, 3, 10), date(2024, 3, 11))
    numbers = exported(url, "t", tmp_path, where=days_read)["i"].to_pylist()
    assert numbers == [8, 9, 10, 11, 12, 13, 99]


@pytest.mark.parametrize(("first", "last"), [(date.min, date.min), (date.max, date.max)])
def test_days_at_either_end_of_the_calendar_are_read(
    first: date, last: date, databases: Databases, home: Settings, tmp_path: Path
) -> None:
    url = databases.make("sqlite", ["CREATE TABLE t (at TEXT)", "INSERT INTO t VALUES (NULL)"])
    assert exported(url, "t", tmp_path, where=DayRange("at", first, last)).num_rows == 1


def test_an_address_is_split_into_its_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    odd = tmp_path / "we?ird 100%.db"
    sqlite3.connect(odd).close()
    sqlite3.connect("shop.db").close()
    assert parse_source("sqlite:///shop.db#orders") == Source(
        f"sqlite:///{tmp_path / 'shop.db'}", "orders"
    )
    named = parse_source("sqlite:///we%3Fird 100%25.db#a.b")
    assert (parsed_url(named.url).database, named.relation) == (str(odd), "a.b")
    server = "postgres://me:a%23b@host/shop"
    assert parse_source(f"{server}#orders") == Source(server, "orders")
    assert parsed_url(server).password == "a#b"
    assert is_database(server)
    assert not is_database("/data/a#b.csv")
    for text in ("sqlite:///shop.db", "shop.db#orders", "sqlite:///shop.db#"):
        with pytest.raises(DataError, match="names no table of a database\\. Write its URL, `#`"):
            parse_source(text)
