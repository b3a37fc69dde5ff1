"""performance: how well the predictions of a window turned out."""

from collections.abc import Iterator, Mapping, Sequence
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
    performance_check_descriptions,
)
from mlops_platform.components.model_lifecycle.window.performance_page import (
    performance_page,
    trend_picture,
)
from mlops_platform.components.partitions import window_partitions
from mlops_platform.components.record_files import partition_records
from mlops_platform.components.record_io_manager import write_partition_record
from mlops_platform.components.waiting import waits_for_locks
from mlops_platform.errors import MlopsError
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.monitoring.alarms.performance_alarms import performance_alarms
from mlops_platform.monitoring.performance.window_performance import WindowPerformance
from mlops_platform.monitoring.reference import VersionReference
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.deployment import open_deployment
from mlops_platform.usecases.release.reference import load_reference
from mlops_platform.usecases.window.changed_labels import with_changed_labels
from mlops_platform.usecases.window.kpi import store_kpi
from mlops_platform.usecases.window.maturity import matured_since, measured_labels_through
from mlops_platform.usecases.window.past import PastWindows
from mlops_platform.usecases.window.performance import KnownLabels, measure_performance
from mlops_platform.usecases.window.score import ScoredWindow, responsible_release


def performance_asset(spec: ModelSpec, outcomes: Sequence[dg.AssetKey]) -> dg.AssetsDefinition:
    """Predictions against what happened.

    Args:
        outcomes: tables of labels, and of the KPI where one is declared.
    """

    @dg.asset(
        **asset_arguments(
            spec,
            "performance",
            "The predictions of a window joined with the labels known so far, against the "
            "release's own test figures and against its baseline. Provisional until its labels are "
            "in, and measured again where they change later; beside it what the predictions alone "
            "let expect, and whether the errors have changed since the release.",
            "scikitlearn",
        ),
        partitions_def=window_partitions(spec.window),
        ins={"predictions": upstream(spec, "predictions")},
        deps=list(outcomes),
        check_specs=check_specs(spec, "performance", performance_check_descriptions(spec)),
    )
    @waits_for_locks
    def performance(context: dg.AssetExecutionContext, predictions: ScoredWindow) -> Iterator[Any]:
        measured, others, past, failures = _measured_windows(context, spec, predictions)
        shared: dict[str, Any] = {
            "last_decision": _last_word(open_deployment().ledger, spec.name),
            "larger_trend": trend_picture(past.measured),
        }
        for window in (*others, measured):
            store_kpi(open_deployment().settings, spec, window)
        matured = [window for window in others if window.labels_changed is None]

        def page(window: WindowPerformance) -> dict[str, Any]:
            return {**performance_page(spec, window, past.measured), **shared}

        # Dagster's page of an asset shows what was reported last: it ends with the newest window,
        # and its checks with the newest that could be judged.
        for window in others:
            _report_page(context, window, {**page(window), "measured_by_run": context.run_id})
            write_partition_record(context.asset_key, window.window, window, context.run_id)
            if window not in matured:
                _report_checks(context, spec, window)
        yield dg.MaterializeResult(
            value=measured,
            metadata=browsable(page(measured)),
            check_results=check_results(performance_alarms(measured, spec)),
        )
        newest = past.measured[max(past.measured)]
        if newest.window != measured.window:
            _report_page(context, newest, page(newest))
        for window in matured or _judged_since(measured, past.measured):
            _report_checks(context, spec, window)
        if failures:
            # Last: the window of this run is measured, and somebody is told of the others.
            raise failures[0]

    return performance


def _measured_windows(
    context: dg.AssetExecutionContext, spec: ModelSpec, scored: ScoredWindow
) -> tuple[WindowPerformance, list[WindowPerformance], PastWindows, list[Exception]]:
    """The window of this step, and others that are complete now, or have other labels than before.

    Oldest first, since each is measured with what is known of those before it. The last is what
    has kept others from being measured.
    """
    deployment = open_deployment()
    past = _past(spec)
    moment, published = deployment.moment_of(spec.name), deployment.settings.published
    built = (*past.measured, scored.window.name)
    labels_through = measured_labels_through(deployment.settings, spec, built, moment)
    known_labels = KnownLabels(moment, labels_through)
    matured = matured_since(spec, past.measured, known_labels.built_through)
    changed = with_changed_labels(deployment, spec, past.measured)
    others = {*matured, *changed} & past.scored.keys()
    measured: dict[str, WindowPerformance] = {}
    failures: list[Exception] = []
    references: dict[int, VersionReference] = {}
    for name in sorted(others | {scored.window.name}):
        window = scored if name == scored.window.name else past.scored[name]
        try:
            if window.release not in references:
                release = responsible_release(deployment.ledger, spec.name, window)
                references[window.release] = load_reference(deployment.registry, release)
            measured[name] = measure_performance(
                published, spec, window, references[window.release], known_labels, past
            )
        except Exception as error:
            # Of an old window something may be gone; the new one is measured all the same.
            if name == scored.window.name:
                raise
            context.log.warning(f"{name}, measured before, is not measured again: {error}")
            if name in matured or not isinstance(error, MlopsError):
                failures.append(error)
            continue
        past = past.with_measured(measured[name])
    own = measured.pop(scored.window.name)
    return own, list(measured.values()), past, failures


def _past(spec: ModelSpec) -> PastWindows:
    scored = partition_records((spec.name, "predictions"), ScoredWindow)
    return PastWindows(scored, performance_history(spec))


def _report_page(
    context: dg.AssetExecutionContext, measured: WindowPerformance, metadata: dict[str, Any]
) -> None:
    """Show another window's performance as a run of its own would have shown it."""
    context.instance.report_runless_asset_event(
        dg.AssetMaterialization(
            context.asset_key, partition=measured.window, metadata=browsable(metadata)
        )
    )


def _report_checks(
    context: dg.AssetExecutionContext, spec: ModelSpec, measured: WindowPerformance
) -> None:
    """Evaluate the checks of another window."""
    alarms = performance_alarms(measured, spec)
    for evaluation in check_evaluations(context.asset_key, measured.window, alarms):
        context.instance.report_runless_asset_event(evaluation)


def _judged_since(
    own: WindowPerformance, history: Mapping[str, WindowPerformance]
) -> list[WindowPerformance]:
    """The newest mature window, where the one of this step is older and was measured again."""
    newest = max((name for name, window in history.items() if window.mature), default=own.window)
    return [history[newest]] if own.mature and newest > own.window else []


def performance_history(spec: ModelSpec) -> dict[str, WindowPerformance]:
    """The performance of every window that was measured, oldest first."""
    return partition_records((spec.name, "performance"), WindowPerformance)


def _last_word(ledger: Ledger, model: str) -> str:
    """The ledger's newest decision about the model, before this window was judged."""
    (decision,) = ledger.decisions(model, limit=1)
    return f"{decision.made_at:%Y-%m-%d} {decision.kind}: {decision.reason}"
