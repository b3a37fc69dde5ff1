"""Rows held to a schema: cast where nothing is lost, refused with an example where something is."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops_platform.data.engine import identifier, private_duckdb
from mlops_platform.data.landing.schema.layouts import ByName, Columns, columns_of, without_halves
from mlops_platform.data.landing.schema.types import (
    FLOATS,
    MOMENT,
    NUMBERS,
    TEXT,
    common_type,
    is_wider,
)
from mlops_platform.errors import DataError

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


@dataclass(frozen=True)
class LosslessCast:
    """Makes the columns of a schema of what is delivered, or refuses.

    Args:
        declared: columns whose type a person has declared, so that text may be made of others.
    """

    by_name: ByName
    declared: Collection[str] = ()

    def of(self, delivered: pa.Table) -> pa.Table:
        """The same rows by the columns of the schema.

        Raises:
            DataError: a value would become another one; names it, and the fix.
        """
        have, delivered = columns_of(delivered.schema), without_halves(delivered)
        if moved := self.by_name.moved(have):
            with private_duckdb() as connection:
                connection.register("delivered", delivered)
                for column in moved:
                    self._refuse_loss(connection, column, have)
                    self._refuse_two_names(connection, column, have)
        return self.by_name.rows(delivered)

    def _refuse_loss(
        self, connection: duckdb.DuckDBPyConnection, column: str, have: Columns
    ) -> None:
        kind = self.by_name.columns[column]
        for source in self.by_name.names_in(column, have):
            condition = self._loss(column, identifier(source), have[source])
            lost = _example(connection, source, condition) if condition else None
            if lost is not None:
                raise DataError(
                    f"column '{column}' is {kind} and cannot hold {lost} ({have[source]}) "
                    f"without loss. {_fix(column, kind, have[source])}"
                )

    def _loss(self, column: str, value: str, have: str) -> str | None:
        """Write the SQL condition that a column cannot hold a value; None where it holds all."""
        kind = self.by_name.columns[column]
        if have == kind:
            return None
        if have in NUMBERS and kind in NUMBERS:
            return lossy(value, kind, have)
        return None if column in self.declared and is_wider(kind, have) else f"{value} IS NOT NULL"

    def _refuse_two_names(
        self, connection: duckdb.DuckDBPyConnection, column: str, have: Columns
    ) -> None:
        """A source may have a column under its old name in old files and its new one in others."""
        new, *older = self.by_name.names_in(column, have) or [column]
        kind = self.by_name.columns[column]
        for old in older:
            values = (f"CAST({identifier(name)} AS {kind})" for name in (new, old))
            lost = _example(connection, old, " <> ".join(values))
            if lost is not None:
                raise DataError(
                    f"column '{column}' comes under two names, and a row has {lost} under "
                    f"'{old}' and something else under '{new}'. Deliver one of them."
                )


def _example(connection: duckdb.DuckDBPyConnection, column: str, condition: str) -> str | None:
    """A value in rows that meet a condition, as a person writes it; None where none does."""
    query = f"SELECT {identifier(column)} FROM delivered WHERE {condition} LIMIT 1"
    row = connection.execute(query).fetchone()
    return None if row is None else repr(row[0]) if isinstance(row[0], str) else str(row[0])


def lossy(value: str, kind: str, have: str) -> str:
    """Write the SQL condition that a number of one type is another one in another type."""
    there_and_back = f"CAST(TRY_CAST({value} AS {kind}) AS {have})"
    return f"{value} IS NOT NULL AND {there_and_back} IS DISTINCT FROM {value}"


def _fix(column: str, kind: str, have: str) -> str:
    if kind == MOMENT:
        return "Give its moments their time zone at the source."
    wider = common_type(kind, have)
    if wider == kind and wider in FLOATS:
        wider = TEXT
    if wider is None:
        return "Deliver it in the type that it has, or under another name."
    return f"Declare the wider type, `types: {{{column}: {wider}}}`, or correct it at the source."
