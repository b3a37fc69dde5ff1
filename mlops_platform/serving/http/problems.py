"""The one shape of every error that a client sees: problem details, RFC 9457."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import orjson

from mlops_platform.record import Record

MEDIA_TYPE = "application/problem+json"


class Kind(NamedTuple):
    """One kind of error: its name in `type` and in the metrics, its status and its title."""

    name: str
    status: int
    title: str

    @property
    def uri(self) -> str:
        """The `type` of its problem details."""
        return f"urn:mlops-platform:problem:{self.name}"


MALFORMED = Kind("malformed-body", 400, "The body cannot be read")
UNAUTHENTICATED = Kind("unauthenticated", 401, "A valid token is needed")
NOT_FOUND = Kind("not-found", 404, "There is nothing here")
UNKNOWN_ENTITY = Kind("unknown-entity", 404, "The entity is not known")
NOT_EXPLAINED = Kind("not-explained", 404, "This model is not explained")
METHOD = Kind("method-not-allowed", 405, "Another method is needed")
SLOW_BODY = Kind("slow-body", 408, "The body did not arrive in time")
TOO_LARGE = Kind("body-too-large", 413, "The body is too large")
MEDIA = Kind("unsupported-media-type", 415, "The body is of another type")
INVALID = Kind("invalid-input", 422, "The input is not valid")
TOO_MANY = Kind("too-many-requests", 429, "Too many requests are in flight")
INTERNAL = Kind("internal-error", 500, "The service failed")
NOT_READY = Kind("not-ready", 503, "The service is not ready")
FEATURES = Kind("features-unavailable", 503, "The latest features cannot be used")
TIMEOUT = Kind("timeout", 504, "The answer took too long")


class FieldError(Record):
    """What is wrong about one field, and what to send instead."""

    field: str
    value: str | None
    fix: str


class ProblemDetails(Record):
    """The body of every error."""

    type: str
    title: str
    status: int
    detail: str
    errors: tuple[FieldError, ...]
    request_id: str


class Problem(Exception):
    """An error that is meant for the client.

    Args:
        errors: one for each field at fault.
        headers: what the response says beside its body.
    """

    def __init__(
        self,
        kind: Kind,
        detail: str,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind, self.detail, self.errors = kind, detail, tuple(errors)
        self.headers = headers

    def body(self, request_id: str) -> bytes:
        """The problem details of one request."""
        return orjson.dumps(
            {
                "type": self.kind.uri,
                "title": self.kind.title,
                "status": self.kind.status,
                "detail": self.detail,
                "errors": [error.model_dump() for error in self.errors],
                "request_id": request_id,
            }
        )
