"""The open connections of one worker: how many, for how long, and what became of the others."""

from __future__ import annotations

import asyncio
import logging
import resource
from collections import Counter
from functools import cached_property
from typing import Protocol

from mlops_platform.serving.border.hosts import AllowedHosts
from mlops_platform.serving.border.limits import PREFIX, BorderLimits
from mlops_platform.serving.border.shortcut import Shortcut
from mlops_platform.serving.worker import Worker

LOOKS = 10
"""Times per `head_seconds` that the worker looks for connections that are overdue."""
PATIENCE_SECONDS = 1.0
"""At most: what a connection has to send a request before it must give way, or to take an answer
that refuses it."""
TURNED_AWAY = 64
"""At least so many connections too many are told so."""
RESERVED_FILES = 128
"""Of a process's open files: what models, logs, stores and libraries need beside connections."""
FEWEST = 8

logger = logging.getLogger("mlops_platform.serving")


class Connection(Protocol):
    """What the worker must know of a connection."""

    waiting_since: float
    client: tuple[str, int] | None

    @property
    def waits(self) -> bool:
        """Whether no request on it is being answered."""

    def look(self, now: float) -> None:
        """End what takes too long."""

    def give_way(self) -> None:
        """Close it for another one."""

    def turn_away(self) -> None:
        """Answer its request that there are too many, or close it soon."""

    def cut(self) -> None:
        """Close it without a word."""


class Connections:
    """Bounds the connections of a worker, and counts and tells what it ends.

    One timer looks after all of them, as long as there are any. Where the worker is full, the one
    that has waited longest without a request gives way, so that nobody holds the service up by
    keeping silent; only where none waits, the new one is refused.

    Attributes:
        shortcut: answers requests without the parser; None where every request is parsed.
    """

    def __init__(self, limits: BorderLimits, worker: Worker) -> None:
        self.limits, self._worker = limits, worker
        self.hosts = AllowedHosts(limits.hosts)
        self.patience = min(PATIENCE_SECONDS, limits.head_seconds / LOOKS)
        self.draining = False
        self.shortcut: Shortcut | None = None
        self._open: set[Connection] = set()
        self._untold: Counter[str] = Counter()
        self._latest: tuple[str, int] | None = None
        self._looking, self._silent_until = False, 0.0

    @cached_property
    def most(self) -> int:
        """Connections at once: as configured, or as many as the process may open files."""
        affordable = max(FEWEST, self._files - RESERVED_FILES - TURNED_AWAY)
        if affordable >= self.limits.connections:
            return self.limits.connections
        logger.warning(
            "%sMAX_CONNECTIONS: at most %d of %d, because the process may open %d files; raise "
            "`ulimit -n`",
            *(PREFIX, affordable, self.limits.connections, self._files),
        )
        return affordable

    @cached_property
    def _told(self) -> int:
        """Connections too many at once that are told so; more are cut."""
        return max(TURNED_AWAY, min(self.most, self._files - RESERVED_FILES - self.most))

    @cached_property
    def _files(self) -> int:
        return may_open(2 * max(self.limits.connections, TURNED_AWAY) + RESERVED_FILES)

    def admit(self, connection: Connection, loop: asyncio.AbstractEventLoop) -> None:
        """Take a new connection in, in place of another one, or refuse it."""
        if len(self._open) >= self.most and not self._make_room(loop.time()):
            if len(self._open) >= self.most + self._told:
                self.ended("cut-off", connection)
                connection.cut()
                return
            self.ended("too-many-connections", connection)
            connection.turn_away()
        self._open.add(connection)
        if not self._looking:
            self._look(loop)

    def forget(self, connection: Connection) -> None:
        """Count a connection no longer that has ended."""
        self._open.discard(connection)

    def ended(self, reason: str, connection: Connection) -> None:
        """Count a connection that ends by the border's doing, for the log and the metrics."""
        self._worker.metrics.connection_ended(reason)
        self._untold[reason] += 1
        self._latest = connection.client

    def _make_room(self, now: float) -> bool:
        waiting = (connection for connection in self._open if connection.waits)
        idlest = min(waiting, key=lambda connection: connection.waiting_since, default=None)
        if idlest is None or now - idlest.waiting_since < self.patience:
            return False
        self.ended("made-room", idlest)
        self.forget(idlest)
        idlest.give_way()
        return True

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._looking = bool(self._open or self._untold)
        if not self._looking:
            return
        # First: whatever one connection does, the others are looked at again.
        loop.call_later(self.patience, self._look, loop)
        now = loop.time()
        self.draining = self._worker.is_draining
        for connection in tuple(self._open):
            connection.look(now)
        if self._untold and now >= self._silent_until:
            self._tell()
            self._silent_until = now + self.limits.head_seconds

    def _tell(self) -> None:
        """Write one line on all that ended since the last one: floods must not fill the log."""
        reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(self._untold.items()))
        host = self._latest[0] if self._latest else "a Unix socket"
        logger.warning(
            "ended connections: %s; %d are open, the latest was from %s",
            *(reasons, len(self._open), host),
        )
        self._untold.clear()


def may_open(wanted: int) -> int:
    """Files that this process may open: so many, if the limit can be raised to that."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    if soft == unlimited or soft >= wanted:
        return wanted
    raised = wanted if hard == unlimited else min(wanted, hard)
    if raised > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
    return raised
