"""What the page of a window's drift shows."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

import dagster as dg

from mlops_platform.components.model_lifecycle.presentation import mlflow_run, picture, table
from mlops_platform.components.model_lifecycle.small_trend import small_trend
from mlops_platform.components.model_lifecycle.window.verdict import verdict_of
from mlops_platform.monitoring.alarms.alarm import Alarm
from mlops_platform.monitoring.alarms.drift_alarms import drift_alarms
from mlops_platform.monitoring.alarms.empty_window import empty_window_alarms
from mlops_platform.monitoring.alarms.quality_alarms import quality_alarms
from mlops_platform.monitoring.drift.column_drift import ColumnDrift, GroupDrift
from mlops_platform.monitoring.drift.window_drift import WindowDrift
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.window.drift import WatchedWindow

EMPTY: Final = "there is nothing to compare"
DRIFTED: Final = "▲"


def drift_report_alarms(spec: ModelSpec, watched: WatchedWindow) -> tuple[Alarm, ...]:
    """One alarm per check of a window; of an empty one most cannot be judged."""
    quality = watched.quality
    if quality is None:  # a record of before it was measured
        return drift_alarms(watched.drift, spec.monitoring.drift) if watched.drift else ()
    if watched.drift is None:
        return empty_window_alarms(quality, spec.monitoring.quality)
    return (
        *drift_alarms(watched.drift, spec.monitoring.drift),
        *quality_alarms(quality, spec.monitoring.quality),
    )


def drift_page(
    deployment: Deployment,
    spec: ModelSpec,
    watched: WatchedWindow,
    history: Mapping[str, WatchedWindow],
) -> dict[str, Any]:
    """Verdict, reason and figures first, then what drifted most, then links and the rest.

    Args:
        history: every watched window of the model, this one included.
    """
    drift = watched.drift
    return {
        "window": watched.window.name,
        **verdict_of(drift_report_alarms(spec, watched)),
        **({"empty": EMPTY} if drift is None else _figures(drift)),
        **_trend(history),
        **({} if drift is None else {"columns": _columns(drift)}),
        **_quality(watched),
        "version": watched.version,
        **({} if drift is None else _report(deployment, spec, watched)),
        "larger_trend": picture(_larger_trend(history), "drift by window"),
    }


def _figures(drift: WindowDrift) -> dict[str, Any]:
    """Numbers of one window; Dagster plots each over the windows."""
    judged = {
        f"{name}_{figure}": value
        for name, group in (
            ("features", drift.features),
            ("prediction", drift.scores),
            ("segments", drift.segments),
        )
        if group is not None
        for figure, value in (
            ("greatest_deviation", group.greatest_deviation),
            ("threshold", group.threshold),
        )
        if value is not None
    }
    return {
        **judged,
        "drift_share": drift.share_of_columns,
        "drift_share_by_importance": drift.importance_share,
        "prediction_drift": drift.prediction,
        "alarm": "not judged" if drift.alarm is None else drift.alarm,
        "rows": drift.rows,
        f"reference_{drift.features.unit}s": drift.features.reference_days,
    }


def _trend(history: Mapping[str, WatchedWindow]) -> dict[str, Any]:
    """Deviations over their own thresholds, so that one scale does for all: from 1 on it alarms."""
    names = [name for name in sorted(history) if history[name].drift is not None]
    drifts = [drift for name in names if (drift := history[name].drift) is not None]
    trend = small_trend(
        {
            "features": [_of_threshold(drift.features) for drift in drifts],
            "predictions": [_of_threshold(drift.scores) for drift in drifts],
            "segments": [_of_threshold(drift.segments) for drift in drifts],
        },
        names,
    )
    return {} if trend is None else {"trend_over_threshold": trend}


def _of_threshold(group: GroupDrift | None) -> float | None:
    if group is None or group.greatest_deviation is None or not group.threshold:
        return None
    return group.greatest_deviation / group.threshold


def _columns(drift: WindowDrift) -> dg.TableMetadataValue:
    """What drifted comes first, then by how far it went; predictions and segments among them."""
    segments = drift.segments.columns if drift.segments else ()
    columns = sorted((*drift.columns, *drift.scores.columns, *segments), key=_furthest_first)
    return table(
        [
            {
                "column": _named(column),
                "deviation": column.deviation,
                "distance": column.statistic,
            }
            for column in columns
        ]
    )


def _named(column: ColumnDrift) -> str:
    """What drifted is marked, and says by which statistic."""
    if not column.drifted:
        return column.column
    return f"{DRIFTED} {column.column}" + (f" ({column.cause})" if column.cause else "")


def _furthest_first(column: ColumnDrift) -> tuple[bool, float, float]:
    far = column.deviation if column.deviation is not None else float("-inf")
    return not column.drifted, -far, -column.statistic


def _quality(watched: WatchedWindow) -> dict[str, Any]:
    quality = watched.quality
    if quality is None:
        return {}
    return {
        **({} if quality.rows_ratio is None else {"rows_ratio": quality.rows_ratio}),
        "out_of_range": quality.furthest[1],
        "days": table(
            [
                {
                    "day": f"{volume.day:%a %Y-%m-%d}",
                    "rows": volume.rows,
                    "usual": volume.usual,
                    "compared": volume.compared,
                }
                for volume in quality.day_volumes
            ]
        ),
    }


def _report(deployment: Deployment, spec: ModelSpec, watched: WatchedWindow) -> dict[str, Any]:
    """Where the report of a window with rows is, and for how long."""
    assert watched.run_id is not None
    assert watched.report is not None
    kept_until = watched.window.end + timedelta(days=spec.monitoring.drift.keep_reports_days)
    return {
        "open_report": mlflow_run(deployment, watched.run_id, watched.report),
        "report_kept_until": str(kept_until),
    }


def _larger_trend(history: Mapping[str, WatchedWindow]) -> bytes:
    from mlops_platform.monitoring.trend import drift_trend

    return drift_trend(
        [
            (watched.window.start, watched.drift)
            for _, watched in sorted(history.items())
            if watched.drift is not None
        ]
    )
