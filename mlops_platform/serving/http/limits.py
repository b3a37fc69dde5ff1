"""What a request may not exceed: the size, type and speed of its body."""

from __future__ import annotations

from starlette.requests import ClientDisconnect
from starlette.types import Receive

from mlops_platform.serving.authentication import Headers
from mlops_platform.serving.exchange import Exchange
from mlops_platform.serving.http.problems import MEDIA, TOO_LARGE, Problem

JSON = "application/json"
_JSON = JSON.encode()


async def read_json(exchange: Exchange, limit: int) -> bytes:
    """Read the JSON body of a request, of at most `limit` bytes.

    Raises:
        Problem: it is of another type, or larger.
        ClientDisconnect: it broke off.
    """
    require_json(exchange.headers, limit)
    exchange.body = await _read(exchange.receive, limit)
    return exchange.body


def require_json(headers: Headers, limit: int) -> None:
    """Pass where headers announce a JSON body of at most `limit` bytes.

    Raises:
        Problem: it is of another type, or larger.
    """
    sent = headers.get(b"content-type", b"")
    if sent != _JSON and sent.partition(b";")[0].strip().lower() != _JSON:
        raise Problem(MEDIA, f"Content-Type is '{_text(sent)}'; send application/json.")
    coding = headers.get(b"content-encoding", b"identity")
    if coding.lower() != b"identity":
        raise Problem(MEDIA, f"Content-Encoding is '{_text(coding)}'; send the body as it is.")
    length = headers.get(b"content-length", b"0")
    # No honest length has more digits; `int` would refuse thousands of them with an error.
    if len(length) > 18 or (length.isdigit() and int(length) > limit):
        raise _too_large(limit)


async def _read(receive: Receive, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise _too_large(limit)
        if not message.get("more_body", False):
            return b"".join([*parts, part]) if parts else part
        parts.append(part)


def _too_large(limit: int) -> Problem:
    return Problem(
        TOO_LARGE, f"More than {limit} bytes; send fewer rows at once (`max_body_kilobytes`)."
    )


def _text(header: bytes) -> str:
    return header[:100].decode("latin-1")
