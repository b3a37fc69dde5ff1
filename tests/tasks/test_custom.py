"""Metrics and costs of the user's own, by import path."""

from copy import deepcopy
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import fbeta_score, matthews_corrcoef

from mlops_platform.errors import SpecError
from mlops_platform.spec import ModelSpec
from mlops_platform.tasks import Predictions
from mlops_platform.tasks.binary_classification.costs import Costs
from mlops_platform.tasks.binary_classification.task import BinaryClassification
from mlops_platform.tasks.binary_classification.threshold import choose_threshold
from mlops_platform.tasks.custom import CostFunction, CustomMetric, load_function
from mlops_platform.training.check import check_candidates
from tests.tasks.conftest import pipeline_of, rows_of
from tests.training.conftest import DECLARED

HERE = "tests.tasks.test_custom"
MATTHEWS = {
    "name": "matthews",
    "function": "sklearn.metrics.matthews_corrcoef",
    "of": "decision",
    "greater_is_better": True,
}
LABELS = np.array([0, 0, 1, 1, 1])
SCORES = np.array([0.1, 0.6, 0.4, 0.7, 0.9])


def no_number(targets: Any, column: Any) -> float:
    return float("nan")


def no_answer(targets: Any, predictions: Any) -> float:
    raise ZeroDivisionError("there are no rows of this kind")


def a_word(targets: Any, predictions: Any) -> str:
    return "cheap"


def one_cost(targets: Any, predictions: Any) -> float:
    return 1.0


