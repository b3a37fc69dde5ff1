from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest

from mlops_platform.monitoring.alarms.quality_alarms import QUALITY_CHECKS, quality_alarms
from mlops_platform.monitoring.drift.profile.bins import ColumnBins
from mlops_platform.monitoring.drift.profile.histogram import histogram_of
from mlops_platform.monitoring.drift.profile.profile import FittedBins, Profile
from mlops_platform.monitoring.quality.day_volume import measure_volume
from mlops_platform.monitoring.quality.window_quality import WindowQuality, measure_quality
from mlops_platform.spec import LevelsSpec, QualitySpec

DAYS = [date(2013, 4, 1) + timedelta(days=at) for at in range(7)]
REFERENCE = [date(1970, 1, 1) + timedelta(days=at) for at in range(10)]
USUAL = dict.fromkeys(REFERENCE, 100)
FULL = USUAL | dict.fromkeys(DAYS, 100)
GOOD = WindowQuality(rows_ratio=1.0, repeated=0, missing_days=(), empty_columns=(), out_of_range={})


def histogram(values):
    keys = np.array(values, dtype=float)
    return histogram_of(keys, np.ones(len(keys), dtype=np.int64))


def volume_of(built):
    return measure_volume(built, REFERENCE, DAYS)


@pytest.fixture
def profile():
    """Ten days of 100 rows: `wind` from 0 to 9, `carrier` of two categories."""
    days = pa.array(np.repeat(np.arange(10), 10).astype("int32")).cast(pa.date32())
    wind = pa.table({"day": days, "key": np.tile(np.arange(10.0), 10), "rows": [10] * 100})
    carrier = pa.table({"day": days, "key": np.tile(np.arange(2.0), 50), "rows": [10] * 100})
    bins = (
        ColumnBins(column="wind", kind="values"),
        ColumnBins(column="carrier", kind="categories", categories=("UA", "DL")),
    )
    return Profile(FittedBins(columns=bins), {"wind": wind, "carrier": carrier})


def test_a_window_like_the_reference_is_good(profile):
    window = {"wind": histogram([0, 5, 9, np.nan]), "carrier": histogram([0, 1, -1])}

    found = measure_quality(profile, window, volume_of(FULL), repeated=0)

    assert found.model_copy(update={"day_volumes": ()}) == GOOD
    assert [day.usual for day in found.day_volumes] == [100] * 7


def test_what_is_wrong_is_found(profile):
    window = {"wind": histogram([-1, 5, np.inf, np.nan]), "carrier": histogram([np.nan])}
    rows = USUAL | dict.fromkeys(DAYS[:5], 35)

    found = measure_quality(profile, window, volume_of(rows), repeated=3)

    assert found.rows_ratio == pytest.approx(0.25)
    assert found.repeated == 3
    assert found.missing_days == (DAYS[5], DAYS[6])
    assert found.empty_columns == ("carrier",)
    assert found.furthest == ("wind", 0.5)


@pytest.mark.parametrize(
    ("filled_days", "window_days", "is_empty"),
    [(4, 7, False), (4, 1, False), (7, 7, True), (9, 1, False), (10, 1, True)],
)
def test_a_column_that_many_days_have_nothing_of_may_be_empty(filled_days, window_days, is_empty):
    """Days from the nearest holiday: of ten days of reference some have a value, in every row."""
    days = pa.array(np.arange(10).astype("int32")).cast(pa.date32())
    keys = np.where(np.arange(10) < filled_days, 1.0, np.nan)
    counts = pa.table({"day": days, "key": pa.array(keys, from_pandas=True), "rows": [10] * 10})
    bins = FittedBins(columns=(ColumnBins(column="from_holiday", kind="values"),))
    volume = measure_volume(FULL, REFERENCE, DAYS[:window_days])

    found = measure_quality(
        Profile(bins, {"from_holiday": counts}), {"from_holiday": histogram([np.nan])}, volume, 0
    )

    assert found.empty_columns == (("from_holiday",) if is_empty else ())


@pytest.mark.parametrize(
    ("check", "broken"),
    [
        ("row_volume", {"rows_ratio": 0.4}),
        ("row_volume", {"rows_ratio": 2.5}),
        ("value_ranges", {"out_of_range": {"wind": 0.3, "rain": 0.1}}),
        ("repeated_entities", {"repeated": 1}),
        ("missing_days", {"missing_days": (DAYS[0],)}),
        ("empty_columns", {"empty_columns": ("wind",)}),
    ],
)
def test_each_fault_fails_its_own_check(check, broken):
    spec = QualitySpec(severity="error", out_of_range=LevelsSpec(error=0.2))

    alarms = quality_alarms(GOOD.model_copy(update=broken), spec)

    assert tuple(one.check for one in alarms) == QUALITY_CHECKS
    assert [one.check for one in alarms if not one.passed] == [check]
    assert {one.severity for one in alarms if not one.passed} == {"error"}


def test_good_data_pass_every_check():
    assert all(one.passed for one in quality_alarms(GOOD, QualitySpec()))


def test_a_reference_that_is_no_longer_published_does_not_judge_the_volume(profile):
    window = {"wind": histogram([5]), "carrier": histogram([0])}
    found = measure_quality(profile, window, volume_of(dict.fromkeys(DAYS, 7)), repeated=0)

    assert found.rows_ratio is None
    volume, *_ = quality_alarms(found, QualitySpec())
    assert volume.passed
    assert "not judged" in volume.reason


@pytest.mark.parametrize(
    ("bins", "keys", "inside", "outside"),
    [
        (ColumnBins(column="x", kind="uniform", low=0.0, width=0.1), [0.0, 1.0], 1.09, 1.11),
        (
            ColumnBins(column="x", kind="uniform", width=0.1, scale=1e-6),
            [1e-6, 1e-3],
            1.09e-3,
            1.2e-3,
        ),
        (ColumnBins(column="x", kind="uniform", width=0.1, scale=1.0), [1.0, 1e6], 1.09e6, 1.2e6),
        (ColumnBins(column="x", kind="values"), [0.0, 1.0], 1.0, 1.01),
    ],
)
def test_uniform_bins_are_left_by_more_than_one_however_they_widen(bins, keys, inside, outside):
    counts = pa.table(
        {"day": pa.array([0, 0], pa.int32()).cast(pa.date32()), "key": keys, "rows": [5, 5]}
    )
    profile = Profile(FittedBins(columns=(bins,)), {"x": counts})

    def beyond(value):
        window = {"x": histogram([value, keys[0]])}
        return measure_quality(profile, window, volume_of(FULL), repeated=0).out_of_range

    assert beyond(inside) == {}
    assert beyond(outside) == {"x": 0.5}
