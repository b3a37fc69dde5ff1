"""The small files that tell a running service what to serve."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from mlops_platform.errors import ServingError

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
        share: of the entities that a challenger in canary answers.
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


def read_pointer(path: Path | None, model: str) -> Pointer | None:
    """Read the pointer of a model; None where there is none.

    Raises:
        ServingError: the file is no pointer of this model.
    """
    if path is None:
        return None
    try:
        pointer = Pointer.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise ServingError(
            f"{path} cannot be read as a pointer: {error}. "
            "`mlops reconcile` writes it anew from the ledger."
        ) from error
    if pointer.model != model:
        raise ServingError(
            f"{path} points to {pointer.model!r}, this service serves {model!r}. "
            "Correct MLOPS_SERVING_POINTER and MLOPS_SERVING_CHALLENGER."
        )
    return pointer
