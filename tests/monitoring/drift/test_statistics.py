import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import jensenshannon

from mlops_platform.monitoring.drift.profile.histogram import Histogram, histogram_of
from mlops_platform.monitoring.drift.statistics import (
    chi_square,
    jensen_shannon,
    kolmogorov_smirnov,
    mean_and_deviation,
    new_share,
    population_stability,
    smirnov_p_value,
    wasserstein,
)

counts = st.integers(0, 10**7)
histograms = st.lists(st.tuples(counts, counts), min_size=1, max_size=60).filter(
    lambda pairs: any(p for p, _ in pairs) and any(q for _, q in pairs)
)
values = st.lists(
    st.one_of(st.integers(-3, 3).map(float), st.floats(-1e6, 1e6), st.just(math.nan)),
    min_size=1,
    max_size=80,
)
infinite = st.sampled_from([math.inf, -math.inf])


def histogram(of: list[float]) -> Histogram:
    keys = np.array(of, dtype=float)
    return histogram_of(keys, np.ones(len(keys), dtype=np.int64))


def present(of: list[float]) -> list[float]:
    return [one for one in of if not math.isnan(one)]


@given(histograms)
def test_jensen_shannon_is_scipys_symmetric_and_bounded(pairs):
    p, q = (np.array(one, dtype=float) for one in zip(*pairs, strict=True))

    distance = jensen_shannon(p, q)

    expected = np.nan_to_num(jensenshannon(p, q, base=2))  # rounds below zero at p = q
    assert distance == pytest.approx(expected, abs=1e-7)
    assert distance == jensen_shannon(q, p)
    assert 0 <= distance <= 1


def test_jensen_shannon_of_many_windows_is_that_of_each():
    p, q = np.random.default_rng(0).integers(0, 9, (2, 20, 7)).astype(float)

    together = jensen_shannon(p, q)

    assert together == pytest.approx([jensen_shannon(*one) for one in zip(p, q, strict=True)])
    assert np.isnan(jensen_shannon(np.zeros(3), np.ones(3)))


@given(st.lists(st.tuples(st.integers(1, 10**6), st.integers(1, 10**6)), min_size=1, max_size=40))
def test_population_stability_is_the_symmetric_kullback_leibler_divergence(pairs):
    p, q = (np.array(one, dtype=float) for one in zip(*pairs, strict=True))
    shares = p / p.sum(), q / q.sum()
    if min(map(min, shares)) < 1e-4:  # such bins count as that
        return

    expected = stats.entropy(*shares) + stats.entropy(*shares[::-1])

    assert population_stability(p, q) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@given(histograms)
def test_population_stability_is_finite_whatever_is_empty(pairs):
    p, q = (np.array(one, dtype=float) for one in zip(*pairs, strict=True))

    assert math.isfinite(population_stability(p, q))
    assert math.isnan(population_stability(p, 0 * q))


@given(histograms)
def test_chi_square_is_scipys_of_two_samples(pairs):
    p, q = (np.array(one, dtype=float) for one in zip(*pairs, strict=True))
    table = np.array([p, q])[:, (p + q) > 0]

    statistic, p_value = chi_square(p, q)

    if table.shape[1] == 1:
        assert (statistic, p_value) == (0, 1)
    else:
        expected = stats.chi2_contingency(table, correction=False)
        assert (statistic, p_value) == pytest.approx((expected.statistic, expected.pvalue))
    assert all(map(math.isnan, chi_square(p, 0 * q)))


@given(st.lists(st.one_of(values, infinite.map(lambda x: [x])), min_size=2, max_size=2))
def test_kolmogorov_smirnov_of_values_is_scipys(samples):
    first, second = samples
    kept = [present(one) for one in samples]

    found = kolmogorov_smirnov(histogram(first), histogram(second), np.array(kept[0] + kept[1]))

    if not all(kept):
        assert math.isnan(found.value)
        return
    assert found.value == pytest.approx(stats.ks_2samp(*kept, method="asymp").statistic)
    assert found.bound == 0


def test_a_p_value_is_scipys():
    random = np.random.default_rng(0)
    first, second = random.normal(size=900), random.normal(0.1, size=700)
    expected = stats.ks_2samp(first, second)

    found = smirnov_p_value(float(expected.statistic), 900, 700)

    assert found == pytest.approx(float(expected.pvalue), rel=0.1)


@given(values, values)
def test_the_earth_movers_distance_is_scipys(first, second):
    kept = [present(one) for one in (first, second)]

    found = wasserstein(histogram(first), histogram([*second, math.inf]))

    if not all(kept):
        assert math.isnan(found)
    else:
        assert found == pytest.approx(stats.wasserstein_distance(*kept), rel=1e-9, abs=1e-9)


@given(values)
def test_mean_and_deviation_are_numpys_of_finite_values(sample):
    mean, deviation = mean_and_deviation(histogram([*sample, math.inf, -math.inf]))

    kept = present(sample)
    if not kept:
        assert math.isnan(mean)
        return
    assert mean == pytest.approx(np.mean(kept), rel=1e-9, abs=1e-6)
    assert deviation == pytest.approx(np.std(kept), rel=1e-6, abs=1e-6)


def test_new_categories_are_those_the_reference_never_held():
    reference, window = histogram([0, 0, 1, math.nan]), histogram([0, 2, -1, -1, math.nan])

    assert new_share(reference, window) == pytest.approx(3 / 5)
    assert new_share(reference, histogram([])) == 0
