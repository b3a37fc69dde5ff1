from mlops_platform.monitoring.alarms.drift_alarms import DRIFT_CHECKS, drift_alarms
from mlops_platform.monitoring.drift.window_drift import ColumnDrift, WindowDrift
from mlops_platform.spec import DriftSpec, LevelsSpec


def drift(*statistics: float, prediction: float = 0.0) -> WindowDrift:
    columns = tuple(
        ColumnDrift(
            column=f"c{at}",
            statistic=statistic,
            null_share_reference=0,
            null_share=0,
            drifted=statistic >= 0.1,
        )
        for at, statistic in enumerate(statistics)
    )
    share = sum(one.drifted for one in columns) / len(columns)
    return WindowDrift(rows=9, columns=columns, share_of_columns=share, prediction=prediction)


def outcomes(alarms):
    return [(one.passed, one.severity) for one in alarms]


def test_drift_below_every_level_passes():
    alarms = drift_alarms(drift(0.2, 0.05, 0.01), DriftSpec())

    assert tuple(one.check for one in alarms) == DRIFT_CHECKS
    assert outcomes(alarms) == [(True, "warn"), (True, "warn")]
    assert "1 of 3 columns" in alarms[0].reason
    assert "c0" in alarms[0].reason


def test_drift_that_reaches_a_level_fails_with_the_worst_one_reached():
    spec = DriftSpec(share_of_columns=LevelsSpec(warn=0.5, error=0.9))

    warned, predicted = drift_alarms(drift(0.2, 0.05, prediction=0.1), spec)
    assert (warned.passed, warned.severity, warned.value) == (False, "warn", 0.5)
    assert (predicted.passed, predicted.severity) == (False, "warn")
    (failed, _) = drift_alarms(drift(0.2, 0.3), spec)
    assert (failed.passed, failed.severity, failed.error) == (False, "error", 0.9)
    assert "1.0000 reaches the error level of 0.9" in failed.reason
    assert "c1, c0" in failed.reason


def test_levels_that_are_switched_off_never_fail():
    spec = DriftSpec(share_of_columns=LevelsSpec(), prediction=LevelsSpec())

    alarms = drift_alarms(drift(1.0, prediction=1.0), spec)

    assert all(one.passed and "switched off" in one.reason for one in alarms)
