"""Rows of the ledger as they are in it, to be shown to whoever cannot ask it."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Select, Table, select

from mlops_platform.formats.row_hash import columns_hash, shown_columns
from mlops_platform.ledger.tables import adjustments, decisions, packagings, releases
from mlops_platform.record import Record


class LedgerRow(Record):
    """A row as it is shown outside of the ledger: what its hash covers, and the hash.

    Args:
        table: of the ledger.
    """

    table: str
    columns: dict[str, Any]

    @property
    def hash(self) -> str:
        """What the row itself says that its hash is."""
        return str(self.columns.get("hash"))

    @property
    def is_whole(self) -> bool:
        """Whether that is its hash."""
        return columns_hash(self.table, self.columns) == self.hash


def release_rows(connection: Connection, model: str, sequence: int) -> tuple[LedgerRow, ...]:
    """The row of a release, of its newest Bento and of its newest adjustment."""
    newest = (
        (releases, releases.c.sequence),
        (packagings, packagings.c.id),
        (adjustments, adjustments.c.number),
    )
    return tuple(
        row
        for table, key in newest
        for row in _rows(
            connection,
            table,
            select(table)
            .where(table.c.model == model, table.c.sequence == sequence)
            .order_by(key.desc())
            .limit(1),
        )
    )


def decision_rows(connection: Connection, ids: Collection[int]) -> tuple[LedgerRow, ...]:
    """The rows of decisions, oldest first."""
    query = select(decisions).where(decisions.c.id.in_(ids)).order_by(decisions.c.id)
    return tuple(_rows(connection, decisions, query))


def _rows(connection: Connection, table: Table, query: Select[Any]) -> list[LedgerRow]:
    rows = connection.execute(query).mappings()
    return [
        LedgerRow(table=table.name, columns=shown_columns(table.name, dict(row))) for row in rows
    ]
