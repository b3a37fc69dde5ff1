"""Tables of what the predictions of a window let expect, before its labels are known."""

import dagster as dg

from mlops_platform.components.model_lifecycle.presentation import table
from mlops_platform.formats.digits import digits
from mlops_platform.monitoring.performance.expected_interval import expected_interval
from mlops_platform.monitoring.performance.interval import Interval
from mlops_platform.monitoring.performance.window_performance import WindowPerformance
from mlops_platform.spec import ModelSpec


def estimate_tables(
    spec: ModelSpec, measured: WindowPerformance
) -> dict[str, dg.TableMetadataValue]:
    """Figures with their intervals, and expected rows by what comes true and what was decided."""
    confidence = spec.monitoring.performance.interval_confidence
    return {**_figures(measured, confidence), **_confusion(measured, confidence)}


def _figures(measured: WindowPerformance, confidence: float) -> dict[str, dg.TableMetadataValue]:
    expected = measured.estimated_metrics
    rows = [
        {"figure": name, "expected": expected[name], f"{confidence:.0%} interval": span(interval)}
        for name, interval in measured.estimated_intervals.items()
        if name in expected
    ]
    return {"estimated_figures": table(rows)} if rows else {}


def _confusion(measured: WindowPerformance, confidence: float) -> dict[str, dg.TableMetadataValue]:
    confusion = measured.estimated_confusion
    if confusion is None:
        return {}
    rows = []
    for outcome, counts, errors in zip(
        confusion.outcomes, confusion.rows, confusion.errors, strict=True
    ):
        cells = [
            f"{digits(count)} ({span(expected_interval(count, error, confidence))})"
            for count, error in zip(counts, errors, strict=True)
        ]
        named = zip(confusion.decisions, cells, strict=True)
        rows.append({"outcome": outcome, **{f"decided {name}": cell for name, cell in named}})
    return {"estimated_confusion": table(rows)}


def span(interval: Interval) -> str:
    """Both ends, in words."""
    return f"{digits(interval.lower)} to {digits(interval.upper)}"
