"""Answers rows by what was prepared for the version that serves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from mlops_platform.serving.exchange import Exchange
from mlops_platform.serving.quick.prepared import ROLE, BatchScores, PreparedVersion
from mlops_platform.serving.quick.row_decoder import RowDecoder
from mlops_platform.serving.watching.prediction_log import PredictionRoute, PreparedLines
from mlops_platform.serving.worker import Worker


class ScoredBatch(NamedTuple):
    """A batch that can be answered."""

    prepared: PreparedVersion
    columns: Sequence[Sequence[Any]]
    scores: BatchScores


class QuickRows:
    """Answers rows that are surely right by the champion, or leaves their body untouched.

    It refuses nothing: what is wrong or odd about a row, and everything that is rare (a
    challenger, traces, a category that training did not see), is left to the endpoint. What it
    answers and logs is to the byte what the endpoint would.
    """

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        contents = worker.contents
        self._decoder = RowDecoder(contents.features, contents.release.serving.max_batch_rows)
        self._prepared: dict[PredictionRoute, PreparedVersion] = {}

    def predict(self, exchange: Exchange, body: bytes) -> bytes | None:
        """The answer for a row, counted and logged; None where the endpoint has to give it."""
        prepared = self._version("predict", exchange)
        if prepared is None or prepared.scorer is None:
            return None
        decoded = self._decoder.row(body)
        if decoded is None:
            return None
        values, entity = decoded
        numbers = prepared.scorer.numbers(values)
        if numbers is None:
            return None
        exchange.answered_by(prepared.release.version, ROLE)
        score = prepared.score(values, entity, numbers)
        metrics = self._worker.metrics
        metrics.predicted(prepared.release.version, ROLE)
        if None in values:
            for name, value in zip(prepared.names, values, strict=True):
                if value is None:
                    metrics.missing(name)
        if (lines := self._lines(exchange, prepared)) is not None:
            self._append(lines.of_row(exchange, score.row), 1)
        return prepared.answer(exchange, score)

    def score_batch(self, exchange: Exchange, body: bytes) -> ScoredBatch | None:
        """The rows of a batch, scored; None where the endpoint has to answer it."""
        prepared = self._version("predict_batch", exchange)
        if prepared is None or prepared.scorer is None:
            return None
        batch = self._decoder.batch(body)
        if batch is None:
            return None
        numbers = prepared.scorer.numbers_of(batch.columns, len(batch.entities))
        if numbers is None:
            return None
        return ScoredBatch(prepared, batch.columns, prepared.score_all(batch.entities, numbers))

    def answer_batch(self, exchange: Exchange, batch: ScoredBatch) -> bytes:
        """The answer for a scored batch, counted and logged."""
        metrics, (prepared, columns, scores) = self._worker.metrics, batch
        metrics.predicted(prepared.release.version, ROLE, len(scores.outputs))
        for name, column in zip(prepared.names, columns, strict=True):
            if missing := column.count(None):
                metrics.missing(name, missing)
        if (lines := self._lines(exchange, prepared)) is not None:
            text = lines.of_batch(exchange, columns, scores.entities, scores.outputs)
            self._append(text, len(scores.outputs))
        return prepared.answer_all(exchange, scores)

    def _version(self, route: PredictionRoute, exchange: Exchange) -> PreparedVersion | None:
        """The champion, where nothing else takes part."""
        roles = self._worker.roles
        if roles is None or roles.challenger is not None or exchange.stages is not None:
            return None
        prepared = self._prepared.get(route)
        if prepared is None or prepared.version is not roles.champion:
            prepared = PreparedVersion(roles.champion, route, self._worker.log)
            self._prepared[route] = prepared
        return prepared

    def _lines(self, exchange: Exchange, prepared: PreparedVersion) -> PreparedLines | None:
        """What writes the lines of a request; None where it is not logged."""
        log = self._worker.log
        return prepared.lines if log is not None and log.sampled(exchange.request_id) else None

    def _append(self, lines: bytes, count: int) -> None:
        log = self._worker.log
        if log is not None and not log.append(lines):
            self._worker.metrics.log_drops.inc(count)
