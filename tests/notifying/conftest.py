"""Real servers on loopback, that take messages and remember them."""

import json
import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from mlops_platform.notifying import attempts
from mlops_platform.notifying.message import Message, MessageIncident


@dataclass
class Receiver:
    """What arrived, and what is answered next; the last answer is repeated."""

    port: int = 0
    answers: list[Any] = field(default_factory=lambda: [200])
    requests: list[dict] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook/s3cret"

    def answer(self) -> Any:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def serving(server: socketserver.BaseServer) -> Iterator[int]:
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def http() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            receiver.requests.append(
                {"method": self.command, "headers": dict(self.headers), "body": body}
            )
            status = receiver.answer()
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "/elsewhere")
            self.end_headers()

        do_GET = do_POST  # noqa: N815 - the name is the library's

        def log_message(self, *_: Any) -> None:
            """Silent."""

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        receiver.port = port
        yield receiver


@pytest.fixture
def smtp() -> Iterator[Receiver]:
    receiver = Receiver(answers=["250 taken"])

    class Session(socketserver.StreamRequestHandler):
        def say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

        def handle(self) -> None:
            self.say("220 here")
            request: dict[str, Any] = {"to": []}
            while line := self.rfile.readline():
                word, said = line[:4].upper(), line.decode().strip()
                if word in (b"EHLO", b"HELO"):
                    self.say("250-here\r\n250 AUTH PLAIN")
                elif word == b"AUTH":
                    request["auth"] = said
                    self.say("235 welcome")
                elif word == b"RCPT":
                    request["to"].append(said)
                    self.say("250 fine")
                elif word == b"DATA":
                    self.say("354 go on")
                    lines = iter(self.rfile.readline, b".\r\n")
                    request["mail"] = b"".join(lines)
                    receiver.requests.append(request)
                    self.say(receiver.answer())
                elif word == b"QUIT":
                    self.say("221 bye")
                    return
                else:
                    self.say("250 fine")

    with serving(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session)) as port:
        receiver.port = port
        yield receiver


@pytest.fixture
def message() -> Message:
    told = MessageIncident(
        id="churn-7",
        status="open",
        purpose="opened",
        severity="page",
        check="performance/log_loss_increase",
        cause="",
        summary="log loss is 0.61 <!channel> & rising",
        since=datetime(2024, 1, 1, tzinfo=UTC),
        window="2024-01-01",
        ticket="/var/mlops/incidents/churn/churn-7.md",
    )
    return Message(
        id="ab12",
        model="churn",
        severity="page",
        subject="NEW churn: performance/log_loss_increase",
        text=told.summary,
        incidents=(told,),
    )


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy of this machine in between, and no waiting between attempts."""
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(attempts, "PAUSES", (0.0, 0.0))


def decoded(request: dict) -> Any:
    return json.loads(request["body"])
