"""A service whose application stands outermost."""

import logging
from collections.abc import Iterator

import bentoml
import pytest

from mlops_platform.serving.http.fronted_service import FrontedService


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
