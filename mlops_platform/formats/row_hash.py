"""The hash of a row of the ledger, which a service computes as the ledger does."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from mlops_platform.errors import LedgerError
from mlops_platform.formats.row_formats import Row, format_of, hashed_columns


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
    return columns_hash(table, _hashed(table, row))


def columns_hash(table: str, columns: Mapping[str, Any]) -> str:
    """SHA-256 over a table's name and columns, but `hash`."""
    covered = {name: value for name, value in columns.items() if name != "hash"}
    return hashlib.sha256(canonical_json([table, covered]).encode()).hexdigest()


def shown_columns(table: str, row: Row) -> dict[str, Any]:
    """The columns that a row's hash covers, moments as text, and the hash.

    Raises:
        FormatError: a newer version of the platform wrote the row.
    """
    shown = {**_hashed(table, row), "hash": row["hash"]}
    content: dict[str, Any] = json.loads(canonical_json(shown))
    return content


def _hashed(table: str, row: Row) -> dict[str, Any]:
    return {name: row[name] for name in hashed_columns(table, format_of(table, row["format"]))}


def pointer_text(hashes: Iterable[str]) -> str:
    """What the signature of a pointer signs.

    Args:
        hashes: of the rows that it holds.
    """
    return canonical_json(["pointer", *hashes])


def _moment_as_text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    raise TypeError(f"{type(value).__name__} is no JSON type")
