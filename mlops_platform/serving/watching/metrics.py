"""What Prometheus is told about one service; workers add up in one exposition."""

from __future__ import annotations

import os
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
AGES = (60, 300, 900, 3600, 4 * 3600, 12 * 3600, 24 * 3600, 48 * 3600, 7 * 24 * 3600)
UNKNOWN_FIELD = "other"
"""Stands for fields that the model does not have: clients may invent any number of them."""


class ServiceMetrics:
    """The metrics of one worker; made in the worker itself, where BentoML has set their folder.

    Args:
        fields: the names that a row may have.
    """

    def __init__(self, model: str, fields: Iterable[str]) -> None:
        self._model, self._fields = model, frozenset(fields)
        self._registry = CollectorRegistry()
        answered = ("route", "version", "role")
        self._requests = self._counter("requests", "Answered requests.", *answered, "status")
        self._seconds = Histogram(
            "mlops_request_seconds",
            "Time from request to response.",
            ("model", *answered),
            registry=self._registry,
            buckets=SECONDS,
        )
        self._errors = self._counter("errors", "Requests that were not answered.", "kind")
        self._ended = self._counter("connections_ended", "Ended by the service itself.", "reason")
        self._predictions = self._counter("predictions", "Rows scored.", "version", "role")
        self._violations = self._counter("schema_violations", "Refused values.", "field")
        self._unknown = self._counter("unknown_categories", "Categories not trained on.", "field")
        self._missing = self._counter("missing_values", "Nulls in scored rows.", "field")
        self.load_failures = self._counter("load_failures", "Versions refused.").labels(model)
        self.log_drops = self._counter("log_drops", "Predictions not logged.").labels(model)
        self._compared = self._counter("shadow_comparisons", "Rows in the shadow.", "version")
        self._disagreed = self._counter("shadow_disagreements", "Decided otherwise.", "version")
        self.shadow_drops = self._counter("shadow_drops", "Rows too many.").labels(model)
        self._sequence = self._gauge(
            "release_sequence", "Sequence of the release that serves.", "role"
        )
        self._adjustment = self._gauge(
            "release_adjustment", "Adjustment of the release that serves.", "role"
        )
        self._is_adjusted = False
        self._feature_age = Histogram(
            "mlops_feature_age_seconds",
            "Age of the features of predictions by entity.",
            ("model",),
            registry=self._registry,
            buckets=AGES,
        ).labels(model)
        self._children: dict[tuple[str, str, str, int], tuple[Counter, Histogram]] = {}
        self._scored: dict[tuple[str, str], Counter] = {}

    def answered(self, route: str, version: str, role: str, status: int, seconds: float) -> None:
        """Count a response and its time."""
        key = (route, version, role, status)
        children = self._children.get(key)
        if children is None:
            # `labels` costs as much as counting itself: resolved once.
            origin = (self._model, route, version, role)
            children = self._requests.labels(*origin, str(status)), self._seconds.labels(*origin)
            self._children[key] = children
        children[0].inc()
        children[1].observe(seconds)

    def failed(self, kind: str, fields: Iterable[str] = ()) -> None:
        """Count an error, and the fields that were at fault."""
        self._errors.labels(self._model, kind).inc()
        for field in fields:
            known = field if field in self._fields else UNKNOWN_FIELD
            self._violations.labels(self._model, known).inc()

    def connection_ended(self, reason: str) -> None:
        """Count a connection that did not keep a limit."""
        self._ended.labels(self._model, reason).inc()

    def predicted(self, version: str, role: str, rows: int = 1) -> None:
        """Count scored rows."""
        child = self._scored.get((version, role))
        if child is None:
            child = self._predictions.labels(self._model, version, role)
            self._scored[version, role] = child
        child.inc(rows)

    def missing(self, field: str, rows: int = 1) -> None:
        """Count nulls of a field."""
        self._missing.labels(self._model, field).inc(rows)

    def unknown(self, field: str, rows: int = 1) -> None:
        """Count categories of a field that training did not see."""
        self._unknown.labels(self._model, field).inc(rows)

    def compared(self, version: str, disagreed: bool) -> None:
        """Count a row that a version scored in the shadow."""
        self._compared.labels(self._model, version).inc()
        if disagreed:
            self._disagreed.labels(self._model, version).inc()

    def looked_up(self, age_seconds: float) -> None:
        """Note the age of looked-up features."""
        self._feature_age.observe(age_seconds)

    def serves(self, role: str, sequence: int, adjustment: int | None = None) -> None:
        """Note the release that serves in a role; 0 where none does.

        Args:
            adjustment: of the release; None where its constants only change by a release.
        """
        self._sequence.labels(self._model, role).set(sequence)
        self._is_adjusted = self._is_adjusted or adjustment is not None
        if self._is_adjusted:
            self._adjustment.labels(self._model, role).set(adjustment or 0)

    def exposition(self) -> bytes:
        """All metrics as text, those of every worker where there are several."""
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return generate_latest(self._registry)
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)

    def _counter(self, name: str, documentation: str, *labels: str) -> Counter:
        return Counter(f"mlops_{name}", documentation, ("model", *labels), registry=self._registry)

    def _gauge(self, name: str, documentation: str, *labels: str) -> Gauge:
        return Gauge(
            f"mlops_{name}",
            documentation,
            ("model", *labels),
            registry=self._registry,
            multiprocess_mode="mostrecent",
        )
