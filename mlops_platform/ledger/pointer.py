"""The release pointer: the small file from which the service learns what to serve."""

from datetime import datetime
from pathlib import Path
from typing import Self

from pydantic import Field, FiniteFloat, ValidationError

from mlops_platform.errors import LedgerError
from mlops_platform.files import write_text
from mlops_platform.formats.row_hash import pointer_text
from mlops_platform.ledger.ledger_rows import LedgerRow
from mlops_platform.ledger.records import PackedVersion, Release, WrittenAdjustment
from mlops_platform.record import Record, left_out_where_empty


class PointedAdjustment(Record):
    """Constants that take the place of the version's own.

    Args:
        number: of the adjustment, counted by release.
    """

    number: int
    constants: dict[str, FiniteFloat]


class ReleasePointer(PackedVersion):
    """A projection of the current release; never written by hand.

    Args:
        adjustment: the newest one of the release; None where the version's own constants count.
        rows: of the ledger that say all this, with their hashes.
        signature: of these hashes; None where the deployment has no key.
    """

    model: str
    sequence: int
    released_at: datetime
    adjustment: PointedAdjustment | None = Field(default=None, exclude_if=left_out_where_empty)
    rows: tuple[LedgerRow, ...] = Field(default=(), exclude_if=left_out_where_empty)
    signature: str | None = Field(default=None, exclude_if=left_out_where_empty)

    @property
    def signed_text(self) -> str:
        """What its signature signs."""
        return pointer_text(row.hash for row in self.rows)

    @classmethod
    def of(
        cls,
        release: Release,
        adjustment: WrittenAdjustment | None = None,
        rows: tuple[LedgerRow, ...] = (),
    ) -> Self:
        """Pointer to a release, with what it was adjusted to."""
        fields = release.model_dump(include=set(cls.model_fields)) | {"rows": rows}
        if adjustment is not None:
            constants = adjustment.constants
            fields["adjustment"] = {"number": adjustment.number, "constants": constants}
        return cls(**fields)


def read_pointer(path: Path) -> ReleasePointer | None:
    """Pointer at `path`, or None where nothing was released yet.

    Raises:
        LedgerError: the file is no release pointer.
    """
    try:
        return ReleasePointer.from_stored(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise LedgerError(
            f"{path} is no release pointer: {error.errors(include_url=False)}. "
            "Reconcile the projections to write it anew from the ledger."
        ) from error


def write_pointer(path: Path, pointer: ReleasePointer) -> None:
    """Replace the pointer at `path` in one rename."""
    write_text(path, pointer.to_stored())
