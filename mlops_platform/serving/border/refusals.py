"""What is said to a connection that is refused before the application sees a request."""

from __future__ import annotations

import os
from http import HTTPStatus

from starlette.responses import Response

from mlops_platform.serving.http.problems import MEDIA_TYPE, Kind, Problem

SLOW_HEAD = Kind("slow-head", 408, "The headers did not arrive in time")
MISDIRECTED = Kind("unknown-host", 421, "The service is not known by this name")
LARGE_HEAD = Kind("head-too-large", 431, "The headers are too large")
FULL = Kind("too-many-connections", 503, "Too many connections are open")


def response_of(problem: Problem) -> Response:
    """An ASGI application that gives this answer and closes the connection."""
    request_id = os.urandom(16).hex()
    headers = {**(problem.headers or {}), "Connection": "close", "X-Request-Id": request_id}
    return Response(problem.body(request_id), problem.kind.status, headers, MEDIA_TYPE)


def wire_of(problem: Problem) -> bytes:
    """The same as it goes over the wire, where there is no whole request that ASGI could answer."""
    response = response_of(problem)
    head = [f"HTTP/1.1 {response.status_code} {HTTPStatus(response.status_code).phrase}".encode()]
    head += [name + b": " + value for name, value in response.raw_headers]
    return b"\r\n".join([*head, b"", bytes(response.body)])
