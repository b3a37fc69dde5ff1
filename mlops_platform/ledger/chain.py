"""The hash chain: each row carries the hash of its columns and of the row before it."""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, get_args

from mlops_platform.errors import LedgerError
from mlops_platform.ledger.records import ChainFault, ReleaseKind
from mlops_platform.ledger.row_formats import Row, format_of, hashed_columns, unhashed_columns

GENESIS = "0" * 64
"""Previous hash of the first row."""


def canonical_json(value: Any) -> str:
    """Encode as the one JSON text of a value: sorted keys, no spaces, UTF-8, moments in UTC.

    Raises:
        LedgerError: the value holds something that JSON cannot express exactly.
    """
    try:
        text = json.dumps(
            value,
            sort_keys=True,
            separators=(",", ":"),
            ensure_ascii=False,
            allow_nan=False,
            default=_moment_as_text,
        )
        text.encode()
    except (TypeError, ValueError) as error:
        raise LedgerError(
            f"{value!r} cannot be written to the ledger: {error}. "
            "Use finite numbers, strings, lists and mappings with string keys."
        ) from error
    return text


def row_hash(table: str, row: Row) -> str:
    """SHA-256 over the table's name and the columns that the row's format knows, but `hash`.

    Raises:
        FormatError: a newer version of the platform wrote the row.
    """
    columns = {name: row[name] for name in hashed_columns(table, format_of(table, row["format"]))}
    return hashlib.sha256(canonical_json([table, columns]).encode()).hexdigest()


def first_broken_link(table: str, key: str, rows: Sequence[Row]) -> ChainFault | None:
    """First row, in chain order, that was changed or whose predecessor is gone.

    Raises:
        FormatError: a newer version of the platform wrote a row.
    """
    previous = GENESIS
    for row in rows:
        name = f"{row['model']}/{row[key]}"
        # A row that this version cannot read is refused, and not judged.
        later = unhashed_columns(table, row)
        if row["previous_hash"] != previous:
            return ChainFault(
                table=table, row=name, problem="does not follow the row before it: one was removed"
            )
        if row["hash"] != row_hash(table, row):
            return ChainFault(
                table=table, row=name, problem="was changed after it was written: its hash differs"
            )
        if later:
            return ChainFault(
                table=table,
                row=name,
                problem=f"was changed after it was written: its format knows no {later[0]!r}",
            )
        previous = row["hash"]
    return None


def first_loose_end(decisions: Sequence[Row], releases: Sequence[Row]) -> ChainFault | None:
    """First decision without the release it caused, or release without its decision.

    This finds the removal of the newest rows, which no chain alone can.
    """
    causes = {row["id"] for row in decisions if row["kind"] in get_args(ReleaseKind)}
    for row in releases:
        if row["decision_id"] not in causes:
            name, gone = f"{row['model']}/{row['sequence']}", f"decision {row['decision_id']}"
            return ChainFault(table="releases", row=name, problem=f"its {gone} was removed")
    released = {row["decision_id"] for row in releases}
    for row in decisions:
        if row["id"] in causes - released:
            name = f"{row['model']}/{row['id']}"
            return ChainFault(table="decisions", row=name, problem="its release was removed")
    return None


def _moment_as_text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    raise TypeError(f"{type(value).__name__} is no JSON type")
