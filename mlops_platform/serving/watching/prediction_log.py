"""The log of served predictions: one JSON line per predicted row, written before the response."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import repeat
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import orjson

from mlops_platform.serving.exchange import Exchange
from mlops_platform.serving.roles import Role
from mlops_platform.serving.watching.log_file import LogFile
from mlops_platform.spec.serving import PredictionLogSpec

PredictionRoute = str
"""`predict`, `predict_batch`, `predict_by_entity`, or what a task calls its own."""

logger = logging.getLogger("mlops_platform.serving")
_encoder = msgspec.json.Encoder()
"""Of features: rows of a type that knows their names take it half the time of dictionaries."""


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


class Origin(NamedTuple):
    """What answers: the fields of a logged prediction that do not change from row to row."""

    route: PredictionRoute
    model: str
    version: str
    sequence: int
    role: Role
    adjustment: int | None = None


class PreparedRow(NamedTuple):
    """What differs from row to row.

    Args:
        values: of the features, in the order of their names.
        entity: as JSON.
        outputs: as members of a JSON object.
    """

    values: Sequence[Any]
    entity: bytes
    outputs: bytes


class PreparedLines:
    """Lines of one origin, of which most is written once for all.

    `PredictionLog.prepared` makes it, and its lines are to the byte those of `PredictionLog`.

    Args:
        names: of the values, in their order; the entity is none of them.
        redacted: fields that are kept out of the log.
        hides_entity: whether the entity is one of these.
    """

    def __init__(
        self, origin: Origin, names: Sequence[str], redacted: Sequence[str], hides_entity: bool
    ) -> None:
        self._kept = [at for at, name in enumerate(names) if name not in redacted]
        self._features = _features_type([names[at] for at in self._kept])
        self._hides_entity = hides_entity
        said = {"model": origin.model, "version": origin.version, "sequence": origin.sequence}
        self._route = b',"route":' + orjson.dumps(origin.route) + b',"entity":'
        self._origin = b"," + orjson.dumps({**said, "role": origin.role})[1:-1] + b',"features":'
        end = {} if origin.adjustment is None else {"adjustment": origin.adjustment}
        told = orjson.dumps({**end, "redacted": list(redacted)} if redacted else end)[1:-1]
        self._end = b",%b}\n" % told if told else b"}\n"

    def of_row(self, exchange: Exchange, row: PreparedRow) -> bytes:
        """The line of a row that was sent alone."""
        began, end = self._around(exchange)
        values, entity, outputs = row
        shown = b"null" if self._hides_entity else entity
        features = _encoder.encode(self._features(*[values[at] for at in self._kept]))
        return b"".join(
            (began, b"0", self._route, shown, self._origin, features, b",", outputs, end)
        )

    def of_batch(
        self,
        exchange: Exchange,
        columns: Sequence[Sequence[Any]],
        entities: Iterable[bytes],
        outputs: Sequence[bytes],
    ) -> bytes:
        """The lines of rows that are given by their columns, in the order of the rows."""
        began, end = self._around(exchange)
        route, origin = self._route, self._origin
        shown = repeat(b"null", len(outputs)) if self._hides_entity else entities
        told = zip(shown, self._features_of(columns, len(outputs)), outputs, strict=True)
        return b"".join(
            [
                b"".join((began, b"%d" % row, route, entity, origin, features, b",", output, end))
                for row, (entity, features, output) in enumerate(told)
            ]
        )

    def _features_of(self, columns: Sequence[Sequence[Any]], count: int) -> list[bytes]:
        kept = [columns[at] for at in self._kept]
        rows = map(self._features, *kept) if kept else repeat(self._features(), count)
        return each_as_json(rows)

    def _around(self, exchange: Exchange) -> tuple[bytes, bytes]:
        """How every line of a request begins and ends."""
        began = b'{"time":"%b","request_id":"%b","row":' % (
            moment_of(exchange.time).encode(),
            exchange.request_id.encode(),
        )
        return began, b',"latency_ms":%b%b' % (orjson.dumps(exchange.seconds * 1000), self._end)


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

    def prepared(self, origin: Origin, names: Sequence[str]) -> PreparedLines:
        """What writes the lines of one origin."""
        return PreparedLines(origin, names, self._redacted, self._hides_entity)

    def append(self, lines: bytes) -> bool:
        """Log prepared lines in one write; False where they are lost, never an error."""
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
            "features": orjson.Fragment(_encoder.encode(features)),
            **record.outputs,
            "latency_ms": record.latency_ms,
        }
        if record.adjustment is not None:
            line["adjustment"] = record.adjustment
        if self._redacted:
            line["redacted"] = self._redacted
        return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


def each_as_json(values: Iterable[Any]) -> list[bytes]:
    """The JSON of each value, all made in one call: a line of it holds no line break."""
    return _encoder.encode_lines([*values]).splitlines()


def _features_type(names: Sequence[str]) -> Callable[..., msgspec.Struct]:
    """A type of rows whose JSON has these names, in this order; they are given by position."""
    fields = [(f"f{position}", Any) for position in range(len(names))]
    # Columns may be called what Python or msgspec keep for themselves.
    said = {field: name for (field, _), name in zip(fields, names, strict=True)}
    return msgspec.defstruct("Features", fields, rename=said, gc=False)


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
