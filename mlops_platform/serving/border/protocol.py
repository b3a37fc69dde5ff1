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
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

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
from mlops_platform.serving.border.shortcut import Shortcut
from mlops_platform.serving.http.problems import Problem


def guard_connections(connections: Connections) -> None:
    """Let every server that uvicorn configures in this process from now on keep the limits."""
    guarded: Any = partial(GuardedProtocol, connections)
    HTTP_PROTOCOLS["auto"] = guarded


class GuardedProtocol(HttpToolsProtocol):
    """One connection, which ends where a request does not come as it must.

    Attributes:
        waiting_since: when it was opened, or the first byte of the newest request came, on the
            loop's clock; looked at where no request is being answered.
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
        self._known_host: tuple[bytes, bytes] | None = None
        """The header of an earlier request whose name was allowed."""
        self._answered_early: RequestResponseCycle | None = None
        self.waiting_since = self.loop.time()

    @property
    def waits(self) -> bool:
        """Whether no request on it is being answered."""
        return self.cycle is None or self.cycle.response_complete

    @property
    def _is_amid_body(self) -> bool:
        return self.cycle is not None and self.cycle.more_body

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
        """Parse what came, until too much has come of which nothing could be made."""
        if self._refused:
            return  # read and dropped: a closed socket would make the client lose the answer
        if not (self._unparsed or self._is_amid_body):
            self.waiting_since = self.loop.time()
            shortcut = self._border.shortcut
            if shortcut is not None and data.startswith(shortcut.begins) and self.waits:
                if not self._answer_known(data, shortcut):
                    self._parse(data)
                    self._remember(data, shortcut)
                return
        self._parse(data)

    def timeout_keep_alive_handler(self) -> None:
        """Close the connection, unless a request was answered since without setting the timer."""
        rest = self.waiting_since + self.timeout_keep_alive - self.loop.time()
        if rest <= 0:
            super().timeout_keep_alive_handler()
        else:
            self._close_in(rest)

    def on_body(self, body: bytes) -> None:
        """Take a part; trailers after the last one, which the parser keeps like headers, are none.

        What is sent after an answer is dropped by the parser, and is a body all the same.
        """
        self._unparsed = 0
        super().on_body(body)

    def on_headers_complete(self) -> None:
        """Answer a request, by the application or by a refusal."""
        if self._known_host not in self.headers or self._unparsed > self._most_bytes:
            problem = self._problem()
            if problem is not None:
                self._border.ended(problem.kind.name, self)
                self.app = response_of(problem)
        self._unparsed = 0
        super().on_headers_complete()
        if self._border.draining and self.cycle is not None:
            self.cycle.keep_alive = False

    def look(self, now: float) -> None:
        """End what takes too long; a connection between two requests is timed by uvicorn."""
        if not self.waits or self.timeout_keep_alive_task is not None:
            return
        if self._is_amid_body and self._answered_early is not self.cycle:
            # The rest of a body that nobody waited for has its time as well, from now on.
            self._answered_early, self.waiting_since = self.cycle, now
        if now - self.waiting_since < self._patience:
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

    def _parse(self, data: bytes) -> None:
        self._unparsed += len(data)
        super().data_received(data)
        if self._unparsed > self._most_bytes and not self.transport.is_closing():
            self._refuse(self._large_head())

    def _answer_known(self, request: bytes, shortcut: Shortcut) -> bool:
        """Answer a request without the parser; False where nothing was done."""
        if (
            self.app is not self.config.loaded_app
            or self.access_log
            or self._border.draining
            or self.flow.write_paused
            or self.transport.is_closing()
        ):
            return False
        answer = shortcut.answer(request, self.server, self.server_state.default_headers)
        if answer is None:
            return False
        self.transport.write(answer)
        self.server_state.total_requests += 1
        if self.timeout_keep_alive_task is None:
            self._close_in(self.timeout_keep_alive)
        return True

    def _remember(self, request: bytes, shortcut: Shortcut) -> None:
        """Let the next request with this head be answered without the parser."""
        cycle = self.cycle
        is_whole = cycle is not None and not (cycle.more_body or self._unparsed)
        if is_whole and cycle.keep_alive and self.app is self.config.loaded_app:
            shortcut.remember(request, cycle.scope)

    def _close_in(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(
            seconds, self.timeout_keep_alive_handler
        )

    def _refuse(self, problem: Problem) -> None:
        """Answer what is no whole request yet, and close soon."""
        self._border.ended(problem.kind.name, self)
        if not self.waits or self._is_amid_body:
            self.cut()  # the request has its answer, or will have it
            return
        self.transport.write(wire_of(problem))
        self._refused, self.waiting_since = True, self.loop.time()
        self._patience = self._border.patience

    def _problem(self) -> Problem | None:
        """Why the head of a request that has just ended is refused."""
        # More than that may have come with it; counted only where it matters.
        if self._unparsed > self._most_bytes and self._head_bytes() > self._most_bytes:
            return self._large_head()
        for header in self.headers:
            name, value = header
            if name != b"host":
                continue
            if not self._border.hosts.allow(value, self._on_loopback):
                return Problem(MISDIRECTED, _misdirected(value))
            self._known_host = header
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
