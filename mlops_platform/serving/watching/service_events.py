"""Service events: what each worker did with the versions that it was told to serve."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from mlops_platform.errors import FormatError
from mlops_platform.privacy import file_mode, folder_mode
from mlops_platform.record import Record

ALIVE_SECONDS = 15.0
"""A worker whose file was not touched for longer is taken for dead."""
_PREFIX, _SUFFIX = "events-", ".jsonl"

EventName = Literal["started", "swapped", "refused", "stopped"]
FollowedRole = Literal["champion", "challenger"]

logger = logging.getLogger("mlops_platform.serving")


class ServiceEvent(Record):
    """One line of a worker's file.

    Args:
        event: `started` and `swapped` name the version that answers from now on, `refused` one
            that does not, `stopped` one that no longer does.
        detail: why, for people.
    """

    time: datetime
    event: EventName
    worker: str
    model: str
    version: str
    sequence: int
    role: FollowedRole
    detail: str


class EventFile:
    """One worker's file; that it cannot be written is logged and changes no answer.

    Args:
        directory: folder of the prediction log; None writes nothing.
        worker: name that no other process with the same folder has.
    """

    def __init__(self, directory: Path | None, worker: str) -> None:
        self._path = None if directory is None else directory / f"{_PREFIX}{worker}{_SUFFIX}"

    def append(self, event: ServiceEvent) -> None:
        """Write one event, in one call."""
        if self._path is None:
            return
        try:
            self._path.parent.mkdir(folder_mode(), parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
            descriptor = os.open(self._path, flags, file_mode())
            try:
                # Begins with a line feed: what a full disk left of a line before stays alone.
                os.write(descriptor, b"\n" + event.to_stored(indent=None).encode())
            finally:
                os.close(descriptor)
        except OSError as error:
            logger.error("%s: an event of the service is lost (%s).", self._path, error)

    def touch(self) -> None:
        """Show that the worker lives."""
        if self._path is not None:
            try:
                os.utime(self._path)
            except OSError as error:
                logger.debug("%s: %s", self._path, error)


class EventReader:
    """Reads what all workers wrote to a folder, each event once."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._read: dict[Path, int] = {}

    def new_events(self) -> list[ServiceEvent]:
        """Events since the last call, oldest first; what is no event of a version is passed over.

        Raises:
            OSError: a file cannot be read.
        """
        paths = sorted(self._directory.glob(f"{_PREFIX}*{_SUFFIX}"))
        events = [event for path in paths for event in self._rest_of(path)]
        return sorted(events, key=lambda event: event.time)

    def _rest_of(self, path: Path) -> Iterator[ServiceEvent]:
        with path.open("rb") as file:
            file.seek(self._read.get(path, 0))
            lines = file.read()
        whole = lines[: lines.rfind(b"\n") + 1]
        self._read[path] = self._read.get(path, 0) + len(whole)
        for line in whole.splitlines():
            try:
                yield ServiceEvent.from_stored(line)
            except (ValidationError, FormatError):
                continue


def live_workers(directory: Path) -> set[str]:
    """Names of the workers that showed within `ALIVE_SECONDS` that they live."""
    oldest = time.time() - ALIVE_SECONDS
    return {
        path.name.removeprefix(_PREFIX).removesuffix(_SUFFIX)
        for path in directory.glob(f"{_PREFIX}*{_SUFFIX}")
        if path.stat().st_mtime >= oldest
    }


def utc_now() -> datetime:
    """Read the clock of this machine: a service runs in the present, whatever is replayed."""
    return datetime.now(UTC)
