"""Verification of every chain of one model, and of what joins them."""

from typing import Any

from sqlalchemy import Connection, Table, select, union

from mlops_platform.ledger import tables
from mlops_platform.ledger.chain import first_broken_link, first_loose_end
from mlops_platform.ledger.records import ChainFault


def first_fault(connection: Connection, model: str) -> ChainFault | None:
    """First row of a model that was changed, or whose neighbours were removed, if any.

    Raises:
        FormatError: a newer version of the platform wrote a row.
    """
    decided = _chain(connection, tables.decisions, "id", model)
    released = _chain(connection, tables.releases, "sequence", model)
    packaged = _chain(connection, tables.packagings, "id", model)
    activated = _chain(connection, tables.activations, "id", model)
    happened = _chain(connection, tables.incident_events, "id", model)
    return (
        first_broken_link("decisions", "id", decided)
        or first_broken_link("releases", "sequence", released)
        or first_broken_link("packagings", "id", packaged)
        or first_broken_link("activations", "id", activated)
        or first_broken_link("incident_events", "id", happened)
        or first_loose_end(decided, released)
    )


def models_with_rows(connection: Connection) -> list[str]:
    """Every model of which any table has a row."""
    named = union(*(select(table.c.model) for table in tables.metadata.sorted_tables))
    return sorted(connection.scalars(named))


def _chain(connection: Connection, table: Table, key: str, model: str) -> list[dict[str, Any]]:
    query = select(table).where(table.c.model == model).order_by(table.c[key])
    return [dict(row) for row in connection.execute(query).mappings()]
