"""Private in-memory DuckDB connections: nobody shares a lock with anybody."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_platform.errors import DataError

if TYPE_CHECKING:
    import duckdb


@contextmanager
def private_duckdb(timezone: str = "UTC") -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an in-memory database of one's own, in which naive times are read in `timezone`.

    Raises:
        DataError: there is no such time zone.
    """
    import duckdb

    with duckdb.connect() as connection:
        try:
            connection.execute(f"SET TimeZone = {literal(timezone)}")
        except duckdb.Error as error:
            raise DataError(
                f"time zone '{timezone}' is unknown. Use an IANA name such as 'America/New_York'."
            ) from error
        yield connection


def literal(value: str | Path) -> str:
    """`value` as a SQL string."""
    return "'" + str(value).replace("'", "''") + "'"


def identifier(name: str) -> str:
    """`name` as a SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
