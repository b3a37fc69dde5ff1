import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon

from mlops_platform.errors import DataError
from mlops_platform.monitoring.drift.profile import profile_of
from mlops_platform.monitoring.drift.window_drift import WindowDrift, jensen_shannon, measure_drift
from mlops_platform.spec import DriftSpec

counts = st.integers(0, 10**7)
histograms = st.lists(st.tuples(counts, counts), min_size=1, max_size=60).filter(
    lambda pairs: any(p for p, _ in pairs) and any(q for _, q in pairs)
)


@given(histograms)
def test_the_distance_is_scipys_symmetric_and_bounded(pairs):
    p, q = zip(*pairs, strict=True)

    distance = jensen_shannon(p, q)

    expected = np.nan_to_num(jensenshannon(p, q, base=2))  # rounds below zero at p = q
    assert distance == pytest.approx(expected, abs=1e-7)
    assert distance == jensen_shannon(q, p)
    assert 0 <= distance <= 1


@given(st.lists(counts, min_size=1).filter(any), st.integers(1, 1000))
def test_proportional_counts_have_no_distance(p, factor):
    assert jensen_shannon(p, [factor * count for count in p]) == pytest.approx(0, abs=1e-7)


def test_histograms_without_a_common_bin_are_one_apart():
    assert jensen_shannon([3, 0, 2], [0, 7, 0]) == 1


def scores_of(rows: pa.Table, seed: int = 0):
    return np.random.default_rng(seed).beta(2, 6, rows.num_rows)


def drift(reference: pa.Table, rows: pa.Table, **spec) -> WindowDrift:
    profile = profile_of(reference, ["distance", "weekday"], ["carrier"])
    return measure_drift(profile, rows, scores_of(reference), scores_of(rows, 1), DriftSpec(**spec))


def test_rows_of_the_same_distribution_do_not_drift(make_flights):
    found = drift(make_flights(8000), make_flights(6000, seed=1))

    assert found.rows == 6000
    assert found.share_of_columns == 0
    assert found.prediction < 0.05
    assert all(one.statistic < 0.05 for one in found.columns)


def test_a_shift_nulls_and_swapped_categories_are_found_and_sorted(make_flights):
    rows = make_flights(6000, seed=1)
    distance = rows["distance"].to_numpy() + 150
    distance[:2000] = np.nan
    rows = rows.set_column(1, "distance", pa.array(distance))
    carrier = ["UA" if one == "DL" else one for one in rows["carrier"].to_pylist()]
    rows = rows.set_column(3, "carrier", pa.array(carrier))

    found = drift(make_flights(8000), rows)

    by_name = {one.column: one for one in found.columns}
    assert [one.column for one in found.columns] == ["distance", "weekday", "carrier"]
    assert [one.drifted for one in found.columns] == [True, False, True]
    assert found.share_of_columns == pytest.approx(2 / 3)
    assert by_name["distance"].null_share == pytest.approx(0.4, abs=0.02)
    assert by_name["distance"].null_share_reference == pytest.approx(0.1, abs=0.02)
    statistics = [one.statistic for one in found.most_drifted]
    assert statistics == sorted(statistics, reverse=True)
    assert found.most_drifted[-1].column == "weekday"


def test_more_nulls_alone_are_drift(make_flights):
    rows = make_flights(6000, seed=1)
    distance = rows["distance"].to_numpy().copy()
    distance[np.random.default_rng(0).random(6000) < 0.2] = np.nan

    found = drift(make_flights(8000), rows.set_column(1, "distance", pa.array(distance)))

    assert found.columns[0].drifted


def test_the_threshold_is_the_specs(make_flights):
    reference, rows = make_flights(8000), make_flights(6000, seed=1)

    assert drift(reference, rows, column_threshold=1e-6).share_of_columns == 1


def test_predictions_drift_apart_from_the_columns(make_flights):
    rows = make_flights()
    profile = profile_of(rows, ["distance"], [])

    found = measure_drift(profile, rows, scores_of(rows), scores_of(rows) + 0.2, DriftSpec())

    assert found.columns[0].statistic == 0
    assert found.prediction > 0.3


def test_a_window_without_a_column_or_without_rows_is_refused(make_flights):
    rows = make_flights()

    with pytest.raises(DataError, match=r"lacks the champion's columns \['weekday', 'carrier'\]"):
        drift(rows, rows.drop_columns(["weekday", "carrier"]))
    with pytest.raises(DataError, match="without rows"):
        drift(rows, rows.slice(0, 0))
