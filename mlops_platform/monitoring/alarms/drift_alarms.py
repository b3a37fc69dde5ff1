"""From the drift of a window to alarms."""

from collections.abc import Sequence

from mlops_platform.monitoring.alarms.alarm import Alarm, alarm, judged
from mlops_platform.monitoring.drift.column_drift import ColumnDrift, GroupDrift
from mlops_platform.monitoring.drift.window_drift import WindowDrift
from mlops_platform.spec import DriftSpec, LevelsSpec

DRIFT_CHECKS = (FEATURES, PREDICTION, SEGMENTS) = (
    "feature_drift",
    "prediction_drift",
    "segment_drift",
)
NAMED = 3


def drift_alarms(drift: WindowDrift, spec: DriftSpec) -> tuple[Alarm, ...]:
    """One alarm per name of `DRIFT_CHECKS`."""
    apart = drift.segments
    if drift.rule == "calibrated":
        return (
            _calibrated(FEATURES, drift.features, f"{_features_text(drift)}; ", spec),
            _calibrated(PREDICTION, drift.scores, "", spec),
            _calibrated(SEGMENTS, apart, f"{_segments_text(apart)}; ", spec)
            if apart
            else _without_segments(),
        )
    fixed = spec.fixed
    share = f"{_features_text(drift)} by a {fixed.statistic} of {fixed.column_threshold:g}"
    return (
        judged(FEATURES, drift.share_of_columns, fixed.share_of_columns, share),
        judged(
            PREDICTION,
            drift.prediction,
            fixed.prediction,
            f"the predictions are {drift.prediction:.3f} from those of the held-out rows",
        ),
        _fixed_segment(apart.furthest, spec) if apart and apart.furthest else _without_segments(),
    )


def _calibrated(check: str, group: GroupDrift, prefix: str, spec: DriftSpec) -> Alarm:
    threshold, greatest, levels = group.threshold, group.greatest_deviation, LevelsSpec()
    if threshold is None or greatest is None:
        units = f"{group.reference_days} {group.unit}s"
        reason = f"not judged: {units} of reference do not say what is usual"
        return alarm(check, None, levels, reason, conclusive=False)
    relation = "beyond" if group.alarm else "within"
    reason = (
        f"{prefix}the greatest deviation is {greatest:.2f}, {relation} the {threshold:.2f} that "
        f"{100 * spec.false_alarm_rate:g} % of windows of the reference exceed in all"
    )
    levels = LevelsSpec.model_validate({spec.severity: threshold})
    return alarm(check, greatest, levels, reason, failed=spec.severity if group.alarm else None)


def _fixed_segment(furthest: ColumnDrift, spec: DriftSpec) -> Alarm:
    reason = (
        f"the predictions of {furthest.column} are {furthest.statistic:.3f} from the held-out ones"
    )
    return judged(SEGMENTS, furthest.statistic, spec.fixed.prediction, reason)


def _without_segments() -> Alarm:
    reason = "not judged: no subgroup is declared, or none is large enough in the held-out rows"
    return alarm(SEGMENTS, None, LevelsSpec(), reason, conclusive=False)


def _features_text(drift: WindowDrift) -> str:
    return _text(drift.most_drifted, "columns")


def _segments_text(group: GroupDrift) -> str:
    furthest_first = sorted(group.columns, key=lambda column: -(column.deviation or 0.0))
    return _text(furthest_first, "segments")


def _text(columns: Sequence[ColumnDrift], called: str) -> str:
    drifted = [column for column in columns if column.drifted]
    named = ", ".join(
        f"{column.column} ({column.cause})" if column.cause else column.column
        for column in drifted[:NAMED]
    )
    most = f", above all {named}," if named else ""
    return f"{len(drifted)} of {len(columns)} {called}{most} have drifted"
