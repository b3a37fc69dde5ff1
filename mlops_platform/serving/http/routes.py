"""Which path leads where, and what a request to it must bring."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from starlette.responses import Response

from mlops_platform.serving.exchange import Exchange
from mlops_platform.serving.http.endpoints import Endpoints
from mlops_platform.serving.http.pages import Pages
from mlops_platform.serving.http.request import ExpandedType, RequestTypes
from mlops_platform.serving.quick.quick_rows import QuickRows
from mlops_platform.serving.worker import Worker

PREDICT = "/v1/predict"

Handler = Callable[[Exchange], Awaitable[Response]]


@dataclass(frozen=True)
class Route:
    """One path.

    Args:
        open_to_all: no token is asked for, so that probes need none.
        scores: counts against the concurrency limit.
    """

    name: str
    methods: tuple[str, ...]
    handler: Handler
    open_to_all: bool = False
    scores: bool = False


def routes_of(worker: Worker, types: RequestTypes, quick: QuickRows) -> dict[str, Route]:
    """Every path of the service."""
    endpoints, pages = Endpoints(worker, types, quick), Pages(worker, types)
    return {
        PREDICT: _scoring("predict", endpoints.predict),
        "/v1/predict_batch": _scoring("predict_batch", endpoints.predict_batch),
        "/v1/explain": _scoring("explain", endpoints.explain),
        "/v1/predict_by_entity": _scoring("predict_by_entity", endpoints.predict_by_entity),
        **_expanded(endpoints, types.expanded),
        "/v1/model": _page("model", pages.model),
        "/livez": _page("livez", pages.alive, open_to_all=True),
        "/readyz": _page("readyz", pages.ready, open_to_all=True),
        "/healthz": _page("healthz", pages.alive, open_to_all=True),
        "/metrics": _page("metrics", pages.metrics),
        "/docs.json": _page("docs", pages.openapi),
        "/": _page("documentation", pages.documentation),
    }


def _expanded(endpoints: Endpoints, expanded: ExpandedType | None) -> dict[str, Route]:
    if expanded is None:
        return {}
    name = expanded.expansion.route
    return {f"/v1/{name}": _scoring(name, partial(endpoints.predict_expanded, expanded))}


def _scoring(name: str, handler: Handler) -> Route:
    return Route(name, ("POST",), handler, scores=True)


def _page(name: str, handler: Handler, open_to_all: bool = False) -> Route:
    return Route(name, ("GET", "HEAD"), handler, open_to_all)
