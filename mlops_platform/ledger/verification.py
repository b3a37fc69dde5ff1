"""Verification of every chain of one model, and of what joins them."""

import json
from collections.abc import Collection, Mapping
from typing import Any, Final

from sqlalchemy import Connection, Table, select, union

from mlops_platform.errors import LedgerError
from mlops_platform.ledger import tables
from mlops_platform.ledger.chain import first_broken_link, first_loose_end
from mlops_platform.ledger.records import ACCEPTANCE, LOST, ROW, ChainFault

CHAINS: Final = (
    (tables.decisions, "id"),
    (tables.releases, "sequence"),
    (tables.packagings, "id"),
    (tables.adjustments, "id"),
    (tables.activations, "id"),
    (tables.incident_events, "id"),
)
"""Every chained table with the key that orders the chain of a model."""


def first_fault(connection: Connection, model: str) -> ChainFault | None:
    """First row of a model that was changed, or whose neighbours were removed, if any.

    Raises:
        FormatError: a newer version of the platform wrote a row.
    """
    chains = {table.name: _chain(connection, table, key, model) for table, key in CHAINS}
    for table, key in CHAINS:
        fault = first_broken_link(table.name, key, chains[table.name])
        if fault is not None:
            return fault
    return first_loose_end(chains["decisions"], chains["releases"])


def newest_hashes(connection: Connection, model: str) -> dict[str, str]:
    """Hash of the newest row of a model in every chain that has one."""
    newest = {
        table.name: connection.scalar(
            select(table.c.hash)
            .where(table.c.model == model)
            .order_by(table.c[key].desc())
            .limit(1)
        )
        for table, key in CHAINS
    }
    return {name: row_hash for name, row_hash in newest.items() if row_hash is not None}


def lacking_hashes(connection: Connection, model: str, hashes: Mapping[str, str]) -> list[str]:
    """Chains of a model in which there is no row of a hash that there was once.

    Args:
        hashes: by chain, as `newest_hashes` gave them.
    """
    return [
        table.name
        for table, _ in CHAINS
        if table.name in hashes
        and connection.scalar(
            select(table.c.model)
            .where(table.c.model == model)
            .where(table.c.hash == hashes[table.name])
        )
        is None
    ]


def unknown_hashes(connection: Connection, model: str, hashes: Collection[str]) -> set[str]:
    """Those of which no chain of a model has the row."""
    known = union(
        *(
            select(table.c.hash).where(table.c.model == model, table.c.hash.in_(hashes))
            for table, _ in CHAINS
        )
    )
    return {*hashes}.difference(connection.scalars(known)) if hashes else set()


def lost_hashes(connection: Connection, model: str, hashes: Collection[str]) -> set[str]:
    """Those of which the ledger has lost the row, and nobody has decided to go on without it."""
    lost = unknown_hashes(connection, model, hashes)
    if lost:
        table = tables.decisions
        accepted = select(table.c.evidence).where(
            table.c.model == model, table.c.kind == ACCEPTANCE
        )
        evidence: str
        for evidence in connection.scalars(accepted):
            lost -= {row[ROW] for row in json.loads(evidence)[LOST]}
    return lost


def require_known(connection: Connection, model: str, hashes: Collection[str]) -> None:
    """Refuse to write to a ledger that lost rows, so that no row is there twice.

    Args:
        hashes: of the newest rows, as they were written down outside of it.

    Raises:
        LedgerError: it has lost some of them.
    """
    lost = lost_hashes(connection, model, hashes)
    if lost:
        raise LedgerError(
            f"the ledger has lost rows of {model!r} that were written down beside its pointer: "
            f"{', '.join(sorted(row[:16] for row in lost))}. Nothing was written. Restore a later "
            'backup of the ledger; or `mlops reconcile --accept-loss --reason "..."` goes on '
            "without them."
        )


def models_with_rows(connection: Connection) -> list[str]:
    """Every model of which any table has a row."""
    named = union(*(select(table.c.model) for table in tables.metadata.sorted_tables))
    return sorted(connection.scalars(named))


def _chain(connection: Connection, table: Table, key: str, model: str) -> list[dict[str, Any]]:
    query = select(table).where(table.c.model == model).order_by(table.c[key])
    return [dict(row) for row in connection.execute(query).mappings()]
