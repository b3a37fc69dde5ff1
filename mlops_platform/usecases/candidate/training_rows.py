"""The rows of a training set, read, verified and split once for all steps of a process."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mlops_platform.data.parquet import read_parquet
from mlops_platform.data.training_set import (
    TrainingSet,
    read_columns,
    read_rows,
    read_some_rows,
    sample_of_rows,
)
from mlops_platform.spec import ModelSpec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mlops_platform.training.split import Split


class _Source(NamedTuple):
    """What a split was made from: rows are named by their hash, and files by what a write changes.

    Args:
        file: device, inode, size, and moments of the last change of content and of inode, in ns.
    """

    spec: ModelSpec
    path: Path
    hash: str
    file: tuple[int, ...]


class _LatestSplit:
    """Holds one split at most: a training set may take much of the memory."""

    def __init__(self) -> None:
        self._latest: tuple[_Source, Split] | None = None

    def split(self, spec: ModelSpec, training_set: TrainingSet) -> Split:
        source = _Source(spec, training_set.path, training_set.hash, _identity(training_set))
        latest = self._latest
        if latest is None or latest[0] != source:
            self._latest = latest = None
            self._latest = latest = source, _split(spec, training_set)
        return latest[1]


_LATEST = _LatestSplit()


def split_rows(spec: ModelSpec, training_set: TrainingSet) -> Split:
    """The split of a training set.

    Every step of a run gets the same frames: they are not to be written into.

    Raises:
        DataError: the file is missing or damaged, or was changed: before, or since the last step.
        TrainingError: the rows cannot be split.
    """
    return _LATEST.split(spec, training_set)


def keys_of_parts(spec: ModelSpec, training_set: TrainingSet) -> Split:
    """The split of another training set, of which only the columns are read that cut it.

    Raises:
        DataError: the file is missing or damaged, or was changed.
    """
    import numpy as np

    from mlops_platform.training.split import split_by_spec

    features, label = spec.features, spec.label
    cutting = (
        features.entity,
        features.moment_column,
        features.partition,
        label.column,
        label.known_at_column,
        spec.task.group_column,
    )
    columns = [*dict.fromkeys(column for column in cutting if column is not None)]
    rows = read_columns(training_set, columns).to_pandas()
    most = spec.training.max_rows
    if most is None or training_set.rows <= most:
        return split_by_spec(rows, spec)
    drawn_by = spec.task.group_column or features.entity
    sampled = sample_of_rows(training_set, drawn_by, most, seed=spec.training.tuning.seed)
    wanted = np.flatnonzero(sampled | _held_out(spec, training_set))
    return split_by_spec(rows.iloc[wanted].reset_index(drop=True), spec, sampled[wanted])


def _split(spec: ModelSpec, training_set: TrainingSet) -> Split:
    from mlops_platform.training.split import split_by_spec

    most = spec.training.max_rows
    if most is None or training_set.rows <= most:
        return split_by_spec(read_rows(training_set).to_pandas(), spec)
    drawn_by = spec.task.group_column or spec.features.entity
    sampled = sample_of_rows(training_set, drawn_by, most, seed=spec.training.tuning.seed)
    wanted = sampled | _held_out(spec, training_set)
    return split_by_spec(read_some_rows(training_set, wanted).to_pandas(), spec, sampled[wanted])


def _held_out(spec: ModelSpec, training_set: TrainingSet) -> NDArray[np.bool_]:
    """Which rows must be read because they may validate or test, shape (rows,)."""
    import numpy as np

    from mlops_platform.training.split import first_held_out_day

    if not spec.features.has_event_time:
        # Which they are follows from all of them.
        return np.ones(training_set.rows, dtype=bool)

    partition, label = spec.features.partition, spec.label.column
    rows = read_parquet(training_set.rows_file, [partition, label])
    # By pandas they would be objects of Python.
    days = rows[partition].to_numpy()
    judged = days if spec.task.judges_unlabelled else days[rows[label].is_valid().to_numpy()]
    held_out: NDArray[np.bool_] = days >= first_held_out_day(judged, spec)
    return held_out


def _identity(training_set: TrainingSet) -> tuple[int, ...]:
    try:
        file = training_set.rows_file.stat()
    except FileNotFoundError:
        return ()  # Reading says what to do about it.
    return file.st_dev, file.st_ino, file.st_size, file.st_mtime_ns, file.st_ctime_ns
