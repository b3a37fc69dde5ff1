"""Rows of one delivery that repeat others, or that nobody could tell from others."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

from mlops_platform.data.engine import identifier, private_duckdb
from mlops_platform.data.landing.landed_table import LandedTable
from mlops_platform.errors import DataError

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


@dataclass(frozen=True, eq=False)
class UniqueRows:
    """Rows of which each has a key of its own.

    Args:
        came: rows that were delivered.
        duplicates: rows that were equal to others in all columns, and were dropped or numbered.
    """

    rows: pa.Table
    came: int
    duplicates: int


def unique_rows(table: LandedTable, rows: pa.Table) -> UniqueRows:
    """Do with duplicates as a table declares.

    Args:
        rows: with the column that numbers them, where one is declared.

    Raises:
        DataError: rows of one key differ, or duplicates are not allowed; has an example.
    """
    number = table.numbered_by
    key = [name for name in table.key if name != number]
    content = rows if number is None else rows.drop_columns([number])
    repeated = repeated_keys(key, content)
    if not repeated and number is None:
        return UniqueRows(rows, rows.num_rows, 0)
    with private_duckdb() as connection:
        connection.register("delivered", content)
        _refuse_contradictions(connection, table, key, content.column_names)
        if number is not None:
            numbered = (
                f"SELECT *, row_number() OVER (PARTITION BY {_listed(content.column_names)}) "
                f"AS {identifier(number)} FROM delivered"
            )
            unique = connection.sql(f"SELECT {_listed(rows.column_names)} FROM ({numbered})")
        elif table.duplicates == "drop":
            unique = connection.sql("SELECT DISTINCT * FROM delivered")
        else:
            raise DataError(_refusal(connection, table, repeated))
        unique_rows = unique.to_arrow_table().cast(rows.schema)
        return UniqueRows(unique_rows, rows.num_rows, repeated)


def repeated_keys(key: list[str], rows: pa.Table) -> int:
    """How many rows have the key of another one."""
    different = rows.select(key).group_by(key).aggregate([]).num_rows
    return int(rows.num_rows - different)


def null_keys(table: LandedTable, rows: pa.Table) -> int:
    """How many rows have NULL in a column of their key."""
    import pyarrow.compute as pc

    nulls = [rows[name].is_null() for name in table.key if rows[name].null_count]
    return int(pc.sum(reduce(pc.or_, nulls)).as_py()) if nulls else 0


def _refuse_contradictions(
    connection: duckdb.DuckDBPyConnection, table: LandedTable, key: list[str], columns: list[str]
) -> None:
    """Rows of one key with different content: nobody knows which of them is true."""
    connection.execute("CREATE TEMP TABLE different AS SELECT DISTINCT * FROM delivered")
    keys = _listed(key)
    example = connection.execute(
        f"SELECT {keys} FROM different GROUP BY ALL HAVING count(*) > 1 ORDER BY ALL LIMIT 1"
    ).fetchone()
    if example is None:
        return
    [(rows,)] = connection.execute(
        f"SELECT count(*) - count(DISTINCT ({keys},)) FROM different"
    ).fetchall()
    same = " AND ".join(f"{identifier(name)} IS NOT DISTINCT FROM ?" for name in key)
    others = [name for name in columns if name not in key]
    counted = ", ".join(
        f"count(DISTINCT ({identifier(name)},)) AS {identifier(name)}" for name in others
    )
    [counts] = connection.execute(
        f"SELECT {counted} FROM different WHERE {same}", list(example)
    ).fetchall()
    differing = [name for name, count in zip(others, counts, strict=True) if count > 1]
    raise DataError(
        f"{rows} rows whose {key} repeats that of another row, with other content, for example "
        f"{dict(zip(key, example, strict=True))}, which differ in {differing}. Name in "
        "`key` columns that identify a row, or correct them at the source."
    )


def _refusal(connection: duckdb.DuckDBPyConnection, table: LandedTable, repeated: int) -> str:
    key = list(table.key)
    example = connection.execute(
        f"SELECT {_listed(key)} FROM delivered "
        "GROUP BY ALL HAVING count(*) > 1 ORDER BY ALL LIMIT 1"
    ).fetchone()
    assert example is not None, "it is asked for where keys repeat"
    return (
        f"{repeated} rows whose {key} repeats that of another row, equal to it in all columns, for "
        f"example {dict(zip(key, example, strict=True))}. Remove them at the source, or declare "
        "`duplicates: drop`; where each of them counts, `duplicates: number` and `numbered_by`."
    )


def _listed(names: list[str]) -> str:
    return ", ".join(map(identifier, names))
