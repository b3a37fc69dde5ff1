"""A front in this process behind the border, on a real socket."""

import json
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from typing import Any

import pytest
import uvicorn
from starlette.types import Scope
from uvicorn.config import HTTP_PROTOCOLS

from mlops_platform.serving.border.connections import Connections
from mlops_platform.serving.border.limits import BorderLimits
from mlops_platform.serving.border.protocol import guard_connections
from mlops_platform.serving.border.shortcut import Shortcut
from mlops_platform.serving.http.routes import PREDICT
from mlops_platform.serving.runtime import RuntimeSettings
from tests.serving.conftest import MakeService, Service


@dataclass(frozen=True)
class Client:
    """One connection to a server, for bytes as they are."""

    socket: socket.socket

    def send(self, data: bytes) -> bool:
        """Whether the other side still took it."""
        try:
            self.socket.sendall(data)
        except OSError:
            return False
        return True

    def rest(self) -> bytes:
        """Everything that comes until the other side closes; what it says before it resets."""
        parts = []
        try:
            while part := self.socket.recv(65536):
                parts.append(part)
        except ConnectionResetError:
            pass
        return b"".join(parts)

    def answer(self) -> tuple[int, dict[str, Any]]:
        """Status and problem details of the last words of the other side."""
        response = HTTPResponse(self.socket)
        response.begin()
        assert response.getheader("connection") == "close"
        return response.status, json.loads(response.read())


@dataclass(frozen=True)
class Guarded:
    """A running server.

    Attributes:
        unparsed: bodies that were answered past the parser.
        goes_on: while it is cleared, the server stands still as soon as it answers one of them.
    """

    service: Service
    port: int
    clients: list[socket.socket]
    unparsed: list[bytes]
    goes_on: threading.Event

    def connect(self) -> Client:
        """Open a connection that says nothing."""
        opened = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        self.clients.append(opened)
        return Client(opened)

    def http(self) -> HTTPConnection:
        """A connection for whole requests."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.connect()
        self.clients.append(connection.sock)
        return connection

    def get(self, path: str, **headers: str) -> int:
        """The status of one request on a connection of its own."""
        connection = self.http()
        connection.request("GET", path, headers=headers)
        status = connection.getresponse().status
        connection.close()
        return status

    def ended(self, reason: str) -> float:
        """How many connections were ended for a reason."""
        return self.service.metric("mlops_connections_ended_total", reason=reason)


MakeGuarded = Callable[..., Guarded]


@pytest.fixture
def guarded(
    service_of: MakeService, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Guarded]]:
    """Start servers whose connections keep the limits that are given."""
    running: list[tuple[uvicorn.Server, threading.Thread, Guarded]] = []
    monkeypatch.setitem(HTTP_PROTOCOLS, "auto", HTTP_PROTOCOLS["auto"])
    # To have them back: uvicorn changes them where nobody wants its access log.
    access_log = logging.getLogger("uvicorn.access")
    monkeypatch.setattr(access_log, "handlers", access_log.handlers)
    monkeypatch.setattr(access_log, "propagate", access_log.propagate)

    def start(
        runtime: RuntimeSettings | None = None, *, keep_alive: int = 5, **limits: Any
    ) -> Guarded:
        service = service_of(runtime)
        connections, unparsed = Connections(BorderLimits(**limits), service.worker), list[bytes]()
        goes_on = threading.Event()
        goes_on.set()

        def known_row(scope: Scope, body: bytes) -> bytes | None:
            goes_on.wait()
            answer = service.front.known_row(scope, body)
            if answer is not None:
                unparsed.append(body)
            return answer

        connections.shortcut = Shortcut(PREDICT, known_row)
        guard_connections(connections)
        config = uvicorn.Config(
            service.front,
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_keep_alive=keep_alive,
        )
        server, listener = uvicorn.Server(config), socket.create_server(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        started = Guarded(service, listener.getsockname()[1], [], unparsed, goes_on)
        running.append((server, thread, started))
        return started

    yield start
    for server, thread, started in running:
        for client in started.clients:
            client.close()
        started.goes_on.set()
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()
