"""performance: how well the predictions of a window turned out."""

from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from mlops_platform.components.model_lifecycle.alarm_checks import check_results, check_specs
from mlops_platform.components.model_lifecycle.presentation import picture
from mlops_platform.components.model_lifecycle.services import (
    asset_arguments,
    open_ledger,
    open_registry,
    present_moment,
    upstream,
)
from mlops_platform.components.partitions import window_partitions
from mlops_platform.components.record_io_manager import (
    partition_record,
    partition_records,
    write_partition_record,
)
from mlops_platform.data.windows import window_named
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.monitoring.alarms.performance_alarms import (
    PERFORMANCE_CHECKS,
    performance_alarms,
)
from mlops_platform.monitoring.performance.window_performance import WindowPerformance
from mlops_platform.settings import settings
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.measure_performance import (
    labels_built_through,
    matured_since,
    matures_at,
    measure_performance,
)
from mlops_platform.usecases.reference import load_reference
from mlops_platform.usecases.score_window import ScoredWindow, responsible_release


def performance_asset(spec: ModelSpec, labels: dg.AssetKey) -> dg.AssetsDefinition:
    """Predictions against what happened."""

    @dg.asset(
        **asset_arguments(
            spec,
            "performance",
            "The predictions of a window joined with the labels known so far, against the "
            "release's own test figures and against always predicting the base rate. Provisional "
            "until its labels are in.",
            "scikitlearn",
        ),
        partitions_def=window_partitions(spec.window),
        ins={"predictions": upstream(spec, "predictions")},
        deps=[labels],
        check_specs=check_specs(spec, "performance", PERFORMANCE_CHECKS),
    )
    def performance(context: dg.AssetExecutionContext, predictions: ScoredWindow) -> Iterator[Any]:
        measured, matured = _measured_windows(spec, predictions)
        shared: dict[str, Any] = {
            "last_decision": _last_word(open_ledger(), spec.name),
            "trend": picture(
                _performance_trend(spec, [measured, *matured]), "performance by window"
            ),
        }
        yield dg.MaterializeResult(
            value=measured,
            metadata={**_headline(spec, measured), **shared},
            check_results=check_results(performance_alarms(measured, spec.monitoring.performance)),
        )
        # After this window, so that the page of the asset ends with what its alarms judge.
        for one in matured:
            _report_matured(context, spec, one, {**_headline(spec, one), **shared})

    return performance


def _measured_windows(
    spec: ModelSpec, scored: ScoredWindow
) -> tuple[WindowPerformance, list[WindowPerformance]]:
    """The window of this step, and earlier ones that are complete now that its labels are built."""
    ledger, registry, moment = open_ledger(), open_registry(), present_moment()
    history = performance_history(spec)
    built = [window_named(spec.window, name) for name in history]
    through = labels_built_through(spec, [*built, scored.window], moment)

    def measured(one: ScoredWindow) -> WindowPerformance:
        release = responsible_release(ledger, spec.name, one)
        reference, _ = load_reference(registry, release)
        return measure_performance(spec, one, reference, settings().published, moment, through)

    key = dg.AssetKey([spec.name, "predictions"])
    others = [name for name in matured_since(spec, history, through) if name != scored.window.name]
    earlier = [partition_record(key, name, ScoredWindow) for name in others]
    return measured(scored), [measured(one) for one in earlier if one is not None]


def _report_matured(
    context: dg.AssetExecutionContext,
    spec: ModelSpec,
    measured: WindowPerformance,
    metadata: dict[str, Any],
) -> None:
    """Put another window's final performance where a run of its own would have put it."""
    key = dg.AssetKey([spec.name, "performance"])
    context.instance.report_runless_asset_event(
        dg.AssetMaterialization(key, partition=measured.window, metadata=metadata)
    )
    for result in check_results(performance_alarms(measured, spec.monitoring.performance)):
        context.instance.report_runless_asset_event(
            dg.AssetCheckEvaluation(
                asset_key=key,
                check_name=str(result.check_name),
                passed=result.passed,
                severity=result.severity,
                metadata=result.metadata,
            )
        )
    write_partition_record(key, measured.window, measured)


def performance_history(spec: ModelSpec) -> dict[str, WindowPerformance]:
    """The performance of every window that was measured, oldest first."""
    return partition_records(dg.AssetKey([spec.name, "performance"]), WindowPerformance)


def _headline(spec: ModelSpec, measured: WindowPerformance) -> dict[str, Any]:
    shown = ("log_loss", "roc_auc", "brier_score", "expected_calibration_error")
    numbers = {name: measured.metrics[name] for name in shown if name in measured.metrics}
    optional = {
        "base_rate_log_loss": measured.base_rate_log_loss,
        "expected_log_loss": measured.expected_log_loss,
        "log_loss_increase": measured.log_loss_increase,
    }
    return {
        "state": "mature" if measured.mature else "provisional",
        **numbers,
        **{name: number for name, number in optional.items() if number is not None},
        "test_log_loss": measured.reference_log_loss,
        "outcomes_known": measured.share_settled,
        "labelled_rows": measured.labelled,
        "version": measured.version,
        "matures_at": matures_at(spec, window_named(spec.window, measured.window)).isoformat(),
    }


def _last_word(ledger: Ledger, model: str) -> str:
    """The ledger's newest decision about the model, before this window was judged."""
    (decision,) = ledger.decisions(model, limit=1)
    return f"{decision.made_at:%Y-%m-%d} {decision.kind}: {decision.reason}"


def _performance_trend(spec: ModelSpec, latest: Sequence[WindowPerformance]) -> bytes:
    from mlops_platform.monitoring.trend import performance_trend

    history = performance_history(spec) | {one.window: one for one in latest}
    return performance_trend([history[window] for window in sorted(history)])
