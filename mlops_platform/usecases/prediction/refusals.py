"""Values that no version may score: named by column, row and fix, before anything is written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mlops_platform.errors import DataError
from mlops_platform.usecases.prediction.feature_file import NEEDED, feature, misfit

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from mlops_platform.serving.schema import FeatureColumn, FeatureSchema
    from mlops_platform.tasks import Task

MOST_TOLD: Final = 5
OF_LANDED_TYPE: Final = "of the type that lands"


def refuse_unscorable(path: Path, schema: FeatureSchema, batch: pa.RecordBatch, first: int) -> None:
    """Refuse rows that the service would refuse.

    Args:
        first: number of the first row of the batch; the first row of the file is 1.

    Raises:
        DataError: the first such row of each column.
    """
    faults = [fault for column in schema.columns for fault in _faults(column, batch, first)]
    if faults:
        more = len(faults) - MOST_TOLD
        shown = [*faults[:MOST_TOLD], *([f"and {more} more columns"] if more > 0 else [])]
        raise DataError("\n".join(f"{path}, {fault}" for fault in shown))


def refuse_unusable(
    path: Path, model: str, task: Task, numbers: NDArray[np.float64], first: int
) -> None:
    """Refuse rows of which a model says nothing that can be used, as the service does.

    Raises:
        DataError: names the first one.
    """
    row = task.first_unusable(numbers)
    if row is not None:
        raise DataError(
            f"{path}, row {first + row}: {model} cannot score it: "
            f"{task.unusable_text(numbers[row].tolist())}. Correct its values, or leave the row "
            "out."
        )


def _faults(column: FeatureColumn, batch: pa.RecordBatch, first: int) -> Iterator[str]:
    from mlops_platform.column_kind import LARGEST_NUMBER

    name, kind = column.name, column.column_kind
    values = batch[feature(name)]
    if misfit(name) in batch.schema.names:
        texts = batch[misfit(name)]
        if texts.null_count < len(texts):
            row = _first(texts.is_valid())
            yield (
                f"row {first + row}, column '{name}': {texts[row].as_py()!r} is not "
                f"{NEEDED.get(kind.name, OF_LANDED_TYPE)}. Correct it, or say with --null what "
                "means missing."
            )
            return
    if kind.name == "numeric":
        import numpy as np

        numbers = values.to_numpy(zero_copy_only=False)
        too_large = np.abs(numbers) > LARGEST_NUMBER
        if too_large.any():
            row = int(np.flatnonzero(too_large)[0])
            yield (
                f"row {first + row}, column '{name}': {numbers[row]:g} is not within "
                f"{-LARGEST_NUMBER:g} and {LARGEST_NUMBER:g}. Leave empty what is not known."
            )
    if not column.missing_allowed:
        missing = values.is_null(nan_is_null=kind.is_number)
        if missing.true_count:
            yield (
                f"row {first + _first(missing)}, column '{name}': no value, and no row is scored "
                "without one. Fill it in, or leave the row out."
            )


def _first(flags: Any) -> int:
    return int(flags.index(True).as_py())
