import math
from collections import Counter
from hashlib import md5

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from mlops_platform.errors import DataError
from mlops_platform.monitoring.drift.column_drift import column_drift, known_values
from mlops_platform.monitoring.drift.profile import counting
from mlops_platform.monitoring.drift.profile.bins import MOST_VALUES, UNIFORM_BINS
from mlops_platform.monitoring.drift.profile.stored import (
    PROFILE_FILE,
    read_profile,
    write_profile,
)
from mlops_platform.monitoring.drift.statistics import kolmogorov_smirnov, mean_and_deviation

numbers = st.lists(
    st.one_of(
        st.none(),
        st.sampled_from([0.0, -0.0, 1.0, -1e300, 1e300, math.nan, math.inf, -math.inf]),
        st.floats(allow_nan=True, allow_infinity=True),
        st.integers(-5, 5).map(float),
    ),
    min_size=1,
    max_size=60,
)
strings = st.lists(st.one_of(st.none(), st.sampled_from(["", "a", "b", "Ä", "''", "null"])))


def table(**columns):
    (rows,) = {len(values) for values in columns.values()}
    days = pa.array(np.arange(rows) % 5, pa.int32()).cast(pa.date32())
    return pa.table({"day": days, **columns})


def is_null(value):
    return value is None or math.isnan(value)


@settings(max_examples=40)
@given(reference=numbers, window=numbers)
def test_few_values_are_counted_exactly_whatever_they_are(profiled, counted, reference, window):
    column = pa.array(reference, pa.float64())
    profile = profiled(table(x=column), ("x",), ())

    found = counted(profile, pa.table({"x": pa.array(window, pa.float64())}))["x"]

    assert found.total == len(window)
    assert found.nulls == sum(map(is_null, window))
    expected = [one for one in reference if not is_null(one)]
    kept = [one for one in window if not is_null(one)]
    assert dict(zip(found.keys, found.rows, strict=True)) == {
        one: kept.count(one) for one in set(kept)
    }
    if expected and kept:
        total = profile.column("x").total
        drift = column_drift(profile.bins.columns[0], total, found)
        truth = stats.ks_2samp(expected, kept, method="asymp").statistic
        assert drift.ks is not None
        assert drift.ks == pytest.approx(truth)


@settings(max_examples=40)
@given(reference=strings.filter(bool), window=strings.filter(bool))
def test_categories_are_counted_exactly_and_unseen_ones_together(
    profiled, counted, reference, window
):
    profile = profiled(table(c=pa.array(reference, pa.string())), (), ("c",))

    found = counted(profile, pa.table({"c": pa.array(window, pa.string())}))["c"]

    categories = profile.bins.columns[0].categories
    assert set(categories) == set(reference) - {None}
    assert found.nulls == window.count(None)
    for key, rows in zip(found.keys, found.rows, strict=True):
        if key < 0:
            assert rows == sum(one is not None and one not in categories for one in window)
        else:
            assert rows == window.count(categories[int(key)])
    assert found.total == len(window)


@pytest.mark.parametrize("kind", ["normal", "skewed", "point masses", "integers"])
def test_many_values_are_counted_in_uniform_bins_within_its_bound(profiled, counted, kind):
    random = np.random.default_rng(0)

    def draw(rows: int, shift: float):
        drawn = {
            "normal": random.normal(shift, 1, rows),
            "skewed": random.lognormal(shift, 3, rows),
            "point masses": np.where(
                random.random(rows) < 0.6, 0.0, random.exponential(1 + shift, rows)
            ),
            "integers": np.round(random.normal(shift, 1, rows) * 1e6),
        }[kind]
        drawn[random.random(rows) < 0.05] = np.nan
        return drawn

    reference, window = draw(40_000, 0.0), draw(20_000, 0.2)
    window[:40] = np.inf
    profile = profiled(table(x=reference), ("x",), ())
    bins = profile.bins.columns[0]
    found = counted(profile, pa.table({"x": window}))["x"]

    assert bins.kind == "uniform"
    assert (bins.scale is not None) == (kind == "skewed")
    assert bins.point_masses == ((0.0,) if kind == "point masses" else ())
    total = profile.column("x").total
    assert len(total.keys) <= UNIFORM_BINS + 100
    assert total.nulls == np.isnan(reference).sum()
    assert found.nulls == np.isnan(window).sum()
    ks = kolmogorov_smirnov(total, found, known_values(bins, total))
    truth = stats.ks_2samp(
        reference[~np.isnan(reference)], window[~np.isnan(window)], method="asymp"
    ).statistic
    assert ks.value - 1e-12 <= truth <= ks.value + ks.bound + 1e-12
    assert ks.bound < 0.004
    if kind != "skewed":
        finite = window[np.isfinite(window)]
        assert mean_and_deviation(found)[0] == pytest.approx(finite.mean(), abs=bins.width)


