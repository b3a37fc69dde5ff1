"""A service whose application stands outermost."""

import logging
from collections.abc import Iterator
from typing import Any

import bentoml
import pytest
from uvicorn.config import HTTP_PROTOCOLS

from mlops_platform.serving.contents import Contents
from mlops_platform.serving.http.application import Front
from mlops_platform.serving.http.fronted_service import FrontedService
from mlops_platform.serving.service import create_service


@pytest.fixture
def access_log() -> Iterator[logging.Logger]:
    """uvicorn's, left as it was."""
    logger = logging.getLogger("uvicorn.access")
    handlers, propagate = logger.handlers, logger.propagate
    yield logger
    logger.handlers, logger.propagate = handlers, propagate


def test_the_front_is_what_a_worker_runs_and_bentoml_stands_behind_it(
    access_log: logging.Logger,
) -> None:
    @bentoml.service(service_class=FrontedService)
    class Model:
        pass

    Model.front = lambda app: ("front", app)
    front, behind = Model.to_asgi()
    assert front == "front"
    assert callable(behind)
    assert not access_log.hasHandlers()


def test_the_front_of_a_packed_release_answers_known_heads_at_the_border(
    access_log: logging.Logger, packed: Contents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(HTTP_PROTOCOLS, "auto", HTTP_PROTOCOLS["auto"])
    service = create_service(packed.model_directory.parent)
    protocol: Any = HTTP_PROTOCOLS["auto"]
    (connections,) = protocol.args
    assert connections.shortcut is None
    assert isinstance(service.to_asgi(), Front)
    assert connections.shortcut.begins == b"POST /v1/predict HTTP/1.1\r\n"
