"""Integers in files that are mapped into memory: counting is an addition, and a kill loses none.

An exception to "a library beats our own code": the multiprocess values of `prometheus_client` take
a tenth of a request, and more for every NULL of a row. A worker writes to files of its own and
whoever is asked adds up those of all, of dead ones too. The folder is that of the server, which
BentoML empties at every start.

    file    64-bit integers in the order of this machine: cells in use, this one included; records
    record  cells of this record; bytes of its key; the key as JSON, padded with NULs; its values

A record counts once the cells in use reach it, so that a kill leaves none that is half written.
"""

from __future__ import annotations

import errno
import json
import logging
import mmap
import os
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from typing import NamedTuple

Key = tuple[str, ...]

SUFFIX = ".counts"
SEGMENT_CELLS = 8192
"""Of one file; a worker that needs more begins another."""
_CELL = 8
_HEAD = 2

logger = logging.getLogger("mlops_platform.serving")


class Cells(NamedTuple):
    """Where the values of one record are: `integers[at]` is the first of them.

    Whoever writes holds the lock of the counts.
    """

    integers: memoryview
    at: int


class MappedCounts:
    """What one worker counts, and what all workers of its server have counted.

    Args:
        directory: shared by the workers of one server; None counts in memory.
        worker: name that no other process with the same folder has.

    Attributes:
        lock: held while values change: requests, batches and the shadow count on several threads.
    """

    def __init__(self, directory: Path | None, worker: str) -> None:
        self._directory, self._worker = directory, worker
        self.lock = Lock()
        self._segments: list[memoryview] = []
        self._unshared: list[memoryview] = []
        self._cells: dict[Key, Cells] = {}

    def cells(self, key: Key, size: int) -> Cells:
        """The integers of a key, 0 at first; always asked for with the same size."""
        with self.lock:
            known = self._cells.get(key)
            if known is None:
                known = self._cells[key] = self._added(key, size)
            return known

    def totals(self) -> Iterator[tuple[Key, list[int]]]:
        """Every record of every worker: a key comes once for each worker that has it."""
        for segment in self._unshared:
            yield from _records(segment)
        if self._directory is not None:
            for path in sorted(self._directory.glob(f"*{SUFFIX}")):
                yield from _records(memoryview(path.read_bytes()).cast("q"))

    def _added(self, key: Key, size: int) -> Cells:
        name = json.dumps(key, separators=(",", ":")).encode()
        padded = name + b"\0" * (-len(name) % _CELL)
        values_at = _HEAD + len(padded) // _CELL
        needed = values_at + size
        if not self._segments or self._segments[-1][0] + needed > SEGMENT_CELLS:
            self._segments.append(self._segment(needed))
        integers = self._segments[-1]
        start = integers[0]
        integers[start], integers[start + 1] = needed, len(name)
        for at, cell in enumerate(memoryview(padded).cast("q")):
            integers[start + _HEAD + at] = cell
        integers[0] = start + needed  # last: from here on it counts
        return Cells(integers, start + values_at)

    def _segment(self, needed: int) -> memoryview:
        empty = memoryview(bytearray(_CELL * max(SEGMENT_CELLS, 1 + needed))).cast("q")
        empty[0] = 1
        if self._directory is not None:
            path = self._directory / f"{self._worker}-{len(self._segments)}{SUFFIX}"
            try:
                return _mapped(path, empty)
            except OSError as error:
                logger.error(
                    "%s: what this worker counts is seen where it is asked itself, and lost with "
                    "it (%s); make room there and start the service again.",
                    path,
                    error,
                )
        self._unshared.append(empty)
        return empty


def _mapped(path: Path, integers: memoryview) -> memoryview:
    """A new file of these integers, mapped."""
    begun = path.with_suffix(".new")
    descriptor = os.open(begun, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        # Written, not only made as long: a full disk is an error here, and no signal later on.
        if os.write(descriptor, integers) < integers.nbytes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        mapped = mmap.mmap(descriptor, integers.nbytes)
    except OSError:
        begun.unlink()
        raise
    finally:
        os.close(descriptor)
    begun.rename(path)
    return memoryview(mapped).cast("q")


def _records(integers: memoryview) -> Iterator[tuple[Key, list[int]]]:
    used, start = integers[0], 1
    while start < used:
        cells, length = integers[start], integers[start + 1]
        values_at = start + _HEAD + -(-length // _CELL)
        name = integers[start + _HEAD : values_at].tobytes()[:length]
        yield tuple(json.loads(name)), integers[values_at : start + cells].tolist()
        start += cells
