"""What a multiclass task takes and refuses, in which words, and rare and strange classes."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import TypeAdapter, ValidationError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from mlops_platform.errors import DataError, SpecError
from mlops_platform.spec import EstimatorSpec
from mlops_platform.tasks import Rows, Task, TaskSpec
from mlops_platform.tasks.multiclass_classification.calibration import class_factors, of_known
from mlops_platform.tasks.multiclass_classification.probabilities import floored
from mlops_platform.training.pipelines.estimators import build_estimator
from tests.tasks.conftest import task_named

ADAPTER: TypeAdapter[Task] = TypeAdapter(TaskSpec)
CLASSES = ["sun", "rain", "fog", "snow"]


def declared(**options: Any) -> dict[str, Any]:
    return {"type": "multiclass_classification", "classes": CLASSES, **options}


def weather(codes: Any, seed: int = 0) -> Rows:
    random = np.random.default_rng(seed)
    codes = np.asarray(codes)
    features = pd.DataFrame(
        {"a": codes + random.normal(size=len(codes)), "b": random.normal(size=len(codes))}
    )
    return Rows(features, codes)


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        (declared(classes=["a", "b"]), "there are 2, and 3 to 100 are needed; two classes are"),
        (declared(classes=[f"c{at}" for at in range(101)]), "there are 101, and 3 to 100"),
        (declared(classes=["a", "b", "a"]), "'a' is there twice; name each class once"),
        (declared(classes=["a", False, "c"]), "False is no text; write it in quotes"),
        (declared(classes=["a", 3, "c"]), "3 is no text; write it in quotes"),
        (declared(classes=["a", "", "c"]), "an empty text is no class; publish what is not known"),
        ("multiclass_classification", "Field required"),
        (declared(calibration="platt"), "bias_corrected_temperature"),
        (declared(prediction_sets={"coverage": 1.0}), "less than or equal to 0.99"),
    ],
)
def test_a_declaration_that_cannot_be_is_refused_in_words(written: Any, sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence.replace("(", "\\(")):
        ADAPTER.validate_python(written)


@pytest.mark.parametrize(
    ("options", "path", "fix"),
    [
        ({"top_k": 4}, "task.top_k", "There are 4 classes, of which that would be all"),
        (
            {"costs": {"mistakes": {"hail": {"sun": 1.0}}}},
            "task.costs.mistakes.hail",
            "class",
        ),
        (
            {"costs": {"mistakes": {"fog": {"hail": 1.0}}}},
            "task.costs.mistakes.fog.hail",
            "class",
        ),
        (
            {"costs": {"mistakes": {"fog": {"fog": 1.0}}}},
            "task.costs.mistakes.fog.fog",
            "A right decision costs nothing",
        ),
    ],
)
def test_a_contradiction_is_told_with_its_place(
    options: dict[str, Any], path: str, fix: str
) -> None:
    (fault,) = ADAPTER.validate_python(declared(**options)).faults()

    assert fault.field == path
    assert fix in fault.fix


def test_labels_that_are_no_class_are_named_with_what_to_do() -> None:
    task = task_named("multiclass_classification", classes=CLASSES)
    column = np.array(["sun", "hail", "rain", "hail", "sleet"], dtype=object)

    fault = task.labels_fault(column)

    assert fault is not None
    assert fault.startswith("'hail', 'sleet' (in 3 of 5 rows) are no classes of task.classes:")
    assert fault.endswith("or publish such labels as NULL or as another class.")
    assert task.targets(column).tolist() == [0, -1, 1, -1, -1]
    assert task.labels_fault(column[:1]) is None


@pytest.mark.parametrize(
    ("codes", "found"),
    [
        ([], "none with a label"),
        ([1, 1, 1], "all with label 'rain'"),
        ([-1, -1], "all with a label that is no declared class"),
        ([1, 1, -1], "all with label 'rain'"),
    ],
)
def test_one_class_is_refused_by_its_name(codes: list[int], found: str) -> None:
    refusal = task_named("multiclass_classification", classes=CLASSES).refusal(np.array(codes, int))

    assert refusal is not None
    assert refusal.found == found


@pytest.mark.parametrize(
    "method", ["bias_corrected_temperature", "temperature", "sigmoid", "isotonic"]
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_class_that_no_training_row_has_gets_the_least_chance(method: str) -> None:
    task = task_named("multiclass_classification", classes=CLASSES, calibration=method)
    train, unseen = weather([0, 2, 3] * 60), weather([0, 1, 2, 2, 0, 1] * 15, seed=1)

    finished = task.fit(make_pipeline(LogisticRegression()), train, unseen)
    predictions = task.predict(finished.model, finished.constants, unseen.features)

    assert predictions["probability_2"].max() < 1.1e-6
    assert np.isfinite(task.row_losses(unseen.targets, predictions)).all()
    assert "No row taught it 'rain'" in task.constants_text(finished.constants)
    everything = weather([0, 1, 2, 3] * 60)
    refitted = task.refit(finished, make_pipeline(LogisticRegression()), everything, unseen)
    again = task.predict(refitted.model, refitted.constants, everything.features)
    assert again["probability_2"].max() < 1.1e-6
    assert "No row taught it" in task.constants_text(refitted.constants)


@pytest.mark.parametrize(
    ("estimator", "params"),
    [
        ("sklearn.linear_model.LogisticRegression", {}),
        ("lightgbm.LGBMClassifier", {"n_estimators": 5, "verbose": -1}),
        ("xgboost.XGBClassifier", {"n_estimators": 5}),
    ],
)
def test_any_estimator_gets_classes_without_gaps_and_its_numbers_go_to_their_places(
    estimator: str, params: dict[str, Any]
) -> None:
    pytest.importorskip(estimator.partition(".")[0])
    task = task_named("multiclass_classification", classes=CLASSES)
    train, asked = weather([0, 2, 3] * 60), weather([3] * 40, seed=1)
    bare, finished_one = (
        build_estimator(EstimatorSpec(type=estimator, params=params), {}, seed=1) for _ in "ab"
    )

    raw = task.raw_predictions(bare, train, asked.features)
    finished = task.fit(make_pipeline(finished_one), train, weather([0, 1, 2, 3] * 15, seed=2))
    final = task.predict(finished.model, finished.constants, asked.features)

    assert bare.classes_.tolist() == [0, 1, 2]
    for predictions in (raw, final):
        means = [predictions[f"probability_{at}"].mean() for at in (1, 2, 3, 4)]
        assert np.argmax(means) == 3
        assert means[1] == pytest.approx(1e-6, rel=0.01)


def test_two_known_classes_and_a_single_unseen_row_are_enough() -> None:
    task = task_named("multiclass_classification", classes=CLASSES)
    finished = task.fit(make_pipeline(LogisticRegression()), weather([1, 3] * 40), weather([3]))

    numbers = task.numbers(finished.model, weather([1, 3]).features)

    assert numbers.shape == (2, 2)
    answer = task.answer(numbers[0].tolist(), finished.constants)
    assert answer["probability_1"] < 1.1e-6
    with pytest.raises(DataError, match="none of the rows that the model has not seen"):
        task.fit(make_pipeline(LogisticRegression()), weather([1, 3] * 40), weather([0, 0]))


def test_weights_count_in_fitting_and_calibrating() -> None:
    task = task_named("multiclass_classification", classes=CLASSES)
    train, unseen = weather([0, 1, 2, 3] * 50), weather([0, 1, 2, 3] * 20, seed=3)
    heavy = Rows(train.features, train.targets, np.where(train.targets == 3, 20.0, 1.0))
    heavier = Rows(unseen.features, unseen.targets, np.where(unseen.targets == 3, 20.0, 1.0))

    usual = task.fit(make_pipeline(LogisticRegression()), train, unseen)
    weighed = task.fit(make_pipeline(LogisticRegression()), heavy, heavier)

    means = [
        task.predict(fit.model, fit.constants, unseen.features).means()["probability_4"]
        for fit in (usual, weighed)
    ]
    assert means[1] > means[0] + 0.3


def test_factors_follow_a_shift_of_the_classes_as_surely_as_there_are_rows() -> None:
    random = np.random.default_rng(5)
    given_ = floored(random.dirichlet(np.full(3, 2.0), 3000))
    shifted = given_ * np.array([0.5, 1.0, 2.0])
    shifted /= shifted.sum(axis=1, keepdims=True)
    codes = (shifted.cumsum(axis=1) > random.random((3000, 1))).argmax(axis=1)

    def factors(rows: int) -> Any:
        known = of_known(Rows(pd.DataFrame(index=range(rows)), codes[:rows]), np.arange(3))
        found = class_factors(given_[:rows], known)
        return found / found[1]

    assert factors(3000) == pytest.approx([0.5, 1.0, 2.0], rel=0.12)
    assert np.abs(np.log(factors(4))).max() < 0.7


def test_other_classes_are_another_model() -> None:
    task = task_named("multiclass_classification", classes=CLASSES)
    task.require_kind(task.kind, "version 1")
    other = task_named("multiclass_classification", classes=[*CLASSES, "hail"])

    with pytest.raises(SpecError, match="version 1 was trained for other classes"):
        other.require_kind(task.kind, "version 1")
    with pytest.raises(SpecError, match="trained for the task regression"):
        task.require_kind("regression", "version 1")


def test_odd_outcomes_of_a_window_are_told_by_name() -> None:
    task = task_named("multiclass_classification", classes=CLASSES)
    predictions = task.predictions(np.tile([0.5, 0.3, 0.2, 0.0], (60, 1)), {})
    labels = np.array(["sun"] * 50 + ["rain"] * 9 + ["hail"], dtype=object)

    notes = task.outcome_notes(labels, predictions)

    assert notes[0].startswith("'hail' (in 1 of 60 rows) is no class of task.classes")
    assert (
        notes[1] == "No outcome is 'fog' (12.0 were to be expected), 'snow' (0.0 were to be "
        "expected)."
    )
    assert task.outcome_notes(labels[:0], predictions.rows(np.array([], dtype=int))) == ()
    assert {"undeclared_share", "vanished_classes"} <= set(task.window_limits)


def test_a_rare_class_lets_no_gate_wait() -> None:
    task = task_named("multiclass_classification", classes=CLASSES)

    assert task.events(np.array([0] * 90 + [1] * 60 + [3])) == {
        "outcomes beside the most frequent class": 61
    }


def test_resampled_rows_are_refused_where_calibration_moves_no_share() -> None:
    """Shares of resampled rows are not the true ones, and a temperature leaves them as they are."""
    name = "multiclass_classification"
    assert task_named(name).resampling_fault() is None
    refused = task_named(name, calibration="temperature").resampling_fault()
    assert refused is not None
    assert "write `bias_corrected_temperature`" in refused


def test_a_share_of_undeclared_outcomes_is_a_fact_and_has_no_interval() -> None:
    metric = task_named("multiclass_classification").own_metrics["undeclared_share"]
    assert metric.row_values is None
