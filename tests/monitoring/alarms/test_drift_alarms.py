from typing import Any

import pytest

from mlops_platform.monitoring.alarms.drift_alarms import DRIFT_CHECKS, drift_alarms
from mlops_platform.monitoring.drift.column_drift import ColumnDrift, GroupDrift
from mlops_platform.monitoring.drift.window_drift import WindowDrift
from mlops_platform.spec import DriftSpec, FixedDriftSpec, LevelsSpec


def column(name: str, drifted: bool, **figures: Any) -> ColumnDrift:
    nothing = {"statistic": 0.1, "psi": 0.0, "p_value": 1.0}
    nulls = {"null_share_reference": 0.0, "null_share": 0.0}
    return ColumnDrift(column=name, drifted=drifted, **(nothing | nulls | figures))


def group(columns: list[ColumnDrift], threshold: float | None, alarm: bool | None) -> GroupDrift:
    return GroupDrift(columns=tuple(columns), threshold=threshold, reference_days=90, alarm=alarm)


def drift(features: GroupDrift, scores: GroupDrift, **changes: Any) -> WindowDrift:
    share = sum(one.drifted for one in features.columns) / len(features.columns)
    figures: dict[str, Any] = {
        "rows": 9,
        "rule": "calibrated",
        "share_of_columns": share,
        "importance_share": share,
        "prediction": 0.1,
    }
    return WindowDrift(features=features, scores=scores, **(figures | changes))


CALM = group([column("score", False, deviation=1.0, cause="distribution")], 3.0, False)
NULLS = group(
    [
        column("wind", True, deviation=7.5, cause="nulls"),
        column("carrier", False, deviation=0.1, cause="distribution"),
    ],
    3.2,
    True,
)

SEGMENTS = group(
    [
        column("origin = EWR", False, deviation=0.2, cause="distribution"),
        column("carrier = UA", True, deviation=8.0, cause="mean", statistic=0.4),
    ],
    4.0,
    True,
)


def test_a_calibrated_alarm_names_columns_causes_and_the_rate():
    features, prediction, segments = drift_alarms(drift(NULLS, CALM), DriftSpec())

    assert (features.check, prediction.check, segments.check) == DRIFT_CHECKS
    assert (features.passed, features.severity, features.value) == (False, "warn", 7.5)
    assert features.warn == 3.2
    assert "1 of 2 columns, above all wind (nulls), have drifted" in features.reason
    assert "7.50, beyond the 3.20 that 2 % of windows" in features.reason
    assert prediction.passed
    assert "within the 3.00" in prediction.reason
    assert segments.passed
    assert "no subgroup is declared" in segments.reason


def test_a_segment_alarms_by_name():
    *_, segments = drift_alarms(drift(CALM, CALM, segments=SEGMENTS), DriftSpec())

    assert (segments.passed, segments.value) == (False, 8.0)
    assert "1 of 2 segments, above all carrier = UA (mean), have drifted" in segments.reason


def test_fixed_levels_hold_for_the_predictions_of_segments():
    told = drift(CALM, CALM, segments=SEGMENTS, rule="fixed")

    *_, segments = drift_alarms(told, DriftSpec(rule="fixed"))

    assert (segments.passed, segments.value) == (False, 0.4)
    assert "the predictions of carrier = UA are 0.400" in segments.reason


def test_the_severity_of_a_calibrated_alarm_is_the_specs():
    features, *_ = drift_alarms(drift(NULLS, CALM), DriftSpec(severity="error"))

    assert (features.passed, features.severity, features.error) == (False, "error", 3.2)
    assert features.warn is None


def test_a_short_reference_passes_and_says_that_nothing_was_judged():
    unjudged = group([column("wind", False)], None, None)

    alarms = drift_alarms(drift(unjudged, unjudged, segments=unjudged), DriftSpec())

    assert all(one.passed and one.value is None for one in alarms)
    assert all("not judged: 90 days of reference" in one.reason for one in alarms)


@pytest.mark.parametrize(
    ("levels", "outcome"),
    [
        (LevelsSpec(warn=0.6), (True, "warn")),
        (LevelsSpec(warn=0.5, error=0.9), (False, "warn")),
        (LevelsSpec(warn=0.2, error=0.5), (False, "error")),
        (LevelsSpec(), (True, "warn")),
    ],
)
def test_fixed_thresholds_fail_with_the_worst_level_reached(levels, outcome):
    spec = DriftSpec(rule="fixed", fixed=FixedDriftSpec(share_of_columns=levels))

    features, prediction, _ = drift_alarms(drift(NULLS, CALM, rule="fixed"), spec)

    assert (features.passed, features.severity) == outcome
    assert ("switched off" in features.reason) == (levels == LevelsSpec())
    assert "by a jensen_shannon of 0.1" in features.reason
    assert (prediction.passed, prediction.value) == (False, 0.1)
