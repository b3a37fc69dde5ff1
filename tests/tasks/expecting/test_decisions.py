"""Expected decisions against every possible outcome, and against outcomes that are drawn."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri
from sklearn.metrics import confusion_matrix

from mlops_platform.tasks.expecting.decisions import ExpectedDecisions

CLASSES = 3
SEEDS = st.integers(0, 2**32 - 1)


def some(rows, seed, classes=CLASSES):
    """Probabilities, and decisions for the likeliest class."""
    probabilities = np.random.default_rng(seed).dirichlet(np.linspace(0.4, 1.5, classes), rows)
    return ExpectedDecisions(probabilities, probabilities.argmax(axis=1))


def drawn(expected, random):
    """Outcomes with these probabilities."""
    bounds = expected.probabilities.cumsum(axis=1)
    return (random.random((len(bounds), 1)) > bounds[:, :-1]).sum(axis=1)


@settings(max_examples=5)  # of 243 outcomes each
@given(seed=SEEDS)
def test_counts_and_accuracy_are_those_of_every_outcome_by_its_chance(seed):
    expected = some(5, seed)
    rows = range(len(expected.decided))
    outcomes = [np.array(codes) for codes in product(range(CLASSES), repeat=5)]
    chances = np.array([expected.probabilities[rows, codes].prod() for codes in outcomes])
    counts = np.array(
        [confusion_matrix(codes, expected.decided, labels=range(CLASSES)) for codes in outcomes]
    )
    right = np.array([(codes == expected.decided).mean() for codes in outcomes])
    mean = np.tensordot(chances, counts, axes=1)

    of_counts, deviations = expected.confusion

    np.testing.assert_allclose(of_counts, mean, atol=1e-12)
    spread = np.sqrt(np.tensordot(chances, (counts - mean) ** 2, axes=1))
    np.testing.assert_allclose(deviations, spread, atol=1e-7)
    assert expected.accuracy.value == pytest.approx(chances @ right)
    of_accuracy = np.sqrt(chances @ (right - chances @ right) ** 2)
    assert expected.accuracy.error == pytest.approx(of_accuracy)


def figures_of(expected):
    """Every figure of a class or over classes, by name."""
    return {
        **{f"precision_{at}": expected.precision(at) for at in range(expected.classes)},
        **{f"recall_{at}": expected.recall(at) for at in range(expected.classes)},
        **{f"f1_{at}": expected.f1(at) for at in range(expected.classes)},
        "accuracy": expected.accuracy,
        "balanced_accuracy": expected.balanced_accuracy,
        "macro_f1": expected.macro_f1,
    }


def realised(expected, codes, weights=None):
    """The same of outcomes, by counting: scikit-learn takes twenty times as long."""
    classes = expected.classes
    cells = np.bincount(codes * classes + expected.decided, weights, minlength=classes**2)
    counts = cells.reshape(classes, classes)
    hits, outcomes, decisions = counts.diagonal(), counts.sum(axis=1), counts.sum(axis=0)
    total = np.maximum(outcomes + decisions, 1e-9)
    recall, f1 = hits / np.maximum(outcomes, 1e-9), 2 * hits / total
    by_class = {"precision": hits / np.maximum(decisions, 1e-9), "recall": recall, "f1": f1}
    return {
        **{f"{name}_{at}": of[at] for name, of in by_class.items() for at in range(classes)},
        "accuracy": hits.sum() / counts.sum(),
        "balanced_accuracy": recall[outcomes > 0].mean(),
        "macro_f1": f1[outcomes > 0].mean(),
    }


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("weighted", [False, True])
def test_what_comes_true_lies_in_the_interval_as_often_as_it_says(classes, weighted):
    random = np.random.default_rng(classes)
    plain = some(800, seed=classes, classes=classes)
    weights = random.gamma(2.0, size=800) if weighted else None
    expected = ExpectedDecisions(plain.probabilities, plain.decided, weights)
    figures, weeks = figures_of(expected), 400
    reach = ndtri(0.95)
    inside = dict.fromkeys(figures, 0)
    for _ in range(weeks):
        found = realised(expected, drawn(expected, random), weights)
        for name, (value, error) in figures.items():
            inside[name] += abs(found[name] - value) <= reach * error

    shares = {name: count / weeks for name, count in inside.items()}

    assert {name: share for name, share in shares.items() if not 0.83 < share < 0.96} == {}
    assert np.mean([*shares.values()]) == pytest.approx(0.9, abs=0.02)


def test_a_class_that_hardly_comes_true_counts_by_the_chance_that_it_does():
    probabilities = np.tile([0.6, 0.399, 0.001], (30, 1))
    expected = ExpectedDecisions(probabilities, np.tile([0, 1], 15))
    random = np.random.default_rng(0)
    found = [realised(expected, drawn(expected, random))["macro_f1"] for _ in range(400)]

    assert expected.macro_f1.value == pytest.approx(np.mean(found), abs=0.01)


@given(seed=SEEDS)
def test_whole_weights_are_repeated_rows(seed):
    expected = some(12, seed)
    weights = np.random.default_rng(seed).integers(1, 5, 12)
    again = ExpectedDecisions(
        np.repeat(expected.probabilities, weights, axis=0), np.repeat(expected.decided, weights)
    )
    weighed = ExpectedDecisions(expected.probabilities, expected.decided, weights.astype(float))

    ours, theirs = figures_of(weighed), figures_of(again)
    for name in set(ours) - {"macro_f1", "balanced_accuracy"}:  # these know which classes occur
        assert ours[name].value == pytest.approx(theirs[name].value)
        assert ours[name].error >= theirs[name].error - 1e-12


def test_what_is_decided_by_nobody_and_expected_of_nobody_is_zero():
    expected = ExpectedDecisions(np.array([[1.0, 0.0, 0.0]] * 3), np.zeros(3, int))

    assert expected.precision(1) == expected.recall(1) == expected.f1(1) == (0.0, 0.0)
    assert expected.macro_f1 == expected.accuracy == (1.0, 0.0)
