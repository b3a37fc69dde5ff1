"""Databases that cannot be read from: cases of `docs/refusals.md`."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url

from mlops_platform.data.databases import sqlite
from mlops_platform.data.databases.export import export_relation
from mlops_platform.errors import DataError, is_of_a_lock
from mlops_platform.settings import Settings
from tests.data.databases.conftest import Databases, run
from tests.documents.cases import Case, refuse_undocumented
from tests.ports import free_port

SECRET = "tulip"
Hindrance = Callable[[Databases, pytest.MonkeyPatch], AbstractContextManager[None]]


def _user(databases: Databases, name: str) -> None:
    run(databases.postgres, [f"DROP ROLE IF EXISTS {name}", f"CREATE ROLE {name} LOGIN"])


@contextmanager
def without_driver(_: Databases, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(sys.modules, "psycopg2", None)
    yield


@contextmanager
def without_grant(databases: Databases, _: pytest.MonkeyPatch) -> Iterator[None]:
    _user(databases, "reader")
    yield
    run(databases.postgres, ["DROP ROLE reader"])


@contextmanager
def with_password(databases: Databases, _: pytest.MonkeyPatch) -> Iterator[None]:
    """The server asks one user for a password."""
    _user(databases, "guarded")
    engine = create_engine(databases.postgres)
    with engine.connect() as connection:
        [(file,)] = connection.exec_driver_sql("SHOW hba_file").all()
    engine.dispose()
    rules = Path(file)
    before = rules.read_text() if rules.is_file() else pytest.skip("the server is elsewhere")
    lines = [f"{kind} guarded scram-sha-256" for kind in ("local all", "host all")]
    lines[1] = "host all guarded all scram-sha-256"
    rules.write_text("\n".join([*lines, before]))
    run(databases.postgres, ["SELECT pg_reload_conf()"])
    yield
    rules.write_text(before)
    run(databases.postgres, ["SELECT pg_reload_conf()", "DROP ROLE guarded"])


@contextmanager
def locked_sqlite(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0)
    file = make_url(databases.sqlite).database or ""
    with closing(sqlite3.connect(file, isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        yield


@contextmanager
def open_duckdb(databases: Databases, _: pytest.MonkeyPatch) -> Iterator[None]:
    """Another process has the file open."""
    held = "import sys, duckdb; c = duckdb.connect(sys.argv[1]); print(1, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", held, str(make_url(databases.duckdb).database)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        yield
        process.communicate("\n")


@dataclass(frozen=True)
class ConnectionCase:
    """A case, and what shows it.

    Args:
        url: with the parts of the databases' own in braces.
        meanwhile: what is in the way.
    """

    case: Case
    url: str
    relation: str = "visits"
    meanwhile: Hindrance = lambda _, __: nullcontext()


def case(given: str, reads: str) -> Case:
    return Case(given, "no such option", "refused", reads)


CASES = [
    ConnectionCase(
        case("no such file", "nothing.db does not exist. Name the file of the database"),
        "sqlite:///{folder}/nothing.db",
    ),
    ConnectionCase(
        case("a URL without a file", "names no file. Write duckdb:////absolute/path"),
        "duckdb://",
    ),
    ConnectionCase(
        case("`sqlite:///` of a DuckDB file", "is no sqlite database. Write duckdb:///"),
        "sqlite:///{duckdb}",
    ),
    ConnectionCase(
        case("`duckdb:///` of any other file", "is no duckdb database. Name one, or land it as"),
        "duckdb:///{folder}/visits.csv",
    ),
    ConnectionCase(
        case("a database of another kind", "'mysql' is no database that can be read. Write"),
        f"mysql://me:{SECRET}@host/shop",
    ),
    ConnectionCase(
        case("what is no URL", "url: it cannot be read as the address of a database. Write"),
        f"postgresql://me:{SECRET}@host:port/shop",
    ),
    ConnectionCase(
        case("an `@` in a password", "url: the password has an @ in it. Write it as %40"),
        f"postgresql://me:{SECRET}@{SECRET}@host/shop",
    ),
    ConnectionCase(
        case("no server", "Connection refused. Check host and port of `url`, and that the server"),
        f"postgresql://me:{SECRET}@127.0.0.1:{{port}}/shop",
    ),
    ConnectionCase(
        case("no such user", 'role "nobody" does not exist. Check user and password of `url`'),
        f"postgresql://nobody:{SECRET}@/read_from?host={{socket}}",
    ),
    ConnectionCase(
        case("a wrong password", 'authentication failed for user "guarded". Check user and pass'),
        f"postgresql://guarded:{SECRET}@/read_from?host={{socket}}",
        meanwhile=with_password,
    ),
    ConnectionCase(
        case("no such database", 'database "shop" does not exist. Check the database of `url`'),
        f"postgresql://postgres:{SECRET}@/shop?host={{socket}}",
    ),
    ConnectionCase(
        case(
            "a table that this user may not read",
            "permission denied for table visits. Grant SELECT to this user",
        ),
        f"postgresql://reader:{SECRET}@/read_from?host={{socket}}",
        meanwhile=without_grant,
    ),
    ConnectionCase(
        case("Postgres without its driver", "Install the extra: pip install 'mlops-platform[postg"),
        f"postgresql://me:{SECRET}@host/shop",
        meanwhile=without_driver,
    ),
    ConnectionCase(
        case("a SQLite file that another process keeps locked", "database is locked. Check that"),
        "sqlite:///{sqlite}",
        meanwhile=locked_sqlite,
    ),
    ConnectionCase(
        case(
            "a DuckDB file that another process has open",
            "is open for writing in another process. Close it there, or land from a copy",
        ),
        "duckdb:///{duckdb}",
        meanwhile=open_duckdb,
    ),
]


@pytest.mark.parametrize("given", CASES, ids=lambda given: given.case.given)
def test_connections(
    given: ConnectionCase,
    databases: Databases,
    home: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for kind in ("sqlite", "duckdb", "postgres"):
        databases.make(kind, ["CREATE TABLE visits (id INTEGER)"])
    (tmp_path / "visits.csv").write_text("id,value\n1,some text\n")
    url = given.url.format(
        folder=tmp_path,
        sqlite=make_url(databases.sqlite).database,
        duckdb=make_url(databases.duckdb).database,
        socket=make_url(databases.postgres).query.get("host"),
        port=free_port(),
    )
    with given.meanwhile(databases, monkeypatch), pytest.raises(DataError) as refused:
        export_relation(url, given.relation, tmp_path)
    assert given.case.reads in str(refused.value)
    assert given.case.reads
    assert SECRET not in str(refused.value)
    assert "\n" not in str(refused.value)
    assert is_of_a_lock(refused.value) == (given.meanwhile in {locked_sqlite, open_duckdb})
    assert not list(tmp_path.glob("*.parquet"))


def test_every_case_is_documented() -> None:
    refuse_undocumented("Databases", [given.case for given in CASES])
