import numpy as np
import pyarrow as pa
import pytest

from mlops_platform.data.engine import private_duckdb
from mlops_platform.monitoring.alarms.drift_alarms import drift_alarms
from mlops_platform.monitoring.drift.profile.profile import count_window, fit_profile, joined
from mlops_platform.monitoring.drift.segments import (
    count_segments,
    fit_segments,
    segments_in,
    subgroups_in,
)
from mlops_platform.monitoring.drift.window_drift import measure_drift
from mlops_platform.spec import DriftSpec, FixedDriftSpec

SUBGROUPS = ("carrier", "weekday")
FEWEST = 1500
CALIBRATED = DriftSpec(season_days=0)


@pytest.fixture(scope="module")
def profile(make_traffic):
    with private_duckdb() as connection:
        connection.register("unseen", make_traffic(26 * 7, 0))
        profile = fit_profile(connection, "unseen", ["distance", "score"], ["carrier"], "day")
        bins = profile.bins.by_name["score"]
        segments = fit_segments(connection, "unseen", bins, SUBGROUPS, FEWEST, "day")
    return joined(profile, segments)


@pytest.fixture(scope="module")
def judged(profile):
    def judge(rows: pa.Table, spec: DriftSpec = CALIBRATED):
        with private_duckdb() as connection:
            connection.register("window_rows", rows)
            window = count_window(
                connection, "window_rows", profile, ["distance", "carrier", "score"]
            )
            window |= count_segments(connection, "window_rows", profile, "score")
        days = sorted(set(rows["day"].to_pylist()))
        return measure_drift(profile, window, ("score",), days, spec, {})

    return judge


def test_the_large_segments_are_profiled_and_nulls_are_none(profile, make_traffic):
    rows = make_traffic(26 * 7, 0).to_pandas()
    sizes = rows.carrier.value_counts()

    assert subgroups_in(profile) == SUBGROUPS
    carriers = [name for name in segments_in(profile) if name.startswith("carrier")]
    assert carriers == [f"carrier = {name}" for name in sizes[sizes >= FEWEST].index]
    for name in carriers:
        of_segment = rows[rows.carrier == name.partition(" = ")[2]]
        assert profile.column(name).total.total == len(of_segment)


def test_a_segment_whose_scores_moved_is_named_and_the_others_are_not(judged, make_week):
    rows = make_week(3)
    united = rows["carrier"].to_numpy(zero_copy_only=False) == "UA"
    score = rows["score"].to_numpy()

    calm, moved = (
        judged(make_week(3, score=values)) for values in (score, np.where(united, score / 3, score))
    )

    assert calm.segments is not None
    assert calm.segments.alarm is False
    assert moved.alarm
    drifted = {one.column for one in moved.segments.columns if one.drifted}
    assert "carrier = UA" in drifted
    assert not {"carrier = DL", "carrier = AA"} & drifted


def test_a_segment_without_rows_in_a_window_is_no_error(judged, make_week):
    rows = make_week(3)
    others = pa.array(np.full(rows.num_rows, "DL"))

    drift = judged(make_week(3, carrier=others))

    assert drift.features.alarm
    (gone,) = [one for one in drift.segments.columns if one.column == "carrier = UA"]
    assert np.isnan(gone.statistic)
    assert (gone.deviation, gone.drifted) == (None, False)
    assert drift.segments.threshold is not None  # the others are judged
    assert all(one.passed or one.reason for one in drift_alarms(drift, DriftSpec()))


def test_a_segment_without_rows_hides_no_other_from_fixed_levels(judged, make_week):
    fixed = DriftSpec(rule="fixed", season_days=0, fixed=FixedDriftSpec())
    rows = make_week(3)
    others, score = pa.array(np.full(rows.num_rows, "DL")), rows["score"].to_numpy() / 3

    drift = judged(make_week(3, carrier=others, score=score), fixed)

    assert drift.segments.alarm
    assert drift.segments.furthest.column != "carrier = UA"
    *_, segments = drift_alarms(drift, fixed)
    assert not segments.passed
    assert "nan" not in segments.reason


def test_names_with_quotes_are_values_and_no_sql(make_week):
    rows = make_week(3, carrier=pa.array(['O\'Hare "x" = y'] * make_week(3).num_rows))
    with private_duckdb() as connection:
        connection.register("unseen", rows)
        bins = fit_profile(connection, "unseen", ["score"], [], "day").bins.columns[0]
        profile = fit_segments(connection, "unseen", bins, ["carrier"], 1, "day")
        counted = count_segments(connection, "unseen", profile, "score")

    (found,) = counted.values()
    assert found.total == rows.num_rows
