"""A way around the parser for requests whose head has been parsed before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from starlette.types import Scope

MOST_HEADS = 1024
"""Remembered by one worker: clients may invent any number of them."""
LONGEST_HEAD = 2048
"""Bytes; a longer one is not remembered."""
_END = b"\r\n\r\n"
_ODD = frozenset({b"expect", b"transfer-encoding", b"upgrade", b"x-request-id"})
"""Headers that say how the body comes, or what is said once only."""
_KEPT = b"keep-alive"

Answer = Callable[[Scope, bytes], bytes | None]
Address = tuple[str, int | None] | None
DefaultHeaders = list[tuple[bytes, bytes]]


class KnownHead(NamedTuple):
    """What the parser made of the head of a request.

    Args:
        scope: as ASGI tells it, without what differs between connections.
        body_at: where the body begins.
        size: bytes of the whole request.
    """

    scope: Scope
    body_at: int
    size: int


class Shortcut:
    """Answers a request that came in one piece and whose head, byte by byte, is known.

    Only framing is remembered: what a head allows and asks for is judged by `answer` for each
    request, from the headers that the parser found.

    Args:
        path: of the requests that are answered.
        answer: headers, an empty line and the body of an answer with status 200, or None where the
            application has to give it.
    """

    def __init__(self, path: str, answer: Answer) -> None:
        self.begins = f"POST {path} HTTP/1.1\r\n".encode()
        self._path, self._answer = path, answer
        self._heads: dict[bytes, KnownHead] = {}
        self._default: tuple[DefaultHeaders, bytes] | None = None

    def answer(self, request: bytes, server: Address, default: DefaultHeaders) -> bytes | None:
        """The answer for a request as it goes over the wire; None where the parser has to see it.

        Args:
            server: address that it came in on.
            default: headers of every answer.
        """
        known = self._heads.get(request[: request.find(_END)])
        if known is None or known.size != len(request) or known.scope["server"] != server:
            return None
        answer = self._answer(known.scope, request[known.body_at :])
        return None if answer is None else self._start(default) + answer

    def remember(self, request: bytes, scope: Any) -> None:
        """Remember the head of a whole request that was parsed to `scope`, and nothing after it.

        A head that does not say how long the body is, and nothing else about how it comes, is not
        remembered.
        """
        body_at = request.find(_END) + len(_END)
        headers = dict(scope["headers"])
        if (
            scope["path"] != self._path
            or body_at > LONGEST_HEAD
            or len(headers) != len(scope["headers"])
            or not headers.keys().isdisjoint(_ODD)
            or headers.get(b"connection", _KEPT).lower() != _KEPT
            or headers.get(b"content-length") != b"%d" % (len(request) - body_at)
        ):
            return
        if len(self._heads) >= MOST_HEADS:
            self._heads.clear()
        said = {name: scope[name] for name in ("type", "method", "path", "headers", "server")}
        self._heads[request[: body_at - len(_END)]] = KnownHead(said, body_at, len(request))

    def _start(self, default: DefaultHeaders) -> bytes:
        """The first lines of an answer; uvicorn makes a new list of its headers every second."""
        if self._default is None or self._default[0] is not default:
            lines = b"".join(b"%b: %b\r\n" % header for header in default)
            self._default = default, b"HTTP/1.1 200 OK\r\n" + lines
        return self._default[1]
