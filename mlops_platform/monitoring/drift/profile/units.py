"""Numbers of rows or groups, which stand where the rows of other references have their days."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mlops_platform.data.engine import identifier

if TYPE_CHECKING:
    import duckdb

UNIT: Final = "_unit"
"""Added column; no column of a table is called so."""
MOST_APART: Final = 5000
"""Rows or groups that are counted one by one."""
HANDFULS: Final = 500
"""Of more there are so many handfuls, each of rows or groups drawn at random."""


def number_units(connection: duckdb.DuckDBPyConnection, rows: str, key: str) -> str:
    """Make a table of rows with `UNIT`: the same for all rows of one key, and at random otherwise.

    Args:
        key: column with the entity or the group.

    Returns:
        its name.
    """
    column = identifier(key)
    (distinct,) = connection.execute(
        f"SELECT count(DISTINCT coalesce({column}::VARCHAR, '')) FROM {rows}"
    ).fetchone() or (0,)
    units = distinct if distinct <= MOST_APART else HANDFULS
    rank = f"dense_rank() OVER (ORDER BY md5({column}::VARCHAR), {column}) - 1"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE numbered AS SELECT *, "
        f"DATE '1970-01-01' + CAST(({rank}) % {max(units, 1)} AS INTEGER) AS {identifier(UNIT)} "
        f"FROM {rows}"
    )
    return "numbered"
