"""From the drift of a window to alarms."""

from mlops_platform.monitoring.alarms.alarm import Alarm, alarm, judged
from mlops_platform.monitoring.drift.column_drift import GroupDrift
from mlops_platform.monitoring.drift.window_drift import WindowDrift
from mlops_platform.spec import DriftSpec, LevelsSpec

DRIFT_CHECKS = ("feature_drift", "prediction_drift")
NAMED = 3


def drift_alarms(drift: WindowDrift, spec: DriftSpec) -> tuple[Alarm, ...]:
    """One alarm per name of `DRIFT_CHECKS`."""
    if drift.rule == "calibrated":
        groups = (drift.features, drift.scores)
        return tuple(
            _calibrated(check, group, drift, spec)
            for check, group in zip(DRIFT_CHECKS, groups, strict=True)
        )
    fixed, share = spec.fixed, _drifted_in_words(drift)
    threshold = f"by a {fixed.statistic} of {fixed.column_threshold:g}"
    prediction = f"the scores are {drift.prediction:.3f} from those of the held-out rows"
    return (
        judged(
            DRIFT_CHECKS[0], drift.share_of_columns, fixed.share_of_columns, f"{share} {threshold}"
        ),
        judged(DRIFT_CHECKS[1], drift.prediction, fixed.prediction, prediction),
    )


def _calibrated(check: str, group: GroupDrift, drift: WindowDrift, spec: DriftSpec) -> Alarm:
    threshold, greatest, levels = group.threshold, group.greatest_deviation, LevelsSpec()
    if threshold is None or greatest is None:
        reason = f"not judged: {group.reference_days} days of reference do not say what is usual"
        return alarm(check, None, levels, reason, conclusive=False)
    found = f"the greatest deviation is {greatest:.2f}"
    if check == DRIFT_CHECKS[0]:
        found = f"{_drifted_in_words(drift)}; {found}"
    relation = "beyond" if group.alarm else "within"
    reason = (
        f"{found}, {relation} the {threshold:.2f} that {100 * spec.false_alarm_rate:g} % of "
        "windows of the reference exceed in all"
    )
    levels = LevelsSpec.model_validate({spec.severity: threshold})
    return alarm(check, greatest, levels, reason, failed=spec.severity if group.alarm else None)


def _drifted_in_words(drift: WindowDrift) -> str:
    drifted = [one for one in drift.most_drifted if one.drifted]
    named = ", ".join(
        f"{one.column} ({one.cause})" if one.cause else one.column for one in drifted[:NAMED]
    )
    most = f", above all {named}," if named else ""
    return f"{len(drifted)} of {len(drift.columns)} columns{most} have drifted"
