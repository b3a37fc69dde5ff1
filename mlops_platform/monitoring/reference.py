"""Reference: what a version's windows are compared with, stored beside its model."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field, ValidationError

from mlops_platform.errors import DataError
from mlops_platform.files import replacing_file, write_text
from mlops_platform.record import Record, left_out_where_empty

if TYPE_CHECKING:
    import pyarrow as pa

REFERENCE_FILE, HELD_OUT_FILE = "reference.json", "held_out.parquet"
_FIX = "Fetch the version from the registry again, or register the model anew."


class Reference(Record):
    """A version's own figures.

    Args:
        rows: rows it was fitted on; the profile beside this is of all rows of their days.
        metrics: figures on its test rows.
        baseline: constants of the naive prediction, of the rows it was fitted on.
        loss: name of the loss, by which its windows are measured as long as it serves.
        test_loss, test_baseline_loss: of the version and of the baseline, on its test rows.
        held_out_rows: rows of the file beside this one, each with its prediction.
        importances: of the features, permuted on its test rows.
        seen_until: moment as of which its labels were read, where rows have no event time: what
            was known then is no outcome of a window.
    """

    model: str
    rows: int
    metrics: dict[str, float]
    baseline: dict[str, float]
    loss: str
    test_loss: float
    test_baseline_loss: float
    held_out_rows: int
    importances: dict[str, float]
    seen_until: datetime | None = Field(default=None, exclude_if=left_out_where_empty)


@dataclass(frozen=True, eq=False)
class VersionReference:
    """What the windows of a version are compared with.

    Args:
        held_out: rows that its tested candidate had not seen, each with its prediction.
    """

    figures: Reference
    held_out: pa.Table


def sample(rows: pa.Table, entity: str, size: int) -> pa.Table:
    """At most `size` rows, in their order: those whose entity has the smallest BLAKE2 hash.

    The same entities are drawn on every machine and from whatever order of the rows.
    """
    import numpy as np

    if rows.num_rows <= size:
        return rows
    hashes = np.fromiter(map(_hash, rows.column(entity).to_pylist()), np.uint64, rows.num_rows)
    return rows.take(np.sort(np.argsort(hashes, kind="stable")[:size]))


def write_reference(directory: Path, reference: Reference, held_out: pa.Table) -> None:
    """Write both files; the reference comes last, so that it never lacks its rows."""
    import pyarrow.parquet as pq

    with replacing_file(directory / HELD_OUT_FILE) as temporary:
        pq.write_table(held_out, temporary)
    write_text(directory / REFERENCE_FILE, reference.to_stored())


def read_reference(directory: Path) -> VersionReference:
    """What `write_reference` wrote.

    Raises:
        DataError: a file is missing or damaged, or the two do not belong together.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        reference = Reference.from_stored((directory / REFERENCE_FILE).read_bytes())
        held_out = pq.read_table(directory / HELD_OUT_FILE)
    except (OSError, ValidationError, pa.ArrowException) as error:
        raise DataError(f"{directory} holds no readable reference: {error}. {_FIX}") from error
    if held_out.num_rows != reference.held_out_rows:
        raise DataError(
            f"{directory / HELD_OUT_FILE} has {held_out.num_rows} rows, its reference counts "
            f"{reference.held_out_rows}. {_FIX}"
        )
    return VersionReference(reference, held_out)


def _hash(entity: object) -> int:
    from hashlib import blake2b

    return int.from_bytes(blake2b(str(entity).encode(), digest_size=8).digest(), "big")
