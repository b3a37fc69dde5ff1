"""Moments as they are computed of landed columns: always with a time zone."""

from __future__ import annotations

from collections.abc import Mapping

from mlops_platform.data.engine import identifier, literal, private_duckdb
from mlops_platform.data.profiling.expressions.expression import Expression


def moment_sql(
    expression: Expression, types: Mapping[str, str], timezone: str, *, day_ends: bool = False
) -> str:
    """SQL of the moment; one that does not say its zone is of `timezone`.

    Args:
        types: of landed columns, by output name.
        day_ends: a day is the moment at which it ends, not that at which it begins.
    """
    columns = ", ".join(f"NULL::{kind} AS {identifier(name)}" for name, kind in types.items())
    with private_duckdb() as connection:
        row = connection.execute(
            f"SELECT typeof({expression.sql}) FROM (SELECT {columns})"
        ).fetchone()
    assert row is not None, "one row of NULLs"
    if row[0] == "TIMESTAMP WITH TIME ZONE":
        return expression.sql
    if day_ends and row[0] == "DATE":
        return f"timezone({literal(timezone)}, CAST(({expression.sql}) + 1 AS TIMESTAMP))"
    return f"timezone({literal(timezone)}, CAST({expression.sql} AS TIMESTAMP))"