def test_a_changed_unit_keeps_its_shape_far_outside_of_the_bins(profiled, counted):
    random = np.random.default_rng(0)
    profile = profiled(table(x=random.normal(50, 9, 30_000)), ("x",), ())

    metres = random.normal(50, 9, 30_000) * 1000
    found = counted(profile, pa.table({"x": metres}))["x"]

    assert mean_and_deviation(found)[0] == pytest.approx(metres.mean(), rel=0.001)


def test_very_many_values_outside_of_all_bins_take_few_keys(profiled, counted, monkeypatch):
    monkeypatch.setattr(counting, "FEW_ROWS", 1000)
    profile = profiled(table(x=np.arange(300) % 7 * 1.0), ("x",), ())

    fresh = np.random.default_rng(0).normal(3, 100, 50_000)
    found = counted(profile, pa.table({"x": fresh}))["x"]

    assert found.total == 50_000
    assert len(found.keys) < 10_000
    assert mean_and_deviation(found)[0] == pytest.approx(fresh.mean(), abs=0.1)


def test_categories_too_many_to_be_listed_are_chosen_and_put_together_by_their_hashes(
    profiled, counted
):
    names = [f"tail{at:05d}" for at in range(3 * MOST_VALUES)]
    rows = [*names, *names[:500], None]

    profile = profiled(table(c=pa.array(rows)), (), ("c",))

    (bins,), total = profile.bins.columns, profile.column("c").total
    listed = [name for name in names if _hash(name) < bins.listed_below]
    assert bins.kind == "hashed"
    assert bins.categories == tuple(listed)
    assert len(listed) == pytest.approx(MOST_VALUES, rel=0.1)
    assert total.present == len(rows) - 1
    assert total.keys[total.keys < 0].tolist() == list(range(-51, -1))
    fresh = [f"fresh{at}" for at in range(200)]
    found = counted(profile, pa.table({"c": [*fresh, *listed[:2]]}))["c"]
    buckets = Counter(
        -1 if _hash(name) < bins.listed_below else -2 - _hash(name) % 50 for name in fresh
    )
    assert dict(zip(found.keys, found.rows, strict=True)) == {**buckets, 0: 1, 1: 1}


def _hash(category: str) -> int:
    """The documented one, so that another version of DuckDB cannot change what is stored."""
    return int.from_bytes(md5(category.encode()).digest()[8:], "little") % 2**32


def test_days_and_windows_add_up(profiled, counted, make_traffic):
    rows = make_traffic(28, 3)
    profile = profiled(rows)

    whole = counted(profile, rows)

    for name, histogram in whole.items():
        total = profile.column(name).total
        assert total.keys.tolist() == histogram.keys.tolist()
        assert total.rows.tolist() == histogram.rows.tolist()
        assert total.nulls == histogram.nulls
        assert len(profile.column(name).dates) == 28


def test_the_order_of_the_rows_does_not_matter_and_the_file_keeps_everything(
    profiled, make_traffic, tmp_path
):
    rows = make_traffic(28, 3)
    profile = profiled(rows)
    shuffled = profiled(rows.take(np.random.default_rng(1).permutation(rows.num_rows)))

    write_profile(tmp_path, profile)
    read = read_profile(tmp_path)

    assert profile.bins == shuffled.bins == read.bins
    for name in profile.bins.names:
        total = profile.column(name).total
        for other in (shuffled, read):
            assert other.column(name).total.rows.tolist() == total.rows.tolist()
            assert other.column(name).dates == profile.column(name).dates


def test_a_missing_or_damaged_profile_is_refused(profiled, make_traffic, tmp_path):
    with pytest.raises(DataError, match="holds no readable profile"):
        read_profile(tmp_path)
    write_profile(tmp_path, profiled(make_traffic(7, 0)))
    path = tmp_path / PROFILE_FILE
    path.write_bytes(path.read_bytes()[:400])
    with pytest.raises(DataError, match="holds no readable profile"):
        read_profile(tmp_path)
