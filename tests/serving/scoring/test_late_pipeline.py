"""A pipeline that comes late: loaded once, waited for by nobody, and told of where it cannot be."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest

from mlops_platform.errors import ServingError
from mlops_platform.serving.scoring import late_pipeline
from mlops_platform.serving.scoring.late_pipeline import LatePipeline


def until(seen: Callable[[], Any]) -> None:
    end = time.monotonic() + 60
    while not seen():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_it_is_loaded_once_while_nobody_waits() -> None:
    loads, may_end = [], Event()

    def load() -> str:
        loads.append(1)
        assert may_end.wait(60)
        return "pipeline"

    pipeline = LatePipeline(load, loads.append)
    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(lambda _: pipeline.get(), range(100))) == {None}
    may_end.set()
    until(pipeline.get)
    assert pipeline.require() == pipeline.get() == "pipeline"
    assert loads == [1]


def test_nothing_is_loaded_before_it_is_asked_for() -> None:
    loads: list[int] = []
    LatePipeline(lambda: loads.append(1), print)
    assert loads == []


def test_a_failure_is_told_and_tried_again_only_after_a_pause(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[Exception] = []
    attempts: list[int] = []

    def load() -> str:
        attempts.append(1)
        if len(attempts) < 3:
            raise ServingError("it is gone")
        return "pipeline"

    pipeline = LatePipeline(load, told.append)
    assert pipeline.get() is None
    until(lambda: told)
    assert str(told[0]) == "it is gone"
    assert [pipeline.get() for _ in range(50)] == [None] * 50
    assert attempts == [1]
    with pytest.raises(ServingError, match="it is gone"):
        pipeline.require()

    monkeypatch.setattr(late_pipeline, "RETRY_SECONDS", 0.0)
    again = LatePipeline(load, told.append)
    until(again.get)
    assert again.get() == "pipeline"


def test_a_failure_is_followed_by_another_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(late_pipeline, "RETRY_SECONDS", 0.0)
    told: list[Exception] = []
    results = iter((ImportError("no scikit-learn"), MemoryError(), "pipeline"))

    def load() -> Any:
        result = next(results)
        if isinstance(result, Exception):
            raise result
        return result

    pipeline = LatePipeline(load, told.append)
    until(pipeline.get)
    assert [type(error) for error in told] == [ImportError, MemoryError]