def half_of_the_costs(targets: Any, predictions: Any) -> Any:
    return np.zeros(len(targets) // 2)


def infinite_costs(targets: Any, predictions: Any) -> Any:
    return np.full(len(targets), np.inf)


def cost_of_decisions(
    targets: Any, predictions: Any, false_positive: float, false_negative: float
) -> Any:
    """What `Costs` says."""
    decided = predictions["decision"]
    return np.where(targets == 1, ~decided * false_negative, decided * false_positive)


def predicted(scores: Any = SCORES, threshold: float = 0.5) -> Predictions:
    return BinaryClassification().predictions(scores[:, None], {"threshold": threshold})


def declared(**options: Any) -> ModelSpec:
    plain = deepcopy(DECLARED)
    plain["task"].update(options)
    return ModelSpec.model_validate(plain)


def test_a_metric_of_scikit_learn_is_measured_beside_the_tasks_own() -> None:
    task = BinaryClassification(metrics=(CustomMetric.model_validate(MATTHEWS),))
    predictions = predicted()

    metrics = task.measure(LABELS, predictions)

    assert list(metrics) == [*task.own_metrics, "matthews"]
    assert metrics["matthews"] == matthews_corrcoef(LABELS, predictions["decision"])
    metric = task.all_metrics["matthews"]
    assert metric.greater_is_better
    assert metric.meaning == "`sklearn.metrics.matthews_corrcoef` of the decision"
    assert not metric.tunes


def test_a_metric_gets_its_parameters_and_its_meaning() -> None:
    custom = CustomMetric(
        name="f2",
        function="sklearn.metrics.fbeta_score",
        of="decision",
        params={"beta": 2, "zero_division": 0},
        greater_is_better=True,
        meaning="recall counts twice",
    )

    metric = custom.metric()

    predictions = predicted()
    expected = fbeta_score(LABELS, predictions["decision"], beta=2)
    assert metric.compute(LABELS, predictions) == expected
    assert metric.meaning == "recall counts twice"


def test_a_metric_of_the_yaml_can_be_limited_and_watched_but_does_not_tune() -> None:
    plain = deepcopy(DECLARED)
    plain["task"].update(metrics=[MATTHEWS])
    plain["gate"] = {"limits": {"matthews": 0.1}}
    plain["monitoring"] = {"performance": {"levels": {"matthews": {"warn": 0.1}}}}

    spec = ModelSpec.model_validate(plain)

    assert list(spec.limits) == ["expected_calibration_error", "matthews"]
    assert check_candidates(spec) == []


@pytest.mark.parametrize(
    ("function", "fix"),
    [
        ("sklearn.metrics.mathews_corrcoef", "It cannot be imported"),
        ("no_such_package.metrics.best", "It cannot be imported (No module named"),
        ("sklearn.metrics._classification.np", "It is no function"),
    ],
)
def test_a_path_without_a_function_is_refused(function: str, fix: str) -> None:
    with pytest.raises(SpecError) as refused:
        load_function(function, "task.metrics.0.function")

    assert (refused.value.field, refused.value.value) == ("task.metrics.0.function", function)
    assert fix in refused.value.fix


@pytest.mark.parametrize(
    ("metric", "fix"),
    [
        ({"function": "sklearn.metrics.mathews_corrcoef"}, "It cannot be imported"),
        ({"function": f"{HERE}.no_answer"}, "It fails: ZeroDivisionError: there are no rows"),
        ({"function": f"{HERE}.a_word"}, "It fails: ValueError: could not convert"),
        ({"function": f"{HERE}.no_number"}, "It gives nan on a small sample"),
        ({"params": {"beta": 1}}, "It fails: TypeError"),
        ({"function": "sklearn.metrics.matthews_corrcoef", "of": "score"}, "It fails: ValueError"),
    ],
)
def test_a_metric_that_does_not_work_is_refused_before_a_training(
    metric: dict[str, Any], fix: str
) -> None:
    sound = {**MATTHEWS, "name": "sound"}

    (error,) = check_candidates(declared(metrics=[{**MATTHEWS, **metric}, sound]))

    assert error.field == "task.metrics.0.function"
    assert error.value == {**MATTHEWS, **metric}["function"]
    assert fix in error.fix


@pytest.mark.parametrize(
    ("function", "params", "fix"),
    [
        ("tests.tasks.test_custom.nothing_here", {}, "It cannot be imported"),
        (f"{HERE}.HERE", {}, "It is no function"),
        (f"{HERE}.no_answer", {}, "It fails: ZeroDivisionError: there are no rows"),
        (f"{HERE}.a_word", {}, "It fails: ValueError"),
        (f"{HERE}.cost_of_decisions", {}, "It fails: TypeError"),
        (f"{HERE}.one_cost", {}, "one finite number for each of 600 rows"),
        (f"{HERE}.half_of_the_costs", {}, "one finite number for each of 600 rows"),
        (f"{HERE}.infinite_costs", {}, "one finite number for each of 600 rows"),
    ],
)
def test_costs_that_do_not_work_are_refused_before_a_training(
    function: str, params: dict[str, float], fix: str
) -> None:
    (error,) = check_candidates(declared(costs={"function": function, "params": params}))

    assert (error.field, error.value) == ("task.costs.function", function)
    assert fix in error.fix


def test_a_metric_that_fails_later_says_which_it_is() -> None:
    failing = CustomMetric.model_validate({**MATTHEWS, "function": f"{HERE}.no_answer"})
    task = BinaryClassification(metrics=(failing,))

    with pytest.raises(SpecError, match=r"task\.metrics\.matthews\.function: .* ZeroDivisionError"):
        task.measure(LABELS, predicted())


def by_function(costs: Costs) -> CostFunction:
    """The same costs as a function of rows."""
    return CostFunction(function=f"{HERE}.cost_of_decisions", params=costs.model_dump())


def test_costs_by_function_are_those_that_are_expected_and_summed() -> None:
    costs = Costs(false_positive=2, false_negative=5)
    task = BinaryClassification(costs=by_function(costs))
    predictions = predicted()

    rows = task.row_costs(LABELS, predictions)

    assert rows.tolist() == [0, 2, 5, 0, 0]
    assert (rows == costs.of_rows(LABELS, predictions)).all()
    assert task.measure(LABELS, predictions)["expected_cost"] == rows.mean()


@pytest.mark.parametrize("costs", [Costs(), Costs(false_negative=3), Costs(false_positive=4)])
def test_the_threshold_of_a_cost_function_is_about_as_cheap_as_the_exact_one(costs: Costs) -> None:
    random = np.random.default_rng(0)
    scores = random.random(5000)
    labels = (random.random(5000) < scores).astype(np.int64)

    threshold = choose_threshold(labels, scores, by_function(costs))

    exact = choose_threshold(labels, scores, costs)
    mean_cost, least = (
        costs.of_rows(labels, predicted(scores, at)).mean() for at in (threshold, exact)
    )
    assert least <= mean_cost <= least + 0.005
    assert threshold == pytest.approx(exact, abs=0.1)


def test_where_every_decision_costs_more_nothing_is_decided_positive() -> None:
    labels, scores = np.zeros(3, dtype=np.int64), np.array([0.2, 0.9, 1.0])

    threshold = choose_threshold(labels, scores, by_function(Costs()))

    assert not (scores >= threshold).any()


def test_a_training_takes_its_threshold_from_the_function() -> None:
    costs = Costs(false_negative=9)
    task = BinaryClassification(costs=by_function(costs))
    train, unseen = rows_of(task, 0), rows_of(task, 1)

    finished = task.fit(pipeline_of(task), train, unseen)

    exact = BinaryClassification(costs=costs).fit(pipeline_of(task), train, unseen)
    assert finished.constants["threshold"] == pytest.approx(exact.constants["threshold"], abs=0.02)
    text = task.constants_text(finished.constants)
    assert text.endswith(f"by the costs of `{HERE}.cost_of_decisions`.")


def test_a_spec_with_costs_by_function_is_sound() -> None:
    params = {"false_positive": 1, "false_negative": 9}
    costs = {"function": f"{HERE}.cost_of_decisions", "params": params}

    assert check_candidates(declared(costs=costs)) == []


def test_a_metric_gets_the_weights_of_the_rows_where_there_are_any() -> None:
    weights = np.array([1.0, 5.0, 1.0, 5.0, 2.0])
    custom = CustomMetric.model_validate(MATTHEWS)
    weighted = custom.metric().compute(LABELS, predicted().weighted(weights))
    times = weights.astype(int)
    rows = predicted().rows(np.repeat(np.arange(len(SCORES)), times))
    assert weighted == pytest.approx(custom.metric().compute(np.repeat(LABELS, times), rows))


def test_a_metric_that_takes_every_row_for_one_is_refused_where_rows_have_weights() -> None:
    custom = CustomMetric.model_validate({**MATTHEWS, "function": f"{HERE}.half"})
    assert custom.metric().compute(LABELS, predicted()) == 0.5
    with pytest.raises(SpecError, match="takes no `sample_weight`"):
        custom.metric().compute(LABELS, predicted().weighted(np.arange(1.0, len(SCORES) + 1)))


def half(targets: Any, predictions: Any) -> float:
    return 0.5
