"""From the drift of a window to alarms."""

from mlops_platform.monitoring.alarms.alarm import Alarm, judged
from mlops_platform.monitoring.drift.window_drift import WindowDrift
from mlops_platform.spec import DriftSpec

DRIFT_CHECKS = ("drift_share_of_columns", "prediction_drift")


def drift_alarms(drift: WindowDrift, spec: DriftSpec) -> tuple[Alarm, ...]:
    """One alarm per name of `DRIFT_CHECKS`."""
    drifted = [one.column for one in drift.most_drifted if one.drifted]
    most = f", most of all {', '.join(drifted[:3])}" if drifted else ""
    share = (
        f"{len(drifted)} of {len(drift.columns)} columns are {spec.column_threshold:g} or more "
        f"from the reference{most}"
    )
    prediction = f"the scores are {drift.prediction:.3f} from those of the held-out rows"
    return (
        judged(DRIFT_CHECKS[0], drift.share_of_columns, spec.share_of_columns, share),
        judged(DRIFT_CHECKS[1], drift.prediction, spec.prediction, prediction),
    )
