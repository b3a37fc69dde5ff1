"""A scorer behind HTTP: WSGI and AWS Lambda; part of every exported program.

It needs the standard library alone, keeps nothing between requests, and answers as the service
does. It has no authentication, limit of requests, log or metrics: what stands in front has.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from mlops_platform.exporting.python_form.row_checks import FieldFault, InvalidRow
from mlops_platform.exporting.python_form.row_scorer import RowScorer

MOST_ROWS = 1000
MOST_BYTES = 2**20
ROUTES = {"/v1/predict": "POST", "/v1/predict_batch": "POST", "/v1/model": "GET"}
REASONS = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Content Too Large",
}


class Response(NamedTuple):
    """What is answered to one request."""

    status: int
    document: Mapping[str, Any]

    @property
    def media_type(self) -> str:
        """Of its body: errors are problem details, RFC 9457."""
        return "application/json" if self.status == 200 else "application/problem+json"

    @property
    def body(self) -> str:
        """The document as JSON."""
        return json.dumps(self.document, allow_nan=False)


class Web:
    """Answers requests about one version.

    Args:
        described: what `/v1/model` tells.
    """

    def __init__(self, scorer: RowScorer, described: Mapping[str, Any]) -> None:
        self._scorer, self._described = scorer, described

    def app(
        self, environ: Mapping[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """The WSGI application, PEP 3333."""
        method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "")
        try:
            length = int(environ.get("CONTENT_LENGTH") or 0)
        except ValueError:
            length = 0
        if length > MOST_BYTES:
            response = _too_large()
        else:
            response = self.respond(method, path, environ["wsgi.input"].read(length))
        body = response.body.encode()
        headers = [("Content-Type", response.media_type), ("Content-Length", str(len(body)))]
        start_response(f"{response.status} {REASONS[response.status]}", headers)
        return [body]

    def handler(self, event: Mapping[str, Any], context: object = None) -> dict[str, Any]:
        """The handler of AWS Lambda: behind API Gateway or a function URL, or called with a row.

        Raises:
            InvalidRow: it was called with a row that cannot be scored.
        """
        http = event.get("requestContext")
        if not isinstance(http, Mapping) and "httpMethod" not in event:
            return self._scorer.score(event)
        of_http = http.get("http", {}) if isinstance(http, Mapping) else {}
        method = of_http.get("method") or event.get("httpMethod", "")
        path = event.get("rawPath") or event.get("path") or ""
        body = event.get("body") or ""
        try:
            content = b64decode(body) if event.get("isBase64Encoded") else body.encode()
        except ValueError:
            content = b""
        response = self.respond(method, path, content)
        return {
            "statusCode": response.status,
            "headers": {"Content-Type": response.media_type},
            "body": response.body,
        }

    def respond(self, method: str, path: str, body: bytes) -> Response:
        """The response to a request, whatever it is."""
        # A gateway may put the name of its stage before the path.
        route = next((route for route in ROUTES if path.rstrip("/").endswith(route)), None)
        if route is None:
            return _problem(404, "not-found", f"There is nothing here; ask {', '.join(ROUTES)}.")
        if method != ROUTES[route]:
            return _problem(405, "method-not-allowed", f"Ask {route} with {ROUTES[route]}.")
        if route == "/v1/model":
            return Response(200, self._described)
        if len(body) > MOST_BYTES:
            return _too_large()
        try:
            content = json.loads(body)
        except (ValueError, RecursionError) as error:
            fault = f"The body cannot be read: {error}; send one JSON object in UTF-8."
            return _problem(400, "malformed-body", fault)
        try:
            if route == "/v1/predict":
                return Response(200, self._scorer.score(content))
            return Response(200, self._batch(content))
        except InvalidRow as error:
            return _problem(400, "invalid-input", str(error), error.faults)

    def _batch(self, content: Any) -> dict[str, Any]:
        rows = content.get("rows") if isinstance(content, dict) else None
        if not isinstance(rows, list) or not 1 <= len(rows) <= MOST_ROWS:
            fault = FieldFault("rows", None, f"Send a list of 1 to {MOST_ROWS} rows.")
            raise InvalidRow("Not usable: rows.", [fault])
        answers = []
        for position, row in enumerate(rows):
            try:
                answers.append(self._scorer.score(row))
            except InvalidRow as error:
                faults = [
                    FieldFault(f"rows.{position}.{fault.field}".rstrip("."), *fault[1:])
                    for fault in error.faults
                ]
                raise InvalidRow(f"Row {position}: {error}", faults) from None
        return {**self._scorer.origin, "predictions": answers}


def _too_large() -> Response:
    return _problem(413, "body-too-large", f"Send at most {MOST_BYTES:,} bytes.")


def _problem(status: int, kind: str, detail: str, faults: Iterable[FieldFault] = ()) -> Response:
    return Response(
        status,
        {
            "type": f"urn:mlops-platform:problem:{kind}",
            "title": REASONS[status],
            "status": status,
            "detail": detail,
            "errors": [fault._asdict() for fault in faults],
        },
    )
