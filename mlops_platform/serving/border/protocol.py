"""The HTTP protocol of a worker: uvicorn's own, with limits before a request is complete.

The application is called when the headers of a request have ended, and BentoML passes uvicorn no
protocol and no limits. So this file, and no other, takes up uvicorn's `HttpToolsProtocol`, which
is undocumented, and puts a subclass of it where uvicorn looks its protocols up. Decision 65 has the
reasons; `tests/serving/border` fails where uvicorn or BentoML stop using it.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from uvicorn.config import HTTP_PROTOCOLS
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from mlops_platform.serving.border.connections import Connections
from mlops_platform.serving.border.hosts import is_loopback
from mlops_platform.serving.border.limits import PREFIX
from mlops_platform.serving.border.refusals import (
    FULL,
    LARGE_HEAD,
    MISDIRECTED,
    SLOW_HEAD,
    response_of,
    wire_of,
)
from mlops_platform.serving.http.problems import Problem


def guard_connections(connections: Connections) -> None:
    """Let every server that uvicorn configures in this process from now on keep the limits."""
    guarded: Any = partial(GuardedProtocol, connections)
    HTTP_PROTOCOLS["auto"] = guarded


class GuardedProtocol(HttpToolsProtocol):
    """One connection, which ends where a request does not come as it must.

    Attributes:
        waiting_since: when the last request was answered or the next one began, on the loop's
            clock; of no meaning while one is being answered.
    """

    def __init__(self, connections: Connections, **given: Any) -> None:
        super().__init__(**given)
        self._border = connections
        self._most_bytes = connections.limits.head_bytes
        self._patience = connections.limits.head_seconds
        self._unparsed = 0
        """Bytes since the parser made a head, or a part of a body, out of them."""
        self._refused = False
        self._on_loopback = False
        self.waiting_since = self.loop.time()

    @property
    def waits(self) -> bool:
        """Whether no request on it is being answered."""
        return self.cycle is None or self.cycle.response_complete

    def connection_made(self, transport: Any) -> None:
        """Begin, unless there are too many."""
        super().connection_made(transport)
        self._on_loopback = is_loopback(self.server[0] if self.server else None)
        self._border.admit(self, self.loop)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._border.forget(self)
        super().connection_lost(exc)

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection to another protocol; the application refuses it at once."""
        self._border.forget(self)
        super().handle_websocket_upgrade()

    def data_received(self, data: bytes) -> None:
        """Parse what came, unless too much came before of which nothing could be made."""
        if self._refused:
            return  # read and dropped: a closed socket would make the client lose the answer
        if self._unparsed > self._most_bytes:
            self._refuse(self._large_head())
            return
        self._unparsed += len(data)
        super().data_received(data)

    def on_message_begin(self) -> None:
        """Begin to wait for the headers of a request."""
        if self.waits:
            self.waiting_since = self.loop.time()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Answer a request, by the application or by a refusal."""
        problem = self._problem()
        self._unparsed = 0
        if problem is not None:
            self._border.ended(problem.kind.name, self)
            self.app = response_of(problem)
        super().on_headers_complete()
        if self._border.draining and self.cycle is not None:
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        """Take a part of a body."""
        self._unparsed = 0
        super().on_body(body)

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        self.waiting_since = self.loop.time()
        super().on_response_complete()

    def look(self, now: float) -> None:
        """End what takes too long; a connection between two requests is timed by uvicorn."""
        is_resting = self.timeout_keep_alive_task is not None
        if not self.waits or is_resting or now - self.waiting_since < self._patience:
            return
        if self._refused:
            self.cut()
        elif self._unparsed:
            seconds = self._border.limits.head_seconds
            self._refuse(
                Problem(SLOW_HEAD, f"{seconds:g} seconds were over (`{PREFIX}HEAD_SECONDS`).")
            )
        else:
            self._border.ended("idle", self)
            self.cut()

    def give_way(self) -> None:
        """Close it for another one."""
        self.transport.close()

    def turn_away(self) -> None:
        """Answer its request that there are too many, or close it soon."""
        detail = f"{self._border.most} are open already (`{PREFIX}MAX_CONNECTIONS`); try again."
        self.app = response_of(Problem(FULL, detail, headers={"Retry-After": "1"}))
        self._patience = self._border.patience

    def cut(self) -> None:
        """Close it without a word."""
        self.transport.abort()

    def _refuse(self, problem: Problem) -> None:
        """Answer what is no whole request yet, and close soon."""
        self._border.ended(problem.kind.name, self)
        if not self.waits:
            self.cut()  # another answer is on its way
            return
        self.transport.write(wire_of(problem))
        self._refused, self.waiting_since = True, self.loop.time()
        self._patience = self._border.patience

    def _problem(self) -> Problem | None:
        """Why the head of a request that has just ended is refused."""
        # More than that may have come with it; counted only where it matters.
        if self._unparsed > self._most_bytes and self._head_bytes() > self._most_bytes:
            return self._large_head()
        for name, value in self.headers:
            if name == b"host" and not self._border.hosts.allow(value, self._on_loopback):
                return Problem(MISDIRECTED, _misdirected(value))
        return None

    def _head_bytes(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _large_head(self) -> Problem:
        limit = f"More than {self._most_bytes} bytes (`{PREFIX}HEAD_KILOBYTES`)."
        return Problem(LARGE_HEAD, limit)


def _misdirected(host: bytes) -> str:
    return (
        f"Nobody said that '{host[:100].decode('latin-1')}' is this service: ask it by its "
        f"address or as localhost, or whoever runs it adds the name to `{PREFIX}HOSTS`."
    )
