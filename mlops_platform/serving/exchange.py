"""One request on its way through the service."""

from __future__ import annotations

import os
import re
import time

from starlette.types import Receive, Scope

from mlops_platform.serving.roles import Role

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class Exchange:
    """A request, and what is learnt about it until it is answered.

    Attributes:
        request_id: the client's where it sent a usable one, else ours.
        time: seconds since 1970 when it came in; `started` is the same on the steady clock.
        body: None until it was read.
        version, role: what answers it.
        stages: where traces are made, each stage that was passed and when it ended, in ns.
    """

    __slots__ = (
        *("body", "headers", "receive", "request_id", "role", "scope"),
        *("stages", "started", "time", "version"),
    )

    def __init__(self, scope: Scope, receive: Receive, version: str, traced: bool) -> None:
        self.started, self.time = time.perf_counter(), time.time()
        self.scope, self.receive = scope, receive
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.request_id = _request_id(self.headers.get(b"x-request-id"))
        self.version = version
        self.role: Role = "champion"
        self.body: bytes | None = None
        self.stages: list[tuple[str, int]] | None = [("start", time.time_ns())] if traced else None

    def answered_by(self, version: str, role: Role) -> None:
        """Note what answers."""
        self.version, self.role = version, role

    def passed(self, stage: str) -> None:
        """Note that a stage is over; costs nothing where no traces are made."""
        if self.stages is not None:
            self.stages.append((stage, time.time_ns()))

    @property
    def seconds(self) -> float:
        """How long it takes by now."""
        return time.perf_counter() - self.started


def _request_id(sent: bytes | None) -> str:
    if sent is not None and _REQUEST_ID.fullmatch(sent):
        return sent.decode()
    return os.urandom(16).hex()
