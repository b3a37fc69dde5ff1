import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mlops_platform.errors import DataError
from mlops_platform.monitoring.drift.profile import (
    MOST_BINS,
    MOST_CATEGORIES,
    Profile,
    counts_of,
    histogram,
    profile_of,
    quantile_edges,
)

values = arrays.arrays(
    np.float64, st.integers(1, 300), elements=st.floats(allow_nan=False, width=16)
)


def test_a_profile_counts_its_own_rows_as_its_bins_do(make_flights):
    rows = make_flights()

    profile = profile_of(rows, ["distance", "weekday"], ["carrier"])

    distance, weekday, carrier = profile.columns
    for column in profile.columns:
        assert counts_of(column, rows) == (column.counts, column.nulls)
        assert sum(column.counts) + column.nulls == profile.rows == 2000
    assert len(distance.counts) == MOST_BINS
    assert max(distance.counts) - min(distance.counts) <= 1
    assert distance.nulls == int(np.isnan(rows["distance"].to_numpy()).sum()) > 0
    assert weekday.edges == (1, 2, 3, 4, 5, 6)
    assert carrier.categories == ("UA", "DL", "AA")
    assert carrier.nulls == rows["carrier"].null_count > 0


def test_the_order_of_the_rows_does_not_matter_and_json_keeps_everything(make_flights):
    rows = make_flights()
    shuffled = rows.take(np.random.default_rng(1).permutation(rows.num_rows))

    profile = profile_of(rows, ["distance", "weekday"], ["carrier"])

    assert profile_of(shuffled, ["distance", "weekday"], ["carrier"]) == profile
    assert Profile.model_validate_json(profile.model_dump_json()) == profile


@given(values=values, bins=st.integers(2, 30))
def test_edges_increase_and_no_bin_of_the_reference_is_empty(values, bins):
    edges = quantile_edges(values, bins)

    assert len(edges) < bins
    assert list(edges) == sorted(set(edges))
    assert set(edges) <= set(values.tolist())
    assert min(histogram(values, edges)) > 0


def test_values_beyond_the_reference_fall_into_the_outer_bins():
    edges = quantile_edges(np.array([1.0, 2.0, 3.0]), 30)

    assert histogram(np.array([-9.0, 1.0, 1.5, 3.0, 9.0, np.inf]), edges) == (2, 1, 3)


def test_rare_and_new_categories_share_the_last_bin():
    many = [f"c{at:03d}" for at in range(MOST_CATEGORIES + 5)]
    (column,) = profile_of(pa.table({"kind": [*many[::-1], "c054", None]}), [], ["kind"]).columns

    assert column.categories[0] == "c054"
    assert len(column.categories) == MOST_CATEGORIES
    assert "c049" not in column.categories  # ties go by name
    assert column.counts[-1] == 5
    fresh = pa.table({"kind": pa.chunked_array([["c054", "new"], ["c001", None]])})
    counts, nulls = counts_of(column, fresh)
    assert (counts[0], counts[2], counts[-1], sum(counts), nulls) == (1, 1, 1, 3, 1)


def test_a_column_without_any_value_has_one_empty_bin():
    rows = pa.table({"gone": pa.nulls(3), "unnamed": pa.nulls(3)})

    gone, unnamed = profile_of(rows, ["gone"], ["unnamed"]).columns

    assert (gone.edges, gone.counts, gone.nulls) == ((), (0,), 3)
    assert (unnamed.categories, unnamed.counts, unnamed.nulls) == ((), (0,), 3)
    assert counts_of(gone, pa.table({"gone": [1.0, 2.0]})) == ((2,), 0)
    assert counts_of(unnamed, pa.table({"unnamed": ["x", None]})) == ((1,), 1)


def test_whole_numbers_and_booleans_are_numbers():
    rows = pa.table({"whole": [1, 2, None], "flag": [True, False, False]})

    whole, flag = profile_of(rows, ["whole", "flag"], []).columns

    assert (whole.counts, whole.nulls) == ((1, 1), 1)
    assert flag.counts == (2, 1)


def test_a_column_that_changed_its_type_is_refused_by_name():
    with pytest.raises(DataError, match="'distance' is string and cannot be read as double"):
        profile_of(pa.table({"distance": ["far"]}), ["distance"], [])
