"""The rows of the ledger that a pointer holds, and what they say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from mlops_platform.formats.row_hash import columns_hash

_IDENTITY: Final = ("version", "schema_hash", "environment_hash")


class PointedRow(BaseModel):
    """A row of the ledger: the columns that its hash covers, moments as text, and the hash.

    So that a service can verify rows of a newer format than it knows.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    table: str
    columns: dict[str, Any]

    @property
    def hash(self) -> str:
        """What the row itself says that its hash is."""
        return str(self.columns.get("hash"))

    def is_whole(self) -> bool:
        """Whether that is its hash."""
        return columns_hash(self.table, self.columns) == self.hash


def as_the_rows_say(content: Any) -> Any:
    """A pointer's content, in which what its rows say takes the place of what stands beside them.

    Services of before read no rows.
    """
    rows = content.get("rows") if isinstance(content, dict) else None
    if not isinstance(rows, list):
        return content
    said: dict[str, Any] = dict.fromkeys(("adjustment", "constants", "bento_tag", "bento_digest"))
    for row in rows:
        try:
            if (says := _SAID.get(row["table"])) is not None:
                said |= says(row["columns"])
        except (KeyError, TypeError) as error:
            raise ValueError(f"a row lacks {error}") from error
    return {**content, **said}


def _release(columns: Mapping[str, Any]) -> dict[str, Any]:
    said = {name: columns[name] for name in (*_IDENTITY, "model", "sequence")}
    said["digests"] = json.loads(columns["digests"])
    if columns.get("constants") is not None:
        said["constants"] = json.loads(columns["constants"])
    return said


def _packaging(columns: Mapping[str, Any]) -> dict[str, Any]:
    return {"bento_tag": columns["bento_tag"], "bento_digest": columns.get("bento_digest")}


def _adjustment(columns: Mapping[str, Any]) -> dict[str, Any]:
    constants = json.loads(columns["constants"])
    return {"adjustment": {"number": columns["number"], "constants": constants}}


def _decision(columns: Mapping[str, Any]) -> dict[str, Any]:
    evidence = json.loads(columns["evidence"])
    if columns["kind"] == "package":
        return _packaging(evidence)
    challenger = evidence["challenger"]
    said = {name: challenger[name] for name in (*_IDENTITY, "digests")}
    return said | {
        "model": columns["model"],
        "sequence": (evidence["champion_sequence"] or 0) + 1,
        "constants": (challenger.get("fitted") or {}).get("constants"),
        "mode": evidence["mode"],
        "share": evidence["share"],
    }


_SAID: Final = {
    "releases": _release,
    "packagings": _packaging,
    "adjustments": _adjustment,
    "decisions": _decision,
}
