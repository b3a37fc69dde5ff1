"""Which columns of a row its hash covers: frozen per format, so that old rows stay verifiable."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from mlops_platform.formats.number import refuse_newer

Row = Mapping[str, Any]

_DECISIONS = (
    "id",
    "model",
    "kind",
    "window",
    "reason",
    "actor",
    "evidence",
    "made_at",
    "previous_hash",
)
_RELEASES = (
    "model",
    "sequence",
    "version",
    "run_id",
    "digests",
    "schema_hash",
    "environment_hash",
    "decision_id",
    "actor",
    "released_at",
    "previous_hash",
)
_PACKAGINGS = ("id", "model", "sequence", "bento_tag", "actor", "packaged_at", "previous_hash")
_ADJUSTMENTS = (
    "id",
    "model",
    "sequence",
    "version",
    "number",
    "constants",
    "facts",
    "labels_through",
    "valid_from",
    "actor",
    "recorded_at",
    "previous_hash",
)
_ACTIVATIONS = (
    "id",
    "model",
    "worker",
    "event",
    "role",
    "sequence",
    "version",
    "detail",
    "happened_at",
    "previous_hash",
)
_INCIDENT_EVENTS = (
    "id",
    "model",
    "incident",
    "kind",
    "told",
    "actor",
    "facts",
    "happened_at",
    "previous_hash",
)


_SEALED_SINCE_7: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "releases": ("task", "constants", "training_set", "fitted_through"),
        "packagings": ("bento_digest",),
    }
)


def _since(table: str, columns: tuple[str, ...]) -> tuple[str, Mapping[int, tuple[str, ...]]]:
    formats = {0: columns, 1: (*columns, "format")}
    if table in _SEALED_SINCE_7:
        formats[7] = (*formats[1], *_SEALED_SINCE_7[table])
    return table, MappingProxyType(formats)


HASHED_COLUMNS: Final[Mapping[str, Mapping[int, tuple[str, ...]]]] = MappingProxyType(
    dict(
        (
            _since("decisions", _DECISIONS),
            _since("releases", _RELEASES),
            _since("packagings", _PACKAGINGS),
            _since("adjustments", _ADJUSTMENTS),
            _since("activations", _ACTIVATIONS),
            _since("incident_events", _INCIDENT_EVENTS),
        )
    )
)
"""By table and by the first format with these columns. Entries are added, never changed."""


def format_of(table: str, stored: int | None) -> int:
    """Format of a row, by what its column `format` holds.

    Raises:
        FormatError: a newer version of the platform wrote it.
    """
    refuse_newer(stored or 0, f"a row of the ledger's table {table}")
    return stored or 0


def hashed_columns(table: str, stored_format: int) -> tuple[str, ...]:
    """Columns that the hash of a row covers: those of the newest listed format up to its own."""
    listed = HASHED_COLUMNS[table]
    return listed[max((number for number in listed if number <= stored_format), default=0)]


def unhashed_columns(table: str, row: Row) -> list[str]:
    """Columns with a value that the row's hash does not cover: an untouched row has none."""
    covered = {*hashed_columns(table, format_of(table, row["format"])), "hash"}
    return [name for name, value in row.items() if value is not None and name not in covered]
