"""How good the predictions of a window turned out to be, as far as its labels are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_platform.data.features.features import read_outcomes
from mlops_platform.data.features.labels import count_changed_labels, labels_settle_at
from mlops_platform.data.features.landed.outcomes import beside_column
from mlops_platform.data.predicted_columns import predictions_in
from mlops_platform.data.windows import Window, window_named
from mlops_platform.fairness.groups import groups_of
from mlops_platform.fairness.measure import MeasuredRows, measure_fairness
from mlops_platform.fairness.record import Fairness
from mlops_platform.monitoring.loss_figures import LossFigures
from mlops_platform.monitoring.performance.changes.error_blocks import (
    ROWS_OF_BLOCK,
    error_blocks,
)
from mlops_platform.monitoring.performance.changes.find_changes import find_changes
from mlops_platform.monitoring.performance.expected_interval import expected_intervals
from mlops_platform.monitoring.performance.interval import (
    ClusteredMean,
    Interval,
    clustered_mean,
    doubt_of_easier_rows,
)
from mlops_platform.monitoring.performance.label_maturity import LabelMaturity, label_maturity
from mlops_platform.monitoring.performance.window_performance import (
    ChangedLabels,
    WindowPerformance,
)
from mlops_platform.spec import ModelSpec
from mlops_platform.spec.data import SAMPLE_WEIGHT
from mlops_platform.tasks import EstimatedPerformance
from mlops_platform.usecases.window.estimate import estimate_window
from mlops_platform.usecases.window.kpi import measure_kpi
from mlops_platform.usecases.window.labelled_rows import (
    LabelledRows,
    held_out_rows,
    labelled_rows,
    measurable,
    with_weights_of,
    without_seen_labels,
)
from mlops_platform.usecases.window.maturity import label_days, matures_at
from mlops_platform.usecases.window.outcome_digests import OutcomeDigests
from mlops_platform.usecases.window.past import PastWindows
from mlops_platform.usecases.window.score import ScoredWindow

if TYPE_CHECKING:
    import pyarrow as pa

    from mlops_platform.monitoring.reference import Reference, VersionReference


@dataclass(frozen=True)
class KnownLabels:
    """Which labels a window is measured with.

    Args:
        as_of: those that were known then.
        built_through: until when they are built; what matures later is provisional.
    """

    as_of: datetime
    built_through: datetime

    def are_all_of(self, spec: ModelSpec, window: Window) -> bool:
        """Whether no other label of a window is expected."""
        return matures_at(spec, window) <= min(self.as_of, self.built_through)


def measure_performance(
    published_root: Path,
    spec: ModelSpec,
    scored: ScoredWindow,
    reference: VersionReference,
    known_labels: KnownLabels,
    past: PastWindows | None = None,
) -> WindowPerformance:
    """Join predictions with the labels known by then, and measure.

    Args:
        reference: the release's own figures, and its baseline, which any window must beat; with
            the errors on its held-out rows its later ones are compared.
        past: the model's other windows, where there are any.
    """
    if scored.is_empty:
        return _of_nothing(spec, scored, reference.figures, known_labels)
    window, past, figures = scored.window, past or PastWindows(), reference.figures
    # Another loss in the YAML is that of later versions: this one has promised in its own.
    spec = spec.with_loss(figures.loss)
    # Before the labels are read: what is published meanwhile has to count as a change.
    labels_digest = OutcomeDigests(spec, published_root).of(window)
    compared = spec.evaluation.fairness.columns if spec.evaluation.fairness else ()
    outcomes = read_outcomes(
        spec, published_root, [scored.path], window.days, known_labels.as_of, compared
    )
    outcomes = with_weights_of(figures, without_seen_labels(outcomes, figures.seen_until))
    rows = labelled_rows(spec, outcomes, figures.baseline)
    predictions = predictions_in(outcomes, spec.task.outputs, SAMPLE_WEIGHT)
    tested = held_out_rows(spec, reference.held_out, figures.baseline, figures.weight)
    estimate = estimate_window(spec, scored, predictions, published_root, past, figures)
    metrics = _metrics(spec, rows)
    known = outcomes.num_rows - outcomes["known_at"].null_count
    kpi = measure_kpi(published_root, spec, scored, known_labels.as_of)
    # Without event time a label is due on no day: where all have landed nothing is waited for.
    complete = not spec.features.has_event_time and 0 < outcomes.num_rows == known
    mature = complete or known_labels.are_all_of(spec, window)
    return WindowPerformance(
        window=window.name,
        start=window.start,
        end=window.end,
        version=scored.version,
        release=scored.release,
        rows=outcomes.num_rows,
        outcomes_known=known,
        labelled=len(rows.targets),
        mature=mature,
        as_of=known_labels.as_of,
        losses=_losses(spec, rows, metrics, figures, estimate),
        metrics=metrics,
        intervals=_intervals(spec, rows, tested, figures),
        **_estimated(spec, estimate),
        labels=_labels(window, known_labels.as_of, outcomes, past),
        labels_digest=labels_digest,
        labels_settle_at=labels_settle_at(spec, published_root, label_days(spec, window)),
        labels_changed=_labels_changed(
            spec, published_root, past.measured.get(window.name), labels_digest, known_labels.as_of
        ),
        notes=(
            *_outcome_notes(spec, outcomes, rows),
            *spec.task.notes(tested.predictions, predictions),
            *kpi.notes,
        ),
        kpi=kpi.figures,
        fairness=_fairness(spec, outcomes, rows) if mature else None,
        **(_changes(spec, scored, rows, tested, past) if mature else {}),
    )


def _of_nothing(
    spec: ModelSpec, scored: ScoredWindow, reference: Reference, known_labels: KnownLabels
) -> WindowPerformance:
    """Of a window without rows: it has been looked at, and takes part in no figure."""
    task = spec.with_loss(reference.loss).task
    losses = LossFigures(
        name=task.loss_name,
        baseline_name=task.baseline_name,
        test_loss=reference.test_loss,
        test_baseline_loss=reference.test_baseline_loss,
    )
    return WindowPerformance(
        window=scored.window.name,
        start=scored.window.start,
        end=scored.window.end,
        version=scored.version,
        release=scored.release,
        rows=0,
        outcomes_known=0,
        labelled=0,
        mature=known_labels.are_all_of(spec, scored.window),
        as_of=known_labels.as_of,
        losses=losses,
        metrics={},
    )


def _losses(
    spec: ModelSpec,
    rows: LabelledRows,
    metrics: Mapping[str, float],
    reference: Reference,
    estimate: EstimatedPerformance | None,
) -> LossFigures:
    return LossFigures(
        name=spec.task.loss_name,
        baseline_name=spec.task.baseline_name,
        loss=metrics.get(spec.task.loss),
        baseline_loss=rows.predictions.mean_of(rows.baseline_losses) if len(rows.targets) else None,
        test_loss=reference.test_loss,
        test_baseline_loss=reference.test_baseline_loss,
        estimated_loss=estimate.loss if estimate else None,
        estimated_baseline_loss=estimate.baseline_loss if estimate else None,
    )


def _estimated(spec: ModelSpec, estimate: EstimatedPerformance | None) -> dict[str, Any]:
    if estimate is None:
        return {}
    confidence = spec.monitoring.performance.interval_confidence
    return {
        "estimated_metrics": estimate.metrics,
        "estimated_intervals": expected_intervals(estimate, confidence),
        "estimated_confusion": estimate.confusion,
    }


def _metrics(spec: ModelSpec, rows: LabelledRows) -> dict[str, float]:
    """Metrics of rows with a label; not a number where these do not define one.

    Of outcomes that nothing can be fitted on those of the YAML do not: they may not bear them.
    """
    task, targets = spec.task, rows.targets
    if not len(targets):
        return {}
    if task.refusal(targets) is None:
        return task.measure(targets, rows.predictions)
    undefined = {metric.name: float("nan") for metric in task.metrics}
    own = task.model_copy(update={"metrics": ()})
    return {**own.measure(targets, rows.predictions), **undefined}


def _outcome_notes(spec: ModelSpec, outcomes: pa.Table, rows: LabelledRows) -> tuple[str, ...]:
    labels = measurable(spec.task, outcomes)["label"].to_numpy()
    return spec.task.outcome_notes(labels, rows.predictions)


def _intervals(
    spec: ModelSpec, rows: LabelledRows, tested: LabelledRows, reference: Reference
) -> dict[str, Interval]:
    """Of the loss, of its differences from promise and baseline, and of metrics of rows."""
    values = {
        name: metric.row_values(rows.targets, rows.predictions)
        for name, metric in spec.task.own_metrics.items()
        if metric.row_values is not None and name != spec.task.loss
    }
    values["loss"] = rows.losses
    values["loss_over_baseline"] = rows.losses - rows.baseline_losses
    means = {
        name: clustered_mean(row_values, rows.units, rows.predictions.weights)
        for name, row_values in values.items()
    }
    if reference.test_baseline_loss:
        promised = reference.test_loss / reference.test_baseline_loss
        means["loss_increase"] = _increase(rows, tested, promised)
    confidence = spec.monitoring.performance.interval_confidence
    return {name: mean.interval(confidence) for name, mean in means.items() if mean is not None}


def _increase(rows: LabelledRows, tested: LabelledRows, promised: float) -> ClusteredMean | None:
    """Of the loss over what the test promises, which was promised by the test's own days.

    It was for rows as hard as these: that easier ones lose in proportion is in doubt as well.

    Args:
        promised: loss over that of the baseline, on the test rows.
    """
    excesses, of_test = (each.losses - promised * each.baseline_losses for each in (rows, tested))
    increase = clustered_mean(excesses, rows.units, rows.predictions.weights)
    on_test = clustered_mean(of_test, tested.units, tested.predictions.weights)
    if increase is None or on_test is None:
        return increase
    hardness, hardness_of_test = (
        each.predictions.mean_of(each.baseline_losses) for each in (rows, tested)
    )
    scale = hardness / hardness_of_test if hardness_of_test else 0.0
    doubt = doubt_of_easier_rows(
        of_test, tested.baseline_losses, tested.units, hardness, tested.predictions.weights
    )
    error = ((scale * on_test.error) ** 2 + doubt) ** 0.5
    return increase.less_sure_by(on_test._replace(error=error))


def _fairness(spec: ModelSpec, outcomes: pa.Table, rows: LabelledRows) -> Fairness | None:
    """By group, of the rows of `labelled_rows`, in their order."""
    labelled, declared = measurable(spec.task, outcomes), spec.evaluation.fairness
    groups = {
        column: groups_of(spec.features, column, labelled[beside_column(column)].to_pandas())
        for column in (declared.columns if declared else ())
    }
    measured = MeasuredRows(groups, rows.targets, rows.predictions, rows.units)
    return measure_fairness(spec, measured)


def _labels(
    window: Window, moment: datetime, outcomes: pa.Table, past: PastWindows
) -> LabelMaturity | None:
    before = past.measured.get(window.name)
    return label_maturity(
        moment,
        outcomes["event_time"].to_numpy(),
        outcomes["known_at"].to_numpy(),
        before.labels if before else None,
        past.labels_of_others(window),
    )


def _labels_changed(
    spec: ModelSpec,
    published_root: Path,
    before: WindowPerformance | None,
    labels_digest: str,
    moment: datetime,
) -> ChangedLabels | None:
    if before is None or not before.is_overtaken(labels_digest, moment):
        return None
    days = label_days(spec, window_named(spec.window, before.window))
    # Not after `as_of`: what had happened before was not always published before.
    after = before.labels_known_through
    labels = count_changed_labels(spec, published_root, days, after, moment)
    return ChangedLabels(since=before.as_of, labels=labels)


def _changes(
    spec: ModelSpec,
    scored: ScoredWindow,
    rows: LabelledRows,
    tested: LabelledRows,
    past: PastWindows,
) -> dict[str, Any]:
    """What the detectors find in the errors of the release up to the end of this window."""
    declared = spec.monitoring.performance.change_detection
    if not declared.detectors:
        return {}
    # Without event time a landed day may hold everything: then no day is a block.
    block_rows = declared.block_rows or (None if spec.features.has_event_time else ROWS_OF_BLOCK)
    tested_blocks, own = [
        error_blocks(
            labelled.days,
            labelled.losses,
            labelled.baseline_losses,
            block_rows,
            labelled.predictions.weights,
        )
        for labelled in (tested, rows)
    ]
    served = [*past.errors_before(scored.window, scored.release), *own]
    changes = find_changes(declared, tested_blocks, served)
    change_point = any(change.decides and change.found for change in changes)
    return {"blocks": own, "changes": changes, "change_point": change_point}
