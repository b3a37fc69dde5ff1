"""One version, and everything about its answers that does not follow from a row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import orjson

from mlops_platform.serving.exchange import Exchange
from mlops_platform.serving.roles import Role
from mlops_platform.serving.served_version import ServedVersion
from mlops_platform.serving.watching.prediction_log import (
    Origin,
    PredictionLog,
    PredictionRoute,
    PreparedLines,
    PreparedRow,
    each_as_json,
)

ROLE: Role = "champion"


class Score(NamedTuple):
    """One row with what is said of it.

    Args:
        shown: to the client, as members of a JSON object.
    """

    row: PreparedRow
    shown: bytes


class BatchScores(NamedTuple):
    """What is said of the rows of a batch, as JSON.

    Args:
        outputs: for the log, as members of an object.
        shown: the same for the client.
        together: what each is told of itself among the others, likewise; empty where that is
            nothing.
    """

    entities: Sequence[bytes]
    outputs: Sequence[bytes]
    shown: Sequence[bytes]
    together: Sequence[bytes]


class PreparedVersion:
    """Writes the answers of one version for one route.

    Attributes:
        scorer: None where only the pipeline scores rows.
        lines: None where nothing is logged.
    """

    def __init__(
        self, version: ServedVersion, route: PredictionRoute, log: PredictionLog | None
    ) -> None:
        release = version.release
        self.version, self.release = version, release
        self.scorer = version.scorer.by_position()
        self.names = version.contents.features.names
        origin = Origin(
            *(route, release.model, release.version, release.sequence, ROLE),
            version.stated_adjustment,
        )
        self.lines: PreparedLines | None = None
        if log is not None:
            self.lines = log.prepared(origin, self.names)
        self._tells_together = bool(release.task.together_fields())
        self._row_end = b"," + _members({"warnings": [], **version.stated, "role": ROLE})
        self._model = b"," + _members({"model": release.model})
        self._batch_origin = _members(version.origin)

    def score(self, values: Sequence[Any], entity: str | None, numbers: Sequence[float]) -> Score:
        """What is said of a row, from what the model says of it."""
        task = self.release.task
        outputs = task.answer(numbers, self.version.constants)
        shown = task.shown(outputs)
        text = _members(outputs)
        row = PreparedRow(values, orjson.dumps(entity), text)
        return Score(row, text if shown is outputs else _members(shown))

    def score_all(
        self, entities: Iterable[str | None], numbers: Sequence[Sequence[float]]
    ) -> BatchScores:
        """The same of many rows."""
        task, constants = self.release.task, self.version.constants
        answers = [task.answer(row, constants) for row in numbers]
        outputs = [*map(_members, answers)]
        shown = [
            text if (told := task.shown(answer)) is answer else _members(told)
            for text, answer in zip(outputs, answers, strict=True)
        ]
        together = [*map(_members, task.together(answers))] if self._tells_together else []
        return BatchScores(each_as_json(entities), outputs, shown, together)

    def answer(self, exchange: Exchange, score: Score) -> bytes:
        """What the client is told of a row that it has asked for alone."""
        return b'{"entity":%b,%b%b%b,"request_id":"%b"}' % (
            score.row.entity,
            score.shown,
            self._row_end,
            self._model,
            exchange.request_id.encode(),
        )

    def answer_all(self, exchange: Exchange, scores: BatchScores) -> bytes:
        """What the client is told of a batch."""
        end, told = self._row_end, zip(scores.entities, scores.shown, strict=True)
        rows = [b'{"entity":%b,%b%b}' % (entity, shown, end) for entity, shown in told]
        if scores.together:
            pairs = zip(rows, scores.together, strict=True)
            rows = [b"%b,%b}" % (row[:-1], together) for row, together in pairs]
        return b'{%b,"request_id":"%b","predictions":[%b]}' % (
            self._batch_origin,
            exchange.request_id.encode(),
            b",".join(rows),
        )


def _members(values: Any) -> bytes:
    """A JSON object without its brackets."""
    return orjson.dumps(values)[1:-1]
