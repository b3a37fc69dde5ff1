"""drift_report: how far a window has drifted from what its release was trained on."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

import dagster as dg

from mlops_platform.components.model_lifecycle.asset_arguments import asset_arguments, upstream
from mlops_platform.components.model_lifecycle.presentation import (
    browsable,
    mlflow_run,
    picture,
    table,
)
from mlops_platform.components.model_lifecycle.window.alarm_checks import check_results, check_specs
from mlops_platform.components.partitions import window_partitions
from mlops_platform.components.record_files import partition_records
from mlops_platform.components.waiting import waits_for_locks
from mlops_platform.monitoring.alarms.drift_alarms import DRIFT_CHECKS, drift_alarms
from mlops_platform.monitoring.alarms.empty_window import empty_window_alarms
from mlops_platform.monitoring.alarms.quality_alarms import QUALITY_CHECKS, quality_alarms
from mlops_platform.monitoring.drift.window_drift import WindowDrift
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.deployment import Deployment, open_deployment
from mlops_platform.usecases.release.reference import load_profile, load_reference
from mlops_platform.usecases.window.drift import WatchedWindow, watch_drift
from mlops_platform.usecases.window.score import ScoredWindow, responsible_release

EMPTY: Final = "there is nothing to compare"


def drift_report_asset(spec: ModelSpec) -> dg.AssetsDefinition:
    """The window against what its release was trained on."""

    @dg.asset(
        **asset_arguments(
            spec,
            "drift_report",
            "All rows of a window against the profile of the training set, column by column, and "
            "its scores against those of held-out rows; judged by what windows of the reference "
            "itself show, and explained by Evidently on a sample.",
            "evidently",
        ),
        partitions_def=window_partitions(spec.window),
        ins={"predictions": upstream(spec, "predictions")},
        check_specs=check_specs(spec, "drift_report", (*DRIFT_CHECKS, *QUALITY_CHECKS)),
    )
    @waits_for_locks
    def drift_report(predictions: ScoredWindow) -> Iterator[Any]:
        deployment = open_deployment()
        release = responsible_release(deployment.ledger, spec.name, predictions)
        reference = load_reference(deployment.registry, release)
        profile = load_profile(deployment.registry, release)
        watched = watch_drift(deployment, spec, predictions, reference, profile)
        quality = watched.quality
        assert quality is not None  # older records alone lack it
        yield dg.MaterializeResult(
            value=watched,
            metadata=browsable(
                {
                    **(_compared(deployment, spec, watched) if watched.drift else {"empty": EMPTY}),
                    **({} if quality.rows_ratio is None else {"rows_ratio": quality.rows_ratio}),
                    "out_of_range": quality.furthest[1],
                    "version": watched.version,
                    "days": table([volume.model_dump() for volume in quality.day_volumes]),
                    "trend": picture(_drift_trend(spec, watched), "drift by window"),
                }
            ),
            check_results=check_results(
                (
                    *drift_alarms(watched.drift, spec.monitoring.drift),
                    *quality_alarms(quality, spec.monitoring.quality),
                )
                if watched.drift
                else empty_window_alarms(quality, spec.monitoring.quality)
            ),
        )

    return drift_report


def drift_history(spec: ModelSpec) -> dict[str, WatchedWindow]:
    """The drift of every window that was watched, oldest first."""
    return partition_records((spec.name, "drift_report"), WatchedWindow)


def _compared(deployment: Deployment, spec: ModelSpec, watched: WatchedWindow) -> dict[str, Any]:
    """What there is of a window with rows: its figures, and where its report is."""
    assert watched.drift is not None
    assert watched.run_id is not None
    assert watched.report is not None
    kept_until = watched.window.end + timedelta(days=spec.monitoring.drift.keep_reports_days)
    return {
        **_figures(watched.drift),
        "open_report": mlflow_run(deployment, watched.run_id, watched.report),
        "report_kept_until": str(kept_until),
        "columns": _columns(watched.drift),
    }


def _drift_trend(spec: ModelSpec, latest: WatchedWindow) -> bytes:
    from mlops_platform.monitoring.trend import drift_trend

    history = drift_history(spec) | {latest.window.name: latest}
    return drift_trend(
        [
            (watched.window.start, watched.drift)
            for _, watched in sorted(history.items())
            if watched.drift is not None
        ]
    )


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
        "drift_share": drift.share_of_columns,
        "drift_share_by_importance": drift.importance_share,
        "prediction_drift": drift.prediction,
        **judged,
        "alarm": str(drift.alarm),
        "rows": drift.rows,
        f"reference_{drift.features.unit}s": drift.features.reference_days,
    }


def _columns(drift: WindowDrift) -> dg.TableMetadataValue:
    segments = drift.segments.columns if drift.segments else ()
    columns = (*drift.most_drifted, *drift.scores.columns, *segments)
    return table([column.model_dump() for column in columns])
