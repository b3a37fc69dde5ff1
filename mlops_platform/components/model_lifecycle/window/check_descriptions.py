"""What each check of a window judges, and by which limit of the model's YAML."""

from mlops_platform.fairness.limits import limits_text
from mlops_platform.spec import LevelsSpec, Limit, MetricLevelsSpec, ModelSpec, bounds_of
from mlops_platform.tasks import Metric


def drift_check_descriptions(spec: ModelSpec) -> dict[str, str]:
    """A sentence for each check of the drift report, in their order."""
    return {**_drift(spec), **_quality(spec)}


def performance_check_descriptions(spec: ModelSpec) -> dict[str, str]:
    """A sentence for each check of the performance of a window, in their order."""
    declared, loss, task = spec.monitoring.performance, spec.task.loss_name, spec.task
    change = declared.change_detection
    metrics = task.all_metrics
    return {
        "loss_increase": (
            f"By how much the {loss} of a mature window exceeds what the champion's own test "
            f"promises for rows as hard{_levels(declared.loss_increase)}."
        ),
        "better_than_baseline": (
            f"The {loss} of a mature window must be below that of always predicting the "
            f"{task.baseline_name}{_severity(declared.better_than_baseline)}."
        ),
        **{
            name: f"{name} of a mature window{_metric_levels(levels, metrics[name])}."
            for name, levels in spec.metric_levels.items()
        },
        "change_point": (
            f"Whether {change.decides} has found that the champion's errors have changed since its "
            f"release{_severity(change.severity)}."
            if change.detectors
            else "Whether the champion's errors have changed: no detector is declared."
        ),
        "outcomes_missing": (
            "Share of a mature window's outcomes that are not known although, by the delays of "
            f"other windows, they should be{_levels(declared.outcomes_missing)}."
        ),
        **_fairness(spec),
    }


def _fairness(spec: ModelSpec) -> dict[str, str]:
    declared = spec.evaluation.fairness
    if declared is None or not spec.gate.fairness:
        return {}
    return {
        "fairness": (
            f"Between groups of one {' or '.join(declared.columns)} in a mature window "
            f"{limits_text(spec)}; warns where a gap is wider at {declared.confidence:.0%} "
            "confidence."
        )
    }


def _drift(spec: ModelSpec) -> dict[str, str]:
    declared = spec.monitoring.drift
    if declared.rule == "calibrated":
        what = (
            "{} against the reference, in standard deviations of the reference's own windows: "
            f"{declared.severity} beyond what {100 * declared.false_alarm_rate:g} % of windows "
            "without drift exceed in all."
        )
        return {
            "feature_drift": what.format("The feature that is furthest"),
            "prediction_drift": what.format("The predictions"),
            "segment_drift": what.format("The predictions of the subgroup that is furthest"),
        }
    fixed = declared.fixed
    distance = f"Jensen-Shannon distance from the held-out rows{_levels(fixed.prediction)}"
    return {
        "feature_drift": (
            f"Share of the features that have drifted, each by a {fixed.statistic} of "
            f"{fixed.column_threshold:g}{_levels(fixed.share_of_columns)}."
        ),
        "prediction_drift": f"The predictions: {distance}.",
        "segment_drift": f"The predictions of the subgroup that is furthest: {distance}.",
    }


def _quality(spec: ModelSpec) -> dict[str, str]:
    declared = spec.monitoring.quality
    severity = _severity(declared.severity)
    of_a_day = (
        f", and those of a day from what its weekday has by a factor of {declared.day_factor:g}"
        if declared.day_factor
        else ""
    )
    return {
        "row_volume": (
            f"Rows of a window may be {declared.fewest_rows:g} to {declared.most_rows:g} times "
            f"those of comparable days{of_a_day}{severity}."
        ),
        "value_ranges": (
            "Share of a column's values beyond what the reference held, in the column where it is "
            f"largest{_levels(declared.out_of_range)}."
        ),
        "repeated_entities": f"No row may repeat a {spec.features.entity}{severity}.",
        "missing_days": f"Every day of a window must have been built{severity}.",
        "empty_columns": f"Every feature must have values in a window{severity}.",
    }


def _levels(levels: LevelsSpec) -> str:
    """Such as `: warn from 0.02, error from 0.05`."""
    shown = [
        f"{name} from {level:g}"
        for name, level in (("warn", levels.warn), ("error", levels.error))
        if level is not None
    ]
    return f": {', '.join(shown)}" if shown else " (switched off)"


def _metric_levels(levels: MetricLevelsSpec, metric: Metric) -> str:
    shown = [
        f"{name} {_beyond(limit, metric)}"
        for name, limit in (("warn", levels.warn), ("error", levels.error))
        if limit is not None
    ]
    return f": {', '.join(shown)}" if shown else " (switched off)"


def _beyond(limit: Limit, metric: Metric) -> str:
    """A number alone alarms where it is reached, a section where it is left."""
    bounds = bounds_of(limit, metric)
    if isinstance(limit, float):
        return f"from {limit:g} {'down' if bounds.min is not None else 'up'}"
    words = [
        f"{relation} {bound:g}"
        for relation, bound in (("below", bounds.min), ("above", bounds.max))
        if bound is not None
    ]
    return " and ".join(words)


def _severity(severity: str) -> str:
    return " (switched off)" if severity == "off" else f", else {severity}"
