"""The small files that tell a running service what to serve."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat
from pydantic_core import from_json

from mlops_platform.artifacts.signatures import require_signature
from mlops_platform.errors import ServingError
from mlops_platform.formats.row_hash import pointer_text
from mlops_platform.serving.following.pointed_rows import PointedRow, as_the_rows_say

Signature = tuple[int, int, int] | None
"""What shows that a file was replaced; None where there is none."""


class PointedAdjustment(BaseModel):
    """Constants that take the place of the version's own.

    Args:
        number: of the adjustment, counted by release.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    number: Annotated[int, Field(ge=1)]
    constants: dict[str, FiniteFloat]


class Pointer(BaseModel):
    """What one role is to be; fields of a newer platform are passed over.

    Args:
        adjustment: None where the version's own constants count.
        digests: SHA-256 of every file of the version, by its path.
        bento_tag: None until its Bento is built.
        bento_digest: of the whole Bento; None of one that was packed before it was kept.
        constants: the version's own; None of one that was released before the ledger kept them.
        share: of the entities that a challenger in canary answers.
        rows: of the ledger, which say all this.
        signature: of the hashes of these rows.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    model: str
    version: int
    sequence: int
    digests: dict[str, str]
    schema_hash: str
    environment_hash: str
    bento_tag: str | None
    mode: Literal["shadow", "canary"] | None = None
    share: Annotated[float, Field(ge=0, le=1)] = 0.0
    adjustment: PointedAdjustment | None = None
    bento_digest: str | None = None
    constants: dict[str, FiniteFloat] | None = None
    rows: tuple[PointedRow, ...] = ()
    signature: str | None = None

    @property
    def canary_share(self) -> float:
        """Share of the entities that it answers; 0 keeps it in the shadow."""
        return self.share if self.mode == "canary" else 0.0


def signature_of(path: Path | None) -> Signature:
    """Cheap to compare at every look: a pointer is replaced by a rename, never changed."""
    if path is None:
        return None
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


def read_pointer(path: Path | None, model: str, public_key: Path | None = None) -> Pointer | None:
    """Read the pointer of a model; None where there is none.

    Args:
        public_key: by which it must be signed; None where it need not.

    Raises:
        ServingError: the file is no pointer of this model, or a row of the ledger that it holds is
            not whole.
        ArtifactError: it is not signed, and has to be.
    """
    if path is None:
        return None
    try:
        pointer = Pointer.model_validate(as_the_rows_say(from_json(path.read_bytes())))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ServingError(
            f"{path} cannot be read as a pointer: {error}. "
            "`mlops reconcile` writes it anew from the ledger."
        ) from error
    if not pointer.rows or not all(row.is_whole() for row in pointer.rows):
        raise ServingError(
            f"{path} does not hold whole rows of the ledger: it was changed, or an older version "
            "of the platform wrote it. `mlops reconcile` writes it anew from the ledger."
        )
    if public_key is not None:
        hashes = pointer_text(row.hash for row in pointer.rows)
        require_signature(hashes, pointer.signature, public_key, str(path))
    if pointer.model != model:
        raise ServingError(
            f"{path} points to {pointer.model!r}, this service serves {model!r}. "
            "Correct MLOPS_SERVING_POINTER and MLOPS_SERVING_CHALLENGER."
        )
    return pointer
