"""Answers single rows by what was prepared for the version that serves."""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson

from mlops_platform.serving.exchange import Exchange
from mlops_platform.serving.quick.row_decoder import DecodedRow, RowDecoder
from mlops_platform.serving.roles import Role
from mlops_platform.serving.served_version import ServedVersion
from mlops_platform.serving.watching.prediction_log import Origin, PredictionLog
from mlops_platform.serving.worker import Worker

_ROUTE = "predict"
_ROLE: Role = "champion"


class _Scored(NamedTuple):
    """What a version says of a row, logged and shown to the client: members of a JSON object."""

    outputs: bytes
    shown: bytes


class SingleRows:
    """Answers a row that is surely right by the champion, or leaves its body untouched.

    It refuses nothing: what is wrong or odd about a row, and everything that is rare (a
    challenger, traces, a category that training did not see), is left to the endpoint. What it
    answers and logs is to the byte what the endpoint would.
    """

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._decoder = RowDecoder(worker.contents.features)
        self._prepared: _Prepared | None = None

    def answer(self, exchange: Exchange, body: bytes) -> bytes | None:
        """The answer for a row, counted and logged; None where the endpoint has to give it."""
        roles = self._worker.roles
        if roles is None or roles.challenger is not None or exchange.stages is not None:
            return None
        prepared = self._prepared
        if prepared is None or prepared.version is not roles.champion:
            prepared = self._prepared = _Prepared(roles.champion, self._worker.log)
        row = self._decoder.row(body)
        scored = None if row is None else prepared.scored(row)
        if row is None or scored is None:
            return None
        exchange.answered_by(prepared.release.version, _ROLE)
        entity = orjson.dumps(row.entity)
        self._record(exchange, prepared, row, scored, entity)
        return prepared.answer(exchange, entity, scored)

    def _record(
        self,
        exchange: Exchange,
        prepared: _Prepared,
        row: DecodedRow,
        scored: _Scored,
        entity: bytes,
    ) -> None:
        """Count and log what will be answered."""
        metrics, log = self._worker.metrics, self._worker.log
        metrics.predicted(prepared.release.version, _ROLE)
        if None in row.values:
            for name, value in zip(prepared.names, row.values, strict=True):
                if value is None:
                    metrics.missing(name)
        lines = prepared.lines
        if (
            log is not None
            and lines is not None
            and log.sampled(exchange.request_id)
            and not log.append(lines.line(exchange, entity, row.values, scored.outputs))
        ):
            metrics.log_drops.inc()


class _Prepared:
    """One version, and everything about its answers that does not follow from a row."""

    def __init__(self, version: ServedVersion, log: PredictionLog | None) -> None:
        release = version.release
        self.version, self.release = version, release
        self.names = version.contents.features.names
        origin = Origin(
            *(_ROUTE, release.model, release.version, release.sequence, _ROLE),
            version.stated_adjustment,
        )
        self.lines = None if log is None else log.prepared(origin, self.names)
        self._scorer = version.scorer.by_position()
        said = {"warnings": [], **version.stated, "role": _ROLE, "model": release.model}
        self._end = b"," + orjson.dumps(said)[1:-1] + b',"request_id":"'

    def scored(self, row: DecodedRow) -> _Scored | None:
        """What the version says of a row; None where there is something to tell about it."""
        numbers = None if self._scorer is None else self._scorer.numbers(row.values)
        if numbers is None:
            return None
        task = self.release.task
        outputs = task.answer(numbers, self.version.constants)
        shown = task.shown(outputs)
        text = _members(outputs)
        return _Scored(text, text if shown is outputs else _members(shown))

    def answer(self, exchange: Exchange, entity: bytes, scored: _Scored) -> bytes:
        """What the client is told."""
        request_id = exchange.request_id.encode()
        return b'{"entity":%b,%b%b%b"}' % (entity, scored.shown, self._end, request_id)


def _members(values: Any) -> bytes:
    return orjson.dumps(values)[1:-1]
