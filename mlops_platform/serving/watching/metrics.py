"""What Prometheus is told about one service; workers add up in one exposition."""

from __future__ import annotations

import os
import time
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from mlops_platform.serving.watching.mapped_counts import Cells, Key, MappedCounts

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
AGES = (60, 300, 900, 3600, 4 * 3600, 12 * 3600, 24 * 3600, 48 * 3600, 7 * 24 * 3600)
UNKNOWN_FIELD = "other"
"""Stands for fields that the model does not have: clients may invent any number of them."""


class _Counter(NamedTuple):
    """A number that only grows: one integer."""

    documentation: str
    labels: tuple[str, ...] = ()


class _Gauge(NamedTuple):
    """The last number that any worker has set: the number, and when in nanoseconds."""

    documentation: str
    labels: tuple[str, ...] = ()


class _Histogram(NamedTuple):
    """The sum of what was observed, in `unit` seconds, and how often it was in each class."""

    documentation: str
    edges: tuple[float, ...]
    unit: float
    labels: tuple[str, ...] = ()


_ANSWERED = ("route", "version", "role")
_FAMILIES: dict[str, _Counter | _Gauge | _Histogram] = {
    "requests": _Counter("Answered requests.", (*_ANSWERED, "status")),
    "request_seconds": _Histogram("Time from request to response.", SECONDS, 1e-9, _ANSWERED),
    "errors": _Counter("Requests that were not answered.", ("kind",)),
    "connections_ended": _Counter("Ended by the service itself.", ("reason",)),
    "predictions": _Counter("Rows scored.", ("version", "role")),
    "schema_violations": _Counter("Refused values.", ("field",)),
    "unknown_categories": _Counter("Categories not trained on.", ("field",)),
    "missing_values": _Counter("Nulls in scored rows.", ("field",)),
    "load_failures": _Counter("Versions refused, and pipelines that could not be loaded."),
    "log_drops": _Counter("Predictions not logged."),
    "shadow_comparisons": _Counter("Rows in the shadow.", ("version",)),
    "shadow_disagreements": _Counter("Decided otherwise.", ("version",)),
    "shadow_drops": _Counter("Rows too many."),
    "release_sequence": _Gauge("Sequence of the release that serves.", ("role",)),
    "release_adjustment": _Gauge("Adjustment of the release that serves.", ("role",)),
    "feature_age_seconds": _Histogram("Age of the features of predictions by entity.", AGES, 1e-3),
}


class Tally:
    """One counter."""

    __slots__ = ("_at", "_integers", "_lock")

    def __init__(self, counts: MappedCounts, *key: str) -> None:
        (self._integers, self._at), self._lock = counts.cells(key, 1), counts.lock

    def inc(self, number: int = 1) -> None:
        """Count."""
        with self._lock:
            self._integers[self._at] += number


