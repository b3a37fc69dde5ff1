"""The shadow: a challenger that scores what the champion has answered, unseen by the client."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import BoundedSemaphore

from mlops_platform.serving.exchange import Exchange
from mlops_platform.serving.predicting import ScoredRow, logged
from mlops_platform.serving.served_version import ServedVersion
from mlops_platform.serving.watching.metrics import ServiceMetrics
from mlops_platform.serving.watching.objectives import Objectives
from mlops_platform.serving.watching.prediction_log import PredictionLog, PredictionRoute

MOST_PENDING = 1000
"""Requests that may wait; more are dropped and counted, because answers go first."""
OK, ERROR = 200, 500

logger = logging.getLogger("mlops_platform.serving")


class Shadow:
    """Scores rows on a thread of its own, logs them with the role `shadow`, counts differences."""

    def __init__(
        self, metrics: ServiceMetrics, log: PredictionLog | None, objectives: Objectives
    ) -> None:
        self._metrics, self._log, self._objectives = metrics, log, objectives
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="shadow")
        self._places = BoundedSemaphore(MOST_PENDING)

    def watch(
        self,
        version: ServedVersion,
        exchange: Exchange,
        route: PredictionRoute,
        rows: Sequence[ScoredRow],
    ) -> None:
        """Score answered rows once more, later."""
        if not self._places.acquire(blocking=False):
            self._metrics.shadow_drops.inc(len(rows))
            return
        done = self._thread.submit(self._observed, version, exchange, route, rows)
        done.add_done_callback(self._finished)

    def close(self) -> None:
        """Drop what is still waiting."""
        self._thread.shutdown(cancel_futures=True)

    def _observed(
        self,
        version: ServedVersion,
        exchange: Exchange,
        route: PredictionRoute,
        rows: Sequence[ScoredRow],
    ) -> None:
        """Score, and count how long it took and whether it failed, as if it had answered."""
        started, status = time.perf_counter(), ERROR
        try:
            self._score(version, exchange, route, rows)
            status = OK
        finally:
            seconds = time.perf_counter() - started
            self._objectives.observe(version.release.version, "shadow", status, seconds)

    def _score(
        self,
        version: ServedVersion,
        exchange: Exchange,
        route: PredictionRoute,
        rows: Sequence[ScoredRow],
    ) -> None:
        release, task = version.release, version.release.task
        numbers = version.scorer.numbers_of([scored.row for scored in rows])
        shadowed = [
            scored._replace(
                outputs=task.answer(said, version.constants),
                version=version,
                release=release,
                role="shadow",
            )
            for scored, said in zip(rows, numbers, strict=True)
        ]
        if any(output.kind != "number" for output in task.outputs):  # else nothing is decided
            for answered, shadow in zip(rows, shadowed, strict=True):
                self._metrics.compared(release.version, _decided(answered) != _decided(shadow))
        self._metrics.predicted(release.version, "shadow", len(rows))
        log = self._log
        if (
            log is not None
            and log.sampled(exchange.request_id)
            and not log.write(logged(exchange, route, shadowed))
        ):
            self._metrics.log_drops.inc(len(rows))

    def _finished(self, future: Future[None]) -> None:
        self._places.release()
        if not future.cancelled() and (error := future.exception()) is not None:
            logger.error("the shadow could not score a request: %s", error)


def _decided(scored: ScoredRow) -> list[bool | str]:
    """What was decided: numbers of two versions differ in any case."""
    return [value for value in scored.outputs.values() if isinstance(value, bool | str)]
