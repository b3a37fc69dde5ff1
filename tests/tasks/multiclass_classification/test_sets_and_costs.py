"""Sets hold what they promise, and the decision is the one that costs least."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_platform.tasks.multiclass_classification.columns import DECISION, SET_FROM, SET_SIZE
from mlops_platform.tasks.multiclass_classification.costs import (
    MistakeCosts,
    cheapest,
    cheapest_in_row,
    costs_of_decisions,
)
from mlops_platform.tasks.multiclass_classification.estimate import expected_losses, recalibrated
from mlops_platform.tasks.multiclass_classification.metrics import log_losses
from mlops_platform.tasks.multiclass_classification.prediction_sets import (
    holds_outcome,
    least_probability,
    sizes,
)
from mlops_platform.tasks.multiclass_classification.probabilities import floored
from tests.tasks.conftest import task_named, trained_as


@pytest.mark.parametrize("coverage", [0.8, 0.9, 0.95])
def test_sets_cover_new_rows_as_promised_however_wrong_the_probabilities(coverage: float) -> None:
    random = np.random.default_rng(int(100 * coverage))
    held = []
    for _ in range(60):
        truth = random.dirichlet(np.full(5, 0.7), 600)
        codes = (truth.cumsum(axis=1) > random.random((600, 1))).argmax(axis=1)
        wrong = floored(truth**2)  # too sure of itself
        least = least_probability(wrong[:300], codes[:300], coverage)
        held.append(holds_outcome(wrong[300:], codes[300:], np.full(300, least)).mean())

    assert coverage - 0.005 < np.mean(held) < coverage + 0.02


def test_a_set_holds_the_likeliest_class_at_least_and_every_class_where_nothing_is_known() -> None:
    given_ = floored(np.array([[0.4, 0.35, 0.25], [0.9, 0.05, 0.05]]))

    assert sizes(given_, 0.95).tolist() == [1, 1]
    assert holds_outcome(given_, np.array([0, -1]), np.full(2, 0.95)).tolist() == [True, False]
    assert least_probability(given_[:0], np.array([], dtype=int), 0.9) == 0.0
    assert sizes(given_, 0.0).tolist() == [3, 3]
    # One row cannot promise nine in ten: the largest of its scores has to do.
    assert least_probability(given_[:1], np.array([2]), 0.9) == pytest.approx(0.25)


def test_the_answer_names_the_classes_of_its_set_the_likeliest_first() -> None:
    task = task_named("multiclass_classification", prediction_sets={"coverage": 0.9}, top_k=1)
    constants = {SET_FROM: 0.2}

    answer = task.answer([0.25, 0.05, 0.7], constants)

    assert answer[SET_SIZE] == 2.0
    shown = task.shown(answer)
    assert shown["set"] == ['the "highest"', "low"]
    assert shown["coverage"] == 0.9
    assert shown["probabilities"]["low"] == pytest.approx(0.25, abs=1e-5)
    assert "at least 0.2000" in task.constants_text(constants)


def test_a_person_is_told_classes_by_their_names() -> None:
    task = task_named("multiclass_classification", prediction_sets={"coverage": 0.9}, top_k=1)
    answer = task.answer([0.25, 0.05, 0.7], {SET_FROM: 0.2})

    told = task.worded(answer)

    assert told["probability of low"] == answer["probability_1"]
    assert told["set"] == 'the "highest", low'
    assert not {"probability_1", "set_size", "set_from"} & told.keys()
    # As a line of the log has it that was written before there were sets.
    before = {**answer, SET_SIZE: None, SET_FROM: None}
    assert "probability of low" in task.worded(before)


def test_a_model_with_sets_measures_their_coverage_and_limits_it() -> None:
    task = task_named("multiclass_classification", prediction_sets={"coverage": 0.9})
    trained = trained_as(task)

    metrics = task.measure(trained.targets, trained.predictions)

    assert 0.8 < metrics["set_coverage"] < 1
    assert 1 <= metrics["set_size"] < 3
    assert task.default_limits["set_coverage"].min == 0.85


@given(
    st.lists(st.floats(0.001, 1), min_size=4, max_size=4),
    st.lists(st.floats(0, 10), min_size=16, max_size=16),
)
def test_the_decision_of_a_row_is_that_of_the_arrays_and_costs_least(
    weights: list[float], drawn: list[float]
) -> None:
    probabilities = floored(np.array([weights]))
    costs = np.array(drawn).reshape(4, 4)
    np.fill_diagonal(costs, 0.0)

    (decided,) = cheapest(probabilities, costs.tolist())

    assert decided == cheapest_in_row(probabilities[0].tolist(), costs.tolist())
    expected = probabilities[0] @ costs
    assert expected[decided] == pytest.approx(expected.min())


def test_costs_move_the_decision_and_what_is_not_declared_costs_most() -> None:
    classes = ["sun", "rain", "storm"]
    costs = {"mistakes": {"storm": {"sun": 20.0, "rain": 10.0}}, "otherwise": 2.0}
    careful = task_named("multiclass_classification", classes=classes, costs=costs)
    usual = task_named("multiclass_classification", classes=classes)
    numbers = np.array([[0.7, 0.15, 0.15]])

    assert usual.predictions(numbers, {})[DECISION].tolist() == ["sun"]
    predictions = careful.predictions(numbers, {})
    assert predictions[DECISION].tolist() == ["storm"]
    assert careful.answer(numbers[0].tolist(), {})[DECISION] == "storm"
    assert "storm costs 20" in careful.constants_text({}) or "where it was storm" in (
        careful.constants_text({})
    )
    matrix = MistakeCosts.model_validate(costs).matrix(classes)
    paid = costs_of_decisions(np.array([2, 0, -1]), np.array([0, 0, 2]), matrix)
    assert paid.tolist() == [20.0, 0.0, 20.0]


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["log_loss", "brier_score"]))
def test_the_expected_loss_is_the_mean_loss_of_drawn_outcomes(seed: int, loss: str) -> None:
    random = np.random.default_rng(seed)
    given_ = floored(random.dirichlet(np.ones(3), 4))
    truth = floored(random.dirichlet(np.ones(3), 4))
    task = task_named("multiclass_classification", loss=loss)

    expected = expected_losses(given_, truth, loss)

    losses = np.column_stack(
        [task.row_losses(np.full(4, code), task.predictions(given_, {})) for code in range(3)]
    )
    np.testing.assert_allclose(expected, (losses * truth).sum(axis=1), rtol=1e-9)


def test_the_estimate_learns_from_known_rows_that_probabilities_were_too_sure() -> None:
    random = np.random.default_rng(2)
    truth = random.dirichlet(np.full(3, 2.0), 8000)
    codes = (truth.cumsum(axis=1) > random.random((8000, 1))).argmax(axis=1)
    said, known, new = floored(truth**3), slice(0, 4000), slice(4000, 8000)
    loss = log_losses(codes[new], said[new]).mean()

    naive = expected_losses(said[new], said[new], "log_loss").mean()
    corrected = recalibrated(said[new], said[known], codes[known])

    np.testing.assert_allclose(corrected.sum(axis=1), 1)
    assert abs(naive - loss) > 0.2
    assert expected_losses(said[new], corrected, "log_loss").mean() == pytest.approx(loss, rel=0.03)


def test_confusion_precision_recall_and_f1_come_true_as_they_were_expected() -> None:
    """Of calibrated probabilities; five standard deviations are no chance."""
    task = task_named("multiclass_classification", classes=["sun", "rain", "fog"])
    random = np.random.default_rng(5)
    truth = floored(random.dirichlet([1.5, 0.8, 0.3], 6000))
    codes = (truth.cumsum(axis=1) > random.random((6000, 1))).argmax(axis=1)
    predictions = task.predictions(truth, {})
    baseline = task.baseline(codes)

    estimate = task.estimate(predictions, baseline, None)

    assert estimate is not None
    assert estimate.confusion is not None
    found = task.measure(codes, predictions)
    by_class = {f"{name}_{of}" for name in ("precision", "recall") for of in ("sun", "rain", "fog")}
    over_classes = {"accuracy", "balanced_accuracy", "macro_f1"}
    assert estimate.errors.keys() == {"loss", *over_classes, *by_class}
    for name in over_classes | by_class:
        assert estimate.metrics[name] == pytest.approx(found[name], abs=5 * estimate.errors[name])
        assert 0 < estimate.errors[name] < 0.03
    assert estimate.loss == pytest.approx(found["log_loss"], abs=5 * estimate.errors["loss"])
    realised = task.details(codes, predictions, {})["confusion"][:-1]
    differences = np.abs(np.subtract(realised, estimate.confusion.rows))
    assert (differences <= 5 * np.array(estimate.confusion.errors)).all()
    assert np.sum(estimate.confusion.rows) == pytest.approx(6000)


def test_of_many_classes_none_is_expected_apart() -> None:
    classes = [f"class {at}" for at in range(13)]
    task = task_named("multiclass_classification", classes=classes)
    truth = floored(np.random.default_rng(0).dirichlet(np.ones(13), 50))

    estimate = task.estimate(task.predictions(truth, {}), task.baseline(np.arange(13)), None)

    assert estimate is not None
    assert estimate.confusion is None
    assert estimate.metrics.keys() == {"accuracy", "balanced_accuracy", "macro_f1"}