class ServiceMetrics:
    """The metrics of one worker; made in the worker itself, where BentoML has set their folder.

    Args:
        fields: the names that a row may have.
        worker: name that no other process of the service has.
    """

    def __init__(self, model: str, fields: Iterable[str], worker: str) -> None:
        folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
        self._model, self._fields = model, frozenset(fields)
        self._counts = MappedCounts(None if folder is None else Path(folder), worker)
        self._registry = CollectorRegistry()
        self._registry.register(_Exposed(model, self._counts))
        self._tallies: dict[tuple[str, ...], Tally] = {}
        self.load_failures = self._tally("load_failures")
        self.log_drops = self._tally("log_drops")
        self.shadow_drops = self._tally("shadow_drops")
        self._is_adjusted = False
        self._feature_age = self._counts.cells(("feature_age_seconds",), 2 + len(AGES))
        self._answers: dict[tuple[str, str, str, int], tuple[Cells, Cells]] = {}

    def answered(self, route: str, version: str, role: str, status: int, seconds: float) -> None:
        """Count a response and its time."""
        key = (route, version, role, status)
        cells = self._answers.get(key)
        if cells is None:
            origin = (route, version, role)
            cells = self._answers[key] = (
                self._counts.cells(("requests", *origin, str(status)), 1),
                self._counts.cells(("request_seconds", *origin), 2 + len(SECONDS)),
            )
        (requests, at), (times, first) = cells
        with self._counts.lock:
            requests[at] += 1
            times[first] += int(seconds * 1e9)
            times[first + 1 + bisect_left(SECONDS, seconds)] += 1

    def failed(self, kind: str, fields: Iterable[str] = ()) -> None:
        """Count an error, and the fields that were at fault."""
        self._tally("errors", kind).inc()
        for field in fields:
            known = field if field in self._fields else UNKNOWN_FIELD
            self._tally("schema_violations", known).inc()

    def connection_ended(self, reason: str) -> None:
        """Count a connection that did not keep a limit."""
        self._tally("connections_ended", reason).inc()

    def predicted(self, version: str, role: str, rows: int = 1) -> None:
        """Count scored rows."""
        self._tally("predictions", version, role).inc(rows)

    def missing(self, field: str, rows: int = 1) -> None:
        """Count nulls of a field."""
        self._tally("missing_values", field).inc(rows)

    def unknown(self, field: str, rows: int = 1) -> None:
        """Count categories of a field that training did not see."""
        self._tally("unknown_categories", field).inc(rows)

    def compared(self, version: str, disagreed: bool) -> None:
        """Count a row that a version scored in the shadow."""
        self._tally("shadow_comparisons", version).inc()
        if disagreed:
            self._tally("shadow_disagreements", version).inc()

    def looked_up(self, age_seconds: float) -> None:
        """Note the age of looked-up features."""
        ages, first = self._feature_age
        with self._counts.lock:
            ages[first] += int(age_seconds * 1e3)
            ages[first + 1 + bisect_left(AGES, age_seconds)] += 1

    def serves(self, role: str, sequence: int, adjustment: int | None = None) -> None:
        """Note the release that serves in a role; 0 where none does.

        Args:
            adjustment: of the release; None where its constants only change by a release.
        """
        self._set("release_sequence", role, sequence)
        self._is_adjusted = self._is_adjusted or adjustment is not None
        if self._is_adjusted:
            self._set("release_adjustment", role, adjustment or 0)

    def exposition(self) -> bytes:
        """All metrics as text, those of every worker where there are several."""
        return generate_latest(self._registry)

    def _tally(self, *key: str) -> Tally:
        tally = self._tallies.get(key)
        if tally is None:
            tally = self._tallies[key] = Tally(self._counts, *key)
        return tally

    def _set(self, name: str, role: str, number: int) -> None:
        integers, at = self._counts.cells((name, role), 2)
        with self._counts.lock:
            integers[at], integers[at + 1] = number, time.time_ns()


class _Exposed(Collector):
    """What all workers have counted, as `prometheus_client` writes it."""

    def __init__(self, model: str, counts: MappedCounts) -> None:
        self._model, self._counts = model, counts

    def collect(self) -> Iterator[Metric]:
        """One family after the other, where something was counted."""
        families: dict[str, dict[Key, list[int]]] = {name: {} for name in _FAMILIES}
        for (name, *labels), values in self._counts.totals():
            series = families[name]
            key = (self._model, *labels)
            series[key] = _merged(_FAMILIES[name], series.get(key), values)
        for name, family in _FAMILIES.items():
            if families[name]:
                yield _metric(f"mlops_{name}", family, families[name])


def _merged(
    family: _Counter | _Gauge | _Histogram, former: list[int] | None, values: list[int]
) -> list[int]:
    """The values of a series, and those that another worker has of it."""
    if former is None:
        return values
    if isinstance(family, _Gauge):
        return max(former, values, key=lambda pair: pair[1])
    return [sum(pair) for pair in zip(former, values, strict=True)]


def _metric(
    name: str, family: _Counter | _Gauge | _Histogram, series: dict[Key, list[int]]
) -> Metric:
    documentation, labels = family.documentation, ("model", *family.labels)
    if isinstance(family, _Counter):
        counter = CounterMetricFamily(name, documentation, labels=labels)
        for key, (total,) in series.items():
            counter.add_metric(key, total)
        return counter
    if isinstance(family, _Gauge):
        gauge = GaugeMetricFamily(name, documentation, labels=labels)
        for key, (number, _) in series.items():
            gauge.add_metric(key, number)
        return gauge
    histogram = HistogramMetricFamily(name, documentation, labels=labels)
    edges = [_edge(edge) for edge in (*family.edges, float("inf"))]
    for key, (total, *classes) in series.items():
        buckets = list(zip(edges, accumulate(classes), strict=True))
        histogram.add_metric(key, buckets, total * family.unit)
    return histogram


def _edge(edge: float) -> str:
    text: str = floatToGoString(edge)  # type: ignore[no-untyped-call]
    return text
