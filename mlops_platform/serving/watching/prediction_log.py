"""The log of served predictions: one JSON line per predicted row, written before the response."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from mlops_platform.serving.roles import Role
from mlops_platform.serving.watching.log_file import LogFile
from mlops_platform.spec.serving import PredictionLogSpec

PredictionRoute = str
"""`predict`, `predict_batch`, `predict_by_entity`, or what a task calls its own."""

logger = logging.getLogger("mlops_platform.serving")


class LoggedPrediction(NamedTuple):
    """What was predicted for one row, from what, by which version.

    Args:
        time: seconds since 1970 when the request came in.
        row: position in the request, from 0.
        features: values by column name; the entity may be among them.
        outputs: by their field.
        latency_ms: from the request's arrival until its predictions were made.
        adjustment: of the release; None where its constants only change by a release.
    """

    time: float
    request_id: str
    row: int
    route: PredictionRoute
    entity: str | None
    model: str
    version: str
    sequence: int
    role: Role
    features: Mapping[str, Any]
    outputs: Mapping[str, float | bool | str]
    latency_ms: float
    adjustment: int | None = None


class PredictionLog:
    """One worker's log; whatever happens to it, requests are answered.

    Args:
        directory: folder of all workers' files, which are `predictions-<worker>-<began>.jsonl`.
        worker: name that no other process with the same folder has.
        entity: column of the entity.
    """

    def __init__(
        self, directory: Path, spec: PredictionLogSpec, worker: str, *, entity: str
    ) -> None:
        most_bytes = int(spec.rotate_megabytes * 1_000_000)
        self._file = LogFile(directory, f"predictions-{worker}", most_bytes)
        self._sample = spec.sample
        self._redacted = list(spec.redact)
        self._hidden = frozenset((entity, *spec.redact))
        self._hides_entity = entity in spec.redact

    def sampled(self, request_id: str) -> bool:
        """Whether a request is logged; every worker and every attempt says the same."""
        return self._sample >= 1 or share_of(request_id) < self._sample

    def write(self, records: Sequence[LoggedPrediction]) -> bool:
        """Log the rows of one request in one write; False where they are lost, never an error."""
        try:
            lines = b"".join([self._line(record) for record in records])
        except (TypeError, ValueError) as error:
            logger.error("a prediction cannot be logged: %s", error)
            return False
        return self._file.append(lines)

    def close(self) -> None:
        """Close the current file."""
        self._file.close()

    def _line(self, record: LoggedPrediction) -> bytes:
        features = record.features
        if not self._hidden.isdisjoint(features):
            features = dict(features)
            for name in self._hidden:
                features.pop(name, None)
        line: dict[str, Any] = {
            "time": moment_of(record.time),
            "request_id": record.request_id,
            "row": record.row,
            "route": record.route,
            "entity": None if self._hides_entity else record.entity,
            "model": record.model,
            "version": record.version,
            "sequence": record.sequence,
            "role": record.role,
            "features": features,
            **record.outputs,
            "latency_ms": record.latency_ms,
        }
        if record.adjustment is not None:
            line["adjustment"] = record.adjustment
        if self._redacted:
            line["redacted"] = self._redacted
        return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


def share_of(request_id: str) -> float:
    """Where a request stands in [0, 1), the same in every process."""
    digest = hashlib.sha256(request_id.encode()).digest()
    return int.from_bytes(digest[:7], "big") / 2**56


@lru_cache(maxsize=8)
def moment_of(seconds: float) -> str:
    """A moment in UTC with milliseconds, such as `2013-07-01T12:00:00.123Z`."""
    whole, milliseconds = divmod(int(seconds * 1000), 1000)
    return f"{_second(whole)}.{milliseconds:03d}Z"


@lru_cache(maxsize=8)
def _second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
