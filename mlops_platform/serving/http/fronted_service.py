"""A BentoML service whose ASGI application stands behind one of ours.

`to_asgi` is public, and BentoML's worker calls it for the application that uvicorn runs; that it
may be overridden is documented nowhere. Through `add_asgi_middleware`, which is, every request
passes BentoML's time-out first: a task and a timer for each, more than scoring it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

import bentoml
from starlette.types import ASGIApp

T = TypeVar("T")


class FrontedService(bentoml.Service[T]):  # type: ignore[misc]  # untyped to mypy
    """A service of `bentoml.service(service_class=FrontedService)`.

    Attributes:
        front: puts the application that answers before BentoML's own, which is left what it is
            handed: the life cycle, and what only BentoML has.
    """

    front: Callable[[ASGIApp], ASGIApp]

    def to_asgi(self, is_main: bool = True) -> ASGIApp:
        """The application that a worker runs."""
        _no_access_log()
        return self.front(super().to_asgi(is_main=is_main))


def _no_access_log() -> None:
    """Let uvicorn find that nobody reads its access log, as it does itself for `--no-access-log`.

    BentoML's root logger drops the lines, but only after uvicorn has written each of them.
    """
    logger = logging.getLogger("uvicorn.access")
    logger.handlers, logger.propagate = [], False
