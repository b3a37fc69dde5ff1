"""Front: the ASGI application that answers every request of a served Bento."""

from __future__ import annotations

import asyncio
import logging

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mlops_platform.serving.authentication import Unauthenticated
from mlops_platform.serving.exchange import Exchange
from mlops_platform.serving.http.in_flight import InFlight
from mlops_platform.serving.http.limits import require_json
from mlops_platform.serving.http.problems import (
    INTERNAL,
    INVALID,
    MEDIA_TYPE,
    METHOD,
    NOT_FOUND,
    SLOW_BODY,
    TIMEOUT,
    UNAUTHENTICATED,
    Problem,
)
from mlops_platform.serving.http.request import request_types
from mlops_platform.serving.http.routes import PREDICT, Route, routes_of
from mlops_platform.serving.quick.quick_rows import QuickRows
from mlops_platform.serving.scoring.scorer import UnscorableRow
from mlops_platform.serving.worker import Worker

STATIC = frozenset({"/static_content/swagger-ui.css", "/static_content/swagger-ui-bundle.js"})
"""Assets of the documentation page, which BentoML ships and serves."""
UNKNOWN = "unknown"
"""Stands for every path that is not ours: clients may invent any number of them."""
GONE = 499
"""Counted, never sent: the client did not wait."""

logger = logging.getLogger("mlops_platform.serving")


class Front:
    """Answers what the platform serves; BentoML's application gets its own life cycle and assets.

    Whatever goes wrong is answered as problem details, and every request is counted.
    """

    def __init__(self, app: ASGIApp, worker: Worker) -> None:
        contents = worker.contents
        serving = contents.release.serving
        example = contents.golden_rows.rows[0].features
        task = contents.release.task
        types = request_types(contents.features, serving.max_batch_rows, example, task)
        self._app, self._worker = app, worker
        self._quick, self._seconds = QuickRows(worker), serving.timeout_seconds
        self._routes = routes_of(worker, types, self._quick)
        self._limit = serving.max_body_kilobytes * 1024
        self._in_flight = InFlight(serving.max_concurrency, serving.timeout_seconds)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or hand on what is not HTTP."""
        if scope["type"] == "http" and scope["path"] not in STATIC:
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        worker = self._worker
        serves = worker.roles.champion.release.version if worker.roles else ""
        exchange = Exchange(scope, receive, serves, worker.tracing is not None)
        route = self._routes.get(scope["path"])
        name = route.name if route else UNKNOWN
        try:
            response = await self._answered(route, exchange)
        except ClientDisconnect:
            response = None
        except Exception as error:
            response = self._refusal(name, exchange, _problem_of(error, name, exchange))
        if response is not None:
            response.raw_headers.append((b"x-request-id", exchange.request_id.encode()))
            await response(scope, receive, send)
        status = GONE if response is None else response.status_code
        self._count(exchange, name, status, scores=route is not None and route.scores)
        if worker.tracing is not None:
            worker.tracing.record(exchange, name, status)

    def known_row(self, scope: Scope, body: bytes) -> bytes | None:
        """Answer a row that has come as a whole, with status 200: headers, an empty line and body.

        None where `__call__` has to answer, as it does whatever is refused.
        """
        worker = self._worker
        if worker.tracing is not None or self._in_flight.is_full:
            return None
        exchange = Exchange(scope, _nothing_more, "", traced=False)
        try:
            worker.authentication.require(exchange.headers, scope["server"])
            require_json(exchange.headers, self._limit)
            answer = self._quick.predict(exchange, body)
        except Exception:
            return None  # told and counted where it happens again
        if answer is None:
            return None
        self._count(exchange, self._routes[PREDICT].name, 200, scores=True)
        head = b"content-length: %d\r\ncontent-type: application/json\r\nx-request-id: %b\r\n\r\n"
        return head % (len(answer), exchange.request_id.encode()) + answer

    def _count(self, exchange: Exchange, name: str, status: int, *, scores: bool) -> None:
        seconds, (version, role) = exchange.seconds, (exchange.version, exchange.role)
        self._worker.metrics.answered(name, version, role, status, seconds)
        if scores:
            self._worker.objectives.observe(version, role, status, seconds)

    async def _answered(self, route: Route | None, exchange: Exchange) -> Response:
        if route is None:
            raise Problem(NOT_FOUND, "See `/docs.json` for what is here.")
        if not route.open_to_all:
            self._worker.authentication.require(exchange.headers, exchange.scope.get("server"))
        if exchange.scope["method"] not in route.methods:
            allowed = ", ".join(route.methods)
            raise Problem(METHOD, f"Use {allowed}.", headers={"Allow": allowed})
        if not route.scores:
            return await route.handler(exchange)
        return await self._scored(route, exchange)

    async def _scored(self, route: Route, exchange: Exchange) -> Response:
        """Answer within the limits of concurrency and time."""
        task = self._in_flight.enter()
        try:
            return await route.handler(exchange)
        except asyncio.CancelledError:
            if not self._in_flight.was_overdue(task):
                raise
            detail = f"{self._seconds:g} seconds were over (`timeout_seconds`)."
            raise Problem(SLOW_BODY if exchange.body is None else TIMEOUT, detail) from None
        finally:
            self._in_flight.leave(task)

    def _refusal(self, name: str, exchange: Exchange, problem: Problem) -> Response:
        """Count an error, write one line about it, and make its answer."""
        kind, fields = problem.kind, [error.field.rpartition(".")[2] for error in problem.errors]
        self._worker.metrics.failed(kind.name, fields)
        # Fields only: what clients send may be personal, and has no place in this log.
        logger.warning(
            "%s %s: %d %s%s, request %s",
            exchange.scope["method"],
            name,
            kind.status,
            kind.name,
            f" ({', '.join(dict.fromkeys(fields))})" if fields else "",
            exchange.request_id,
        )
        return Response(problem.body(exchange.request_id), kind.status, problem.headers, MEDIA_TYPE)


async def _nothing_more() -> Message:
    return {"type": "http.disconnect"}


def _problem_of(error: Exception, name: str, exchange: Exchange) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error, Unauthenticated):
        return Problem(UNAUTHENTICATED, f"{error}", headers={"WWW-Authenticate": "Bearer"})
    if isinstance(error, UnscorableRow):
        return Problem(INVALID, f"{error}; send values like those it was trained on.")
    logger.error("%s: request %s failed", name, exchange.request_id, exc_info=error)
    detail = f"The log of the service tells more about request {exchange.request_id}."
    return Problem(INTERNAL, detail)
