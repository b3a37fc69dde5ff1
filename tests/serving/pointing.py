"""Pointers as the platform writes them: with the rows of the ledger that say what they say."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlops_platform.files import write_json
from mlops_platform.formats.number import FORMAT
from mlops_platform.formats.row_formats import hashed_columns
from mlops_platform.formats.row_hash import row_hash


def sealed(table: str, columns: Mapping[str, Any]) -> dict[str, Any]:
    """A row of today's format; columns that do not matter here are NULL."""
    row = dict.fromkeys(hashed_columns(table, FORMAT)) | {**columns, "format": FORMAT}
    return {"table": table, "columns": {**row, "hash": row_hash(table, row)}}


def write_pointer(path: Path, pointer: Mapping[str, Any], constants: Any = None) -> None:
    """Write a pointer to a release, or to a challenger where it has a mode.

    Args:
        constants: of the version; None of one that was released before the ledger kept them.
    """
    write_json(path, {**pointer, "rows": _rows(pointer, constants)})


def _rows(pointer: Mapping[str, Any], constants: Any) -> list[dict[str, Any]]:
    packed = {name: pointer.get(name) for name in ("bento_tag", "bento_digest")}
    identity = {name: pointer[name] for name in ("version", "schema_hash", "environment_hash")}
    if "mode" in pointer:
        fitted = constants and {"constants": constants, "training_set": "5e7"}
        evidence = {
            "challenger": {**identity, "digests": pointer["digests"], "fitted": fitted},
            "champion_sequence": pointer["sequence"] - 1,
            "mode": pointer["mode"],
            "share": pointer.get("share", 0.0),
        }
        told = [("challenge", evidence), ("package", packed)]
        return [
            sealed(
                "decisions",
                {"model": pointer["model"], "kind": kind, "evidence": json.dumps(evidence)},
            )
            for kind, evidence in told
        ]
    release = {
        **identity,
        "model": pointer["model"],
        "sequence": pointer["sequence"],
        "digests": json.dumps(pointer["digests"]),
        "constants": constants and json.dumps(constants),
        "training_set": "5e7",
    }
    rows = [sealed("releases", release)]
    if pointer["bento_tag"] is not None:
        rows.append(sealed("packagings", packed))
    if "adjustment" in pointer:
        adjustment = pointer["adjustment"]
        known = adjustment if isinstance(adjustment, dict) else {"constants": adjustment}
        number, changed = known.get("number"), json.dumps(known["constants"])
        rows.append(sealed("adjustments", {"number": number, "constants": changed}))
    return rows
