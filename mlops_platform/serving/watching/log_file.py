"""The files that one worker appends lines to."""

from __future__ import annotations

import errno
import logging
import os
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from mlops_platform.files import hold
from mlops_platform.privacy import file_mode, folder_mode

SECONDS_OPEN = 24 * 3600
"""A file is closed this long after it was begun, so that nobody waits for a quiet worker's."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Seconds without an attempt after a failure; doubled by each further one."""

logger = logging.getLogger("mlops_platform.serving")


class LogFile:
    """Appends whole lines; a full disk costs the lines and nothing else.

    Every file belongs to one process, and one that failed is never written to again: what a failed
    write has left of a line stays the end of its file and cannot spoil another line.

    Args:
        stem: what the names of the files begin with; the moment of their beginning follows.
        most_bytes: a file that has reached this size is closed.
    """

    def __init__(self, directory: Path, stem: str, most_bytes: int) -> None:
        self._directory, self._stem, self._most_bytes = directory, stem, most_bytes
        self._lock = Lock()
        self._path, self._descriptor = directory, -1
        self._size, self._close_at, self._look_at = 0, 0.0, 0.0
        self._retry_at, self._pause = 0.0, FIRST_PAUSE

    def append(self, lines: bytes) -> bool:
        """Write lines in one call, safe from the death of this process; False where they are lost.

        They are with the operating system then, not yet on the disk: a power cut may lose them.
        """
        with self._lock:
            if self._retry_at and time.monotonic() < self._retry_at:
                return False
            try:
                self._append(lines)
            except OSError as error:
                self._give_up(error)
                return False
            self._retry_at = 0.0
            return True

    def close(self) -> None:
        """Close the current file; a later line begins another one."""
        with self._lock:
            self._close()

    def _append(self, lines: bytes) -> None:
        # By no clock that can be set: a jump would close a file too early, or never.
        now = time.monotonic()
        if self._is_over(now):
            self._close()
            self._begin(now)
        written = os.write(self._descriptor, lines)
        self._size += written
        if written < len(lines):
            raise OSError(errno.ENOSPC, f"{written} of {len(lines)} bytes were written")

    def _is_over(self, now: float) -> bool:
        """Whether the current file is full, too old, or was deleted; there may be none yet."""
        if self._descriptor < 0 or self._size >= self._most_bytes or now >= self._close_at:
            return True
        # Once a second: it costs as much as a third of the write.
        if now < self._look_at:
            return False
        self._look_at = now + 1.0
        return os.fstat(self._descriptor).st_nlink == 0

    def _begin(self, now: float) -> None:
        stamp = datetime.fromtimestamp(time.time(), UTC).strftime("%Y%m%dT%H%M%S%fZ")
        self._directory.mkdir(folder_mode(), parents=True, exist_ok=True)
        self._path = self._directory / f"{self._stem}-{stamp}.jsonl"
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL
        self._descriptor = os.open(self._path, flags, file_mode())
        hold(self._descriptor)
        self._size, self._close_at = 0, now + SECONDS_OPEN

    def _give_up(self, error: OSError) -> None:
        self._pause = min(2 * self._pause, LONGEST_PAUSE) if self._retry_at else FIRST_PAUSE
        self._retry_at = time.monotonic() + self._pause
        logger.error(
            "%s: lines are lost (%s). Answers go on; make room there. The next attempt is in %g s.",
            self._directory,
            error,
            self._pause,
        )
        self._close()

    def _close(self) -> None:
        """Close the file, if one is open, and do away with an empty one."""
        if self._descriptor < 0:
            return
        with suppress(OSError):
            os.close(self._descriptor)
            if not self._size:
                self._path.unlink(missing_ok=True)
        self._descriptor, self._close_at = -1, 0.0
