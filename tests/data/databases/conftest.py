"""Databases to read from: files of their own, and one database of a real Postgres."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import create_engine, make_url

DATABASE = "read_from"


@dataclass(frozen=True)
class Databases:
    """One database of each kind, by URL."""

    sqlite: str
    duckdb: str
    postgres: str

    def make(self, kind: str, statements: Sequence[str]) -> str:
        """Run statements in a database; its URL."""
        url = str(getattr(self, kind))
        file = make_url(url).database or ""
        if kind == "sqlite":
            with closing(sqlite3.connect(file)) as connection, connection:
                connection.executescript(";".join(statements))
        elif kind == "duckdb":
            with duckdb.connect(file) as engine:
                engine.execute(";".join(statements))
        else:
            run(url, statements)
        return url


def run(url: str, statements: Sequence[str]) -> None:
    """Run statements in a Postgres, each as it is."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement.replace("%", "%%"))
    engine.dispose()


@pytest.fixture(scope="module")
def postgres_database(postgres_server: str) -> Iterator[str]:
    run(postgres_server, [f"DROP DATABASE IF EXISTS {DATABASE}", f"CREATE DATABASE {DATABASE}"])
    url = make_url(postgres_server).set(database=DATABASE)
    yield url.render_as_string(hide_password=False)
    run(postgres_server, [f"DROP DATABASE {DATABASE} WITH (FORCE)"])


@pytest.fixture
def databases(tmp_path: Path, postgres_database: str) -> Databases:
    """Empty databases."""
    anew = [
        "DROP SCHEMA IF EXISTS public, sales CASCADE",
        "CREATE SCHEMA public",
        "GRANT USAGE ON SCHEMA public TO PUBLIC",
    ]
    run(postgres_database, anew)
    return Databases(
        sqlite=f"sqlite:///{tmp_path / 'shop.db'}",
        duckdb=f"duckdb:///{tmp_path / 'shop.duckdb'}",
        postgres=postgres_database,
    )
