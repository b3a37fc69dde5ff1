from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest

from mlops_platform.errors import DataError
from mlops_platform.monitoring.drift.alarm.season import season_matched
from mlops_platform.monitoring.drift.window_drift import measure_drift
from mlops_platform.spec import DriftSpec, FixedDriftSpec, LevelsSpec

DAYS = [date(2013, 7, 8) + timedelta(days=at) for at in range(7)]
IMPORTANCES = {"distance": 0.3, "delay": 0.1, "weekday": 0.0, "carrier": -0.01}


@pytest.fixture(scope="session")
def measured(half_year, counted):
    def measure(rows: pa.Table, profile=half_year, **spec):
        days = DAYS[: len(set(rows["day"].to_pylist()))]
        return measure_drift(
            profile, counted(profile, rows), ("score",), days, DriftSpec(**spec), IMPORTANCES
        )

    return measure


def by_name(drift):
    return {one.column: one for one in (*drift.columns, *drift.scores.columns)}


def values(rows, name):
    return rows[name].to_numpy(zero_copy_only=False).copy()


def test_weeks_like_the_reference_hardly_ever_alarm(measured, make_week):
    alarms = [measured(make_week(seed)).alarm for seed in range(100, 140)]

    assert sum(alarms) <= 5  # 2 are expected at 5 %; 6 or more have a chance of 1 %


def test_a_higher_rate_alarms_more_often(measured, make_week):
    calm, nervous = (
        sum(measured(make_week(seed), false_alarm_rate=rate).alarm for seed in range(100, 115))
        for rate in (0.01, 0.5)
    )

    assert calm < nervous


@pytest.mark.parametrize(
    ("column", "fault", "cause"),
    [
        ("distance", lambda x, some: np.where(some, np.nan, x), "nulls"),
        ("weekday", lambda x, some: np.where(some, np.nan, x), "nulls"),
        ("distance", lambda x, some: x * 1.609, "new values"),
        ("delay", lambda x, some: x * 60, "distribution"),
        ("carrier", lambda x, some: np.where(some, "UA", x), "distribution"),
        ("carrier", lambda x, some: np.where(some, "XX", x), "new values"),
        ("carrier", lambda x, some: np.where(some, None, x), "nulls"),
    ],
)
def test_faults_alarm_and_are_named(measured, make_week, column, fault, cause):
    found = set()
    for seed in range(5):
        rows = make_week(seed)
        some = np.random.default_rng(seed).random(rows.num_rows) < 0.2
        drift = measured(make_week(seed, **{column: fault(values(rows, column), some)}))
        assert drift.alarm
        assert drift.most_drifted[0].column == column
        found.add(drift.most_drifted[0].cause)
    assert cause in found


def test_a_column_that_was_never_null_alarms_at_one_percent(measured, make_week):
    rows = make_week(3)
    distance = values(rows, "distance")
    distance[np.random.default_rng(0).random(len(distance)) < 0.02] = np.nan

    assert by_name(measured(make_week(3, distance=distance)))["distance"].cause == "nulls"
    assert measured(make_week(3, distance=distance)).alarm


def test_predictions_are_judged_by_the_same_rule(measured, make_week):
    calm = measured(make_week(4))
    shifted = measured(make_week(4, score=values(make_week(4), "score") * 0.5))

    assert calm.scores.alarm is False
    assert shifted.scores.alarm
    assert not shifted.features.alarm
    assert shifted.prediction > calm.prediction


def test_what_matters_to_the_model_comes_first_and_is_weighed(measured, make_week):
    rows = make_week(5)
    drift = measured(
        make_week(5, distance=values(rows, "distance") * 3, delay=values(rows, "delay") * 60)
    )

    assert [one.column for one in drift.most_drifted[:2]] == ["distance", "delay"]
    assert drift.share_of_columns == pytest.approx(2 / 4)
    assert drift.importance_share == pytest.approx(1)
    assert by_name(drift)["delay"].deviation_ratio == pytest.approx(60, rel=0.1)
    assert by_name(drift)["distance"].mean_shift > 0.5


def test_a_small_window_is_judged_by_windows_as_small(measured, make_week):
    rows = make_week(6)
    few = rows.take(np.random.default_rng(0).choice(rows.num_rows, 100, replace=False))

    drift = measured(few)

    assert by_name(drift)["distance"].statistic > 0.1  # chance alone
    assert drift.alarm is False


def test_a_short_reference_judges_nothing_and_says_so(measured, profiled, make_traffic, make_week):
    drift = measured(make_week(7), profiled(make_traffic(20, 0)))

    assert drift.alarm is None
    assert drift.features.threshold is None
    assert drift.share_of_columns == 0


def test_an_empty_window_is_refused(measured, make_week):
    with pytest.raises(DataError, match="without rows"):
        measured(make_week().slice(0, 0))


@pytest.mark.parametrize(
    ("statistic", "threshold"),
    [("jensen_shannon", 0.1), ("psi", 0.25), ("kolmogorov_smirnov", 0.1), ("p_value", 1e-6)],
)
def test_fixed_thresholds_remain_selectable(measured, make_week, statistic, threshold):
    fixed = FixedDriftSpec(
        statistic=statistic,
        column_threshold=threshold,
        share_of_columns=LevelsSpec(warn=0.2),
        prediction=LevelsSpec(),
    )
    rows = make_week(8, distance=values(make_week(8), "distance") * 3)

    drift = measured(rows, rule="fixed", fixed=fixed)

    assert by_name(drift)["distance"].drifted
    assert drift.features.alarm
    assert drift.scores.alarm is None
    assert drift.features.threshold is None


def test_a_season_is_compared_with_the_same_season_of_earlier_years():
    days = [date(2012, 1, 1) + timedelta(days=at) for at in range(800)]
    start = date(2014, 3, 11)

    matched = season_matched(days, start, 7, 30)

    assert {day.year for day in matched} == {2012, 2013}
    assert min(matched) == date(2012, 2, 10)
    assert len(matched) == 2 * 67
    assert season_matched(days, start, 7, 0) == days
    assert season_matched(days[-300:], start, 7, 30) == days[-300:]


def test_a_column_that_is_null_in_every_row_alarms(measured, make_week):
    rows = make_week(3)
    gone = measured(make_week(3, distance=np.full(rows.num_rows, np.nan)))

    assert by_name(gone)["distance"].cause == "nulls"
    assert by_name(gone)["distance"].drifted
