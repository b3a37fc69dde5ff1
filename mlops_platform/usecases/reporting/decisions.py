"""Decisions of every model as a table, for people with a question."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_platform.ledger.ledger import Ledger

if TYPE_CHECKING:
    import pyarrow as pa


def decisions_table(ledger: Ledger) -> pa.Table:
    """What was decided of every model, oldest first; without the evidence.

    Columns: id, model, made_at (UTC), kind, actor, reason, window.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    import pyarrow as pa

    text, moment = pa.string(), pa.timestamp("us", "UTC")
    schema = pa.schema(
        {
            "id": pa.int64(),
            "model": text,
            "made_at": moment,
            "kind": text,
            "actor": text,
            "reason": text,
            "window": text,
        }
    )
    fields = set(schema.names)
    with ledger.kept_open():
        decisions = [
            decision for model in ledger.models() for decision in ledger.decisions(model, None)
        ]
    decisions.sort(key=lambda decision: decision.id)
    rows = [decision.model_dump(include=fields) for decision in decisions]
    return pa.Table.from_pylist(rows, schema)
