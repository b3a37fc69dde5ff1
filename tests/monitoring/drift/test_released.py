"""A release says other things than its judged candidate, and nothing has drifted by that."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest

from mlops_platform.data.engine import private_duckdb
from mlops_platform.monitoring.drift.profile.profile import (
    Profile,
    count_days,
    count_window,
    fit_profile,
    joined,
)
from mlops_platform.monitoring.drift.profile.released import kept_beside, of_release
from mlops_platform.monitoring.drift.segments import (
    count_segment_days,
    count_segments,
    fit_segments,
    segments_in,
)
from mlops_platform.monitoring.drift.window_drift import WindowDrift, measure_drift
from mlops_platform.spec import DriftSpec


def by_release(rows: pa.Table, shift: float = 0.0) -> pa.Table:
    """What the refit says of rows: less than the judged candidate, everywhere."""
    scores = 0.8 * rows["score"].to_numpy() + shift
    return rows.set_column(rows.column_names.index("score"), "score", pa.array(scores))


@pytest.fixture(scope="module")
def profiles(make_traffic: Callable[..., pa.Table]) -> tuple[Profile, Profile]:
    """Of a version as it was before, and with what its release says beside it."""
    rows = make_traffic(16 * 7, 0)
    with private_duckdb() as connection:
        connection.register("judged", rows)
        connection.register("released", by_release(rows))
        scores = fit_profile(connection, "judged", ["score"], [], "day")
        bins = scores.bins.by_name["score"]
        features = fit_profile(connection, "judged", ["distance"], [], "day")
        segments = fit_segments(connection, "judged", bins, ["carrier"], 1500, "day")
        counts = {"score": count_days(connection, "released", bins, "day")}
        own = joined(
            Profile(scores.bins, counts),
            count_segment_days(connection, "released", segments.bins.columns, "score", "day"),
        )
    before = joined(features, scores, segments)
    return before, joined(before, kept_beside(own))


def judge(profile: Profile, rows: pa.Table) -> WindowDrift:
    with private_duckdb() as connection:
        connection.register("window_rows", rows)
        window = count_window(connection, "window_rows", profile, ["distance", "score"])
        window |= count_segments(connection, "window_rows", profile, "score")
    days = sorted(set(rows["day"].to_pylist()))
    return measure_drift(profile, window, ("score",), days, DriftSpec(season_days=0), {})


def test_predictions_like_those_of_the_release_have_not_drifted(
    profiles: tuple[Profile, Profile], make_week: Callable[..., pa.Table]
) -> None:
    before, beside = (judge(profile, by_release(make_week(3))) for profile in profiles)

    assert before.scores.alarm
    assert beside.segments is not None
    assert (beside.scores.alarm, beside.segments.alarm) == (False, False)
    assert beside.features == before.features


def test_predictions_like_those_of_the_judged_candidate_have_not_either(
    profiles: tuple[Profile, Profile], make_week: Callable[..., pa.Table]
) -> None:
    """A release that says of rows it has seen what it never says of new ones is no measure."""
    assert judge(profiles[1], make_week(3)).scores.alarm is False


def test_predictions_that_differ_from_both_have_drifted(
    profiles: tuple[Profile, Profile], make_week: Callable[..., pa.Table]
) -> None:
    drift = judge(profiles[1], by_release(make_week(3), shift=0.2))

    assert drift.scores.alarm
    assert drift.segments is not None
    assert drift.segments.alarm


def test_what_the_release_says_is_no_segment_and_no_column_of_its_own(
    profiles: tuple[Profile, Profile],
) -> None:
    before, beside = profiles
    assert segments_in(beside) == segments_in(before)
    assert of_release(before, ["score"]) is None
    assert of_release(beside, ["distance"]) is None
    own = of_release(beside, ["score"])
    assert own is not None
    np.testing.assert_allclose(own.column("score").total.total, 16 * 7 * 80)
