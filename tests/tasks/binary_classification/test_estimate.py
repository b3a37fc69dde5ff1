from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, f1_score, log_loss, roc_auc_score

from mlops_platform.tasks import DEFAULT_TASK
from mlops_platform.tasks.binary_classification.estimate import expected_performance, recalibrated
from mlops_platform.tasks.expecting.decisions import ExpectedDecisions
from mlops_platform.tasks.multiclass_classification.estimate import (
    expected_performance as of_several,
)

ROWS = st.lists(
    st.tuples(st.sampled_from([0.1, 0.3, 0.3001, 0.7, 0.9]), st.floats(0, 1)),
    min_size=1,
    max_size=6,
)


def estimated(scores, probabilities, threshold, loss="log_loss"):
    """What these scores, decided at a threshold, let expect beside a base rate of 0.2."""
    predictions = DEFAULT_TASK.predictions(scores[:, None], {"threshold": threshold})
    return expected_performance(predictions, probabilities, {"base_rate": 0.2}, loss)


def every_outcome(probabilities):
    """All label vectors with their probabilities."""
    for labels in product([0, 1], repeat=len(probabilities)):
        drawn = np.array(labels)
        yield drawn, float(np.prod(np.where(drawn == 1, probabilities, 1 - probabilities)))


@settings(max_examples=30)  # of up to 64 outcomes each
@given(rows=ROWS)
def test_expected_figures_are_the_mean_over_every_possible_outcome(rows):
    scores, probabilities = np.array(rows).T
    outcomes = list(every_outcome(probabilities))

    estimate = estimated(scores, probabilities, threshold=0.3)
    metrics = estimate.metrics

    losses = sum(log_loss(labels, scores, labels=[0, 1]) * p for labels, p in outcomes)
    assert estimate.loss == pytest.approx(losses)
    constant = np.full(len(scores), 0.2)
    by_constant = sum(log_loss(labels, constant, labels=[0, 1]) * p for labels, p in outcomes)
    assert estimate.baseline_loss == pytest.approx(by_constant)
    assert metrics["brier_score"] == pytest.approx(
        sum(brier_score_loss(labels, scores, pos_label=1) * p for labels, p in outcomes)
    )
    hits = sum(((labels == 1) & (scores >= 0.3)).sum() * p for labels, p in outcomes)
    assert metrics["true_positives"] == pytest.approx(hits, abs=1e-12)
    decided = metrics["true_positives"] + metrics["false_positives"]
    assert decided == pytest.approx((scores >= 0.3).sum())
    undecided = metrics["false_negatives"] + metrics["true_negatives"]
    assert undecided == pytest.approx((scores < 0.3).sum())


@given(rows=ROWS)
def test_the_expected_loss_is_the_one_that_is_asked_for(rows):
    scores, probabilities = np.array(rows).T

    estimate = estimated(scores, probabilities, threshold=0.3, loss="brier_score")

    assert estimate.loss == estimate.metrics["brier_score"]
    spread = probabilities * 0.8**2 + (1 - probabilities) * 0.2**2
    assert estimate.baseline_loss == pytest.approx(spread.mean())


@given(rows=ROWS)
def test_expected_auc_is_expected_concordance_over_expected_pairs(rows):
    scores, probabilities = np.array(rows).T
    concordant = pairs = 0.0
    for labels, p in every_outcome(probabilities):
        unlike = int(labels.sum() * (1 - labels).sum())
        if unlike:
            concordant += roc_auc_score(labels, scores) * unlike * p
            pairs += unlike * p

    metrics = estimated(scores, probabilities, threshold=0.5).metrics

    if pairs > 1e-9:
        assert metrics["roc_auc"] == pytest.approx(concordant / pairs, abs=1e-6)


def weeks(rows, seed, shift=0.0, concept=0.0):
    """Scores that are too sure of themselves, and labels; `concept` moves labels alone."""
    random = np.random.default_rng(seed)
    logits = random.normal(-1 + shift, 1.2, rows)
    labels = random.random(rows) < 1 / (1 + np.exp(-logits - concept))
    return 1 / (1 + np.exp(-1.5 * logits)), labels.astype(float)


@pytest.mark.parametrize("shift", [0.0, 0.8])
def test_a_shift_of_the_inputs_is_seen_without_labels(shift):
    held_out = weeks(10_000, seed=0)
    scores, labels = weeks(10_000, seed=1, shift=shift)

    estimate = estimated(scores, recalibrated(scores, *held_out), 0.25)

    metrics = estimate.metrics
    assert estimate.loss == pytest.approx(log_loss(labels, scores), abs=0.03)
    assert metrics["brier_score"] == pytest.approx(brier_score_loss(labels, scores), abs=0.01)
    assert metrics["roc_auc"] == pytest.approx(roc_auc_score(labels, scores), abs=0.02)
    assert metrics["positive_rate"] == pytest.approx(labels.mean(), abs=0.02)


def test_a_change_of_the_outcomes_alone_is_not_seen():
    held_out = weeks(10_000, seed=0)
    scores, labels = weeks(10_000, seed=1, concept=1.5)

    estimate = estimated(scores, recalibrated(scores, *held_out), 0.25)

    assert log_loss(labels, scores) - estimate.loss > 0.15


def test_without_two_classes_to_expect_there_is_no_auc():
    certain = np.ones(5)

    assert "roc_auc" not in estimated(np.linspace(0, 1, 5), certain, 0.5).metrics


def test_two_classes_are_expected_to_be_confused_as_true_and_false_are():
    """The estimate of several classes, asked about two."""
    scores, labels = weeks(3000, seed=3)
    probabilities = recalibrated(scores, scores, labels)
    decided = scores >= 0.3
    of_two = ExpectedDecisions(
        np.column_stack([1 - probabilities, probabilities]), decided.astype(int)
    )

    estimate = estimated(scores, probabilities, threshold=0.3)
    several = of_several(
        ("no", "yes"),
        np.column_stack([1 - scores, scores]),
        np.array([0.8, 0.2]),
        of_two,
        "log_loss",
    )

    metrics = estimate.metrics
    assert estimate.loss == pytest.approx(several.loss)
    assert estimate.baseline_loss == pytest.approx(several.baseline_loss)
    assert estimate.errors["loss"] == pytest.approx(several.errors["loss"])
    assert estimate.confusion.rows == several.confusion.rows
    (tn, fp), (fn, tp) = several.confusion.rows
    by_name = [metrics[f"{name}s"] for name in ("true_negative", "false_positive")]
    assert [tn, fp] == pytest.approx(by_name)
    assert [fn, tp] == pytest.approx([metrics["false_negatives"], metrics["true_positives"]])
    for name in ("precision", "recall"):
        assert metrics[name] == pytest.approx(several.metrics[f"{name}_yes"])
        assert estimate.errors[name] == pytest.approx(several.errors[f"{name}_yes"])
    f1 = 2 * tp / (2 * tp + fp + fn)
    assert metrics["f1"] == pytest.approx(f1)
    assert metrics["f1"] == pytest.approx(f1_score(labels, decided), abs=5 * estimate.errors["f1"])
