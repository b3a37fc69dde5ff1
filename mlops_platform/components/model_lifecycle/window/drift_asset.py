"""drift_report: how far a window has drifted from what its release was trained on."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from mlops_platform.components.model_lifecycle.asset_arguments import asset_arguments, upstream
from mlops_platform.components.model_lifecycle.presentation import browsable
from mlops_platform.components.model_lifecycle.window.alarm_checks import (
    check_evaluations,
    check_results,
    check_specs,
)
from mlops_platform.components.model_lifecycle.window.check_descriptions import (
    drift_check_descriptions,
)
from mlops_platform.components.model_lifecycle.window.drift_page import (
    drift_page,
    drift_report_alarms,
)
from mlops_platform.components.partitions import window_partitions
from mlops_platform.components.record_files import partition_records
from mlops_platform.components.waiting import waits_for_locks
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.deployment import open_deployment
from mlops_platform.usecases.release.reference import load_profile, load_reference
from mlops_platform.usecases.window.drift import WatchedWindow, watch_drift
from mlops_platform.usecases.window.score import ScoredWindow, responsible_release


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
        check_specs=check_specs(spec, "drift_report", drift_check_descriptions(spec)),
    )
    @waits_for_locks
    def drift_report(context: dg.AssetExecutionContext, predictions: ScoredWindow) -> Iterator[Any]:
        deployment = open_deployment()
        release = responsible_release(deployment.ledger, spec.name, predictions)
        reference = load_reference(deployment.registry, release)
        profile = load_profile(deployment.registry, release)
        watched = watch_drift(deployment, spec, predictions, reference, profile)
        history = drift_history(spec) | {watched.window.name: watched}
        yield dg.MaterializeResult(
            value=watched,
            metadata=browsable(drift_page(deployment, spec, watched, history)),
            check_results=check_results(drift_report_alarms(spec, watched)),
        )
        newest = history[max(history)]
        if newest.window.name != watched.window.name:
            # Dagster's page of an asset shows what was reported last.
            _show_again(context, spec, newest, drift_page(deployment, spec, newest, history))

    return drift_report


def _show_again(
    context: dg.AssetExecutionContext,
    spec: ModelSpec,
    watched: WatchedWindow,
    page: dict[str, Any],
) -> None:
    """Let the page of the asset, and its checks, end with a newer window than the step's."""
    key, window = context.asset_key, watched.window.name
    context.instance.report_runless_asset_event(
        dg.AssetMaterialization(key, partition=window, metadata=browsable(page))
    )
    for evaluation in check_evaluations(key, window, drift_report_alarms(spec, watched)):
        context.instance.report_runless_asset_event(evaluation)


def drift_history(spec: ModelSpec) -> dict[str, WatchedWindow]:
    """The drift of every window that was watched, oldest first."""
    return partition_records((spec.name, "drift_report"), WatchedWindow)
