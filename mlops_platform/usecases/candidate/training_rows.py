"""The rows of a training set, read, verified and split once for all steps of a process."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mlops_platform.data.training_set import TrainingSet, read_rows
from mlops_platform.spec import ModelSpec

if TYPE_CHECKING:
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
        from mlops_platform.training.split import split_by_spec

        source = _Source(spec, training_set.path, training_set.hash, _identity(training_set))
        latest = self._latest
        if latest is None or latest[0] != source:
            self._latest = latest = None
            self._latest = latest = source, split_by_spec(read_rows(training_set).to_pandas(), spec)
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


def _identity(training_set: TrainingSet) -> tuple[int, ...]:
    try:
        file = training_set.rows_file.stat()
    except FileNotFoundError:
        return ()  # Reading says what to do about it.
    return file.st_dev, file.st_ino, file.st_size, file.st_mtime_ns, file.st_ctime_ns
