"""What the page of a window's performance shows."""

from collections.abc import Mapping
from typing import Any, Final

import dagster as dg

from mlops_platform.components.model_lifecycle.fairness_tables import gaps_table, groups_table
from mlops_platform.components.model_lifecycle.presentation import picture, table
from mlops_platform.components.model_lifecycle.small_trend import small_trend
from mlops_platform.components.model_lifecycle.window.estimate_tables import (
    estimate_tables,
    span,
)
from mlops_platform.components.model_lifecycle.window.verdict import verdict_of
from mlops_platform.data.windows import window_named
from mlops_platform.monitoring.alarms.performance_alarms import performance_alarms
from mlops_platform.monitoring.performance.estimate_record import estimate_record
from mlops_platform.monitoring.performance.label_delays import delay_distribution
from mlops_platform.monitoring.performance.window_performance import WindowPerformance
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.window.maturity import matures_at

WINDOWS_SHOWN: Final = 8
USUAL_SHARES = {"label_delay_median_hours": 0.5, "label_delay_95_percent_hours": 0.95}


def performance_page(
    spec: ModelSpec, measured: WindowPerformance, history: Mapping[str, WindowPerformance]
) -> dict[str, Any]:
    """Verdict, reason and headline figures first, then the latest windows, then the rest.

    Args:
        history: every measured window of the model, this one included.
    """
    return {
        "window": measured.window,
        **verdict_of(performance_alarms(measured, spec)),
        "state": _state(measured),
        **_changed_labels(measured),
        **({"notes": " ".join(measured.notes)} if measured.notes else {}),
        **_without_none(_losses(spec, measured)),
        **_without_none({"trend": _trend(history)}),
        "windows": _latest(history),
        **_without_none(_metrics(spec, measured)),
        **_kpi(measured),
        **_without_none(_estimated(spec, measured, history)),
        **_without_none(_labels(measured, history)),
        "version": measured.version,
        "matures_at": matures_at(spec, window_named(spec.window, measured.window)).isoformat(),
        **gaps_table(measured.fairness),
        **groups_table(measured.fairness),
        **estimate_tables(spec, measured),
        **_tables(measured),
    }


def _state(measured: WindowPerformance) -> str:
    if measured.is_empty:
        return "empty"
    return "mature" if measured.mature else "provisional"


def _trend(history: Mapping[str, WindowPerformance]) -> dg.MarkdownMetadataValue | None:
    names = sorted(history)
    losses = [history[name].losses for name in names]
    return small_trend(
        {
            "served": [figures.loss for figures in losses],
            "promised": [figures.promised_loss for figures in losses],
            "baseline": [figures.baseline_loss for figures in losses],
        },
        names,
    )


def _latest(history: Mapping[str, WindowPerformance]) -> dg.TableMetadataValue:
    """The newest first, whichever of them was measured last."""
    names = sorted(history, reverse=True)[:WINDOWS_SHOWN]
    return table([_row(history[name]) for name in names])


def _row(measured: WindowPerformance) -> dict[str, Any]:
    mark = "" if measured.mature else " *"  # explained by the header
    return {
        "window (* open)": f"{measured.window}{mark}",
        "v": measured.version,
        "loss": measured.losses.loss,
        "promised": measured.losses.promised_loss,
        "baseline": measured.losses.baseline_loss,
    }


def _changed_labels(measured: WindowPerformance) -> dict[str, Any]:
    """Why the window was measured again after it had been mature."""
    changed = measured.labels_changed
    if changed is None:
        return {}
    return {"labels_changed": changed.labels, "labels_changed_since": changed.since.isoformat()}


def trend_picture(history: Mapping[str, WindowPerformance]) -> dg.MarkdownMetadataValue:
    """The performance of every window, in their order."""
    from mlops_platform.monitoring.trend import performance_trend

    windows = [history[window] for window in sorted(history)]
    return picture(performance_trend(windows), "performance by window")


def _losses(spec: ModelSpec, measured: WindowPerformance) -> dict[str, Any]:
    interval = measured.intervals.get("loss")
    return {
        "loss_is": spec.task.loss_name,
        **measured.losses.named,
        "loss_interval": interval and span(interval),
    }


def _metrics(spec: ModelSpec, measured: WindowPerformance) -> dict[str, Any]:
    shown = [
        name
        for name, metric in spec.task.all_metrics.items()
        if metric.headline and name != spec.task.loss
    ]
    return {
        **{name: measured.metrics.get(name) for name in shown},
        "change_point": measured.change_point,
    }


def _kpi(measured: WindowPerformance) -> dict[str, Any]:
    """What the business counts; nothing where it is not declared, or could not be measured."""
    if not measured.kpi:
        return {}
    rows = [
        {
            "kpi": f"{figure.column} ({figure.unit})",
            "v": figure.version,
            "decision": figure.decision,
            "known": f"{figure.known:,} of {figure.rows:,}",
            "mean": figure.mean,
            "interval": figure.interval and span(figure.interval),
            "total": figure.total,
        }
        for figure in measured.kpi
    ]
    return {"kpi": table(rows)}


def _estimated(
    spec: ModelSpec, measured: WindowPerformance, history: Mapping[str, WindowPerformance]
) -> dict[str, Any]:
    record = estimate_record(history.values())
    metrics, intervals = spec.task.all_metrics, measured.estimated_intervals
    headlines = {name for name, metric in metrics.items() if metric.headline}
    return {
        **_loss_expected(measured),
        **{
            f"estimated_{name}": value
            for name, value in measured.estimated_metrics.items()
            if name in headlines or (name in metrics and name not in intervals)
        },
        "estimate_error": measured.losses.estimate_error if measured.mature else None,
        "estimate_mean_absolute_error": record and record.mean_absolute_error,
        "estimate_mean_error": record and record.mean_error,
    }


def _loss_expected(measured: WindowPerformance) -> dict[str, Any]:
    interval = measured.estimated_intervals.get("loss")
    return {"estimated_loss_interval": interval and span(interval)}


def _labels(
    measured: WindowPerformance, history: Mapping[str, WindowPerformance]
) -> dict[str, Any]:
    delays = delay_distribution(
        [performance.labels.delays for performance in history.values() if performance.labels]
    )
    usual = {name: delays and delays.hours_until(share) for name, share in USUAL_SHARES.items()}
    return {
        "outcomes_known": measured.share_known,
        "outcomes_expected": measured.labels and measured.labels.expected,
        "labelled_rows": measured.labelled,
        **usual,
    }


def _tables(measured: WindowPerformance) -> dict[str, Any]:
    looks = measured.labels.known if measured.labels else ()
    return {
        "detectors": table([change.model_dump() for change in measured.changes]),
        "outcomes_known_over_time": table(
            [{"as_of": f"{look.as_of:%Y-%m-%d %H:%M}", "share": look.share} for look in looks]
        ),
    }


def _without_none(figures: dict[str, Any]) -> dict[str, Any]:
    return {name: figure for name, figure in figures.items() if figure is not None}
