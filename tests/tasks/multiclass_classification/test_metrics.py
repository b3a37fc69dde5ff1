"""Figures of several classes are scikit-learn's, weights included."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from mlops_platform.tasks import Predictions
from mlops_platform.tasks.multiclass_classification.columns import CONFIDENCE, DECISION, probability
from mlops_platform.tasks.multiclass_classification.metrics import (
    brier_scores,
    calibration_bins,
    class_calibration_error,
    class_wise_calibration_error,
    codes_of,
    log_losses,
    vanished,
)
from mlops_platform.tasks.multiclass_classification.named_metrics import class_labels
from mlops_platform.tasks.multiclass_classification.probabilities import (
    FLOOR,
    floored,
    floored_row,
)
from tests.tasks.conftest import task_named

CLASSES = ("sun", "rain", "fog", "snow")
ALL = range(len(CLASSES))


@st.composite
def judged(draw: st.DrawFn) -> tuple[Any, Predictions]:
    """Codes of at least two classes, probabilities, and sometimes weights."""
    rows = draw(st.integers(2, 60))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    codes = random.integers(0, len(CLASSES), rows)
    codes[:2] = [0, draw(st.integers(1, len(CLASSES) - 1))]
    coarse = draw(st.booleans())  # with ties
    drawn = random.integers(0, 3, (rows, 4)) if coarse else random.dirichlet(np.ones(4), rows)
    weights = random.uniform(0.1, 5, rows) if draw(st.booleans()) else None
    return codes, stated(floored(drawn.astype(float)), weights)


def stated(probabilities: Any, weights: Any = None) -> Predictions:
    names = np.array(CLASSES, dtype=object)
    columns = {probability(at): probabilities[:, at] for at in ALL}
    decided = {DECISION: names[probabilities.argmax(axis=1)], CONFIDENCE: probabilities.max(axis=1)}
    return Predictions({**decided, **columns}, weights)


def matrix(predictions: Predictions) -> Any:
    return np.column_stack([predictions[probability(at)] for at in ALL])


@settings(max_examples=50, deadline=None)
@given(judged())
def test_every_figure_that_scikit_learn_has_is_its_own(pair: tuple[Any, Predictions]) -> None:
    codes, predictions = pair
    given_, weights = matrix(predictions), predictions.weights
    decided = given_.argmax(axis=1)
    task = task_named("multiclass_classification", classes=CLASSES)

    measured = task.measure(codes, predictions)

    weighed: dict[str, Any] = {"sample_weight": weights}
    present = np.unique(codes)
    averaged = {"labels": present, "average": "macro", "zero_division": 0, **weighed}
    expected = {
        "log_loss": reference.log_loss(codes, given_, labels=[*ALL], **weighed),
        "d2": reference.d2_log_loss_score(codes, given_, labels=[*ALL], **weighed),
        "accuracy": reference.accuracy_score(codes, decided, **weighed),
        "balanced_accuracy": reference.recall_score(codes, decided, **averaged),
        "macro_f1": reference.f1_score(codes, decided, **averaged),
        "top_k_accuracy": reference.top_k_accuracy_score(
            codes, given_, k=2, labels=[*ALL], **weighed
        ),
        "brier_score": reference.brier_score_loss(
            codes, given_, labels=[*ALL], scale_by_half=False, **weighed
        ),
        "expected_cost": reference.zero_one_loss(codes, decided, **weighed),
    }
    each = {"labels": [*ALL], "average": None, "zero_division": 0, **weighed}
    for figure, score in (("precision", "precision_score"), ("recall", "recall_score")):
        values = getattr(reference, score)(codes, decided, **each)
        expected |= {f"{figure}_{name}": values[at] for at, name in enumerate(CLASSES)}
    for name, value in expected.items():
        assert measured[name] == pytest.approx(value, rel=1e-9, abs=1e-12), name


@settings(max_examples=40, deadline=None)
@given(judged(), st.integers(2, 5))
def test_a_row_of_weight_n_is_n_rows(pair: tuple[Any, Predictions], times: int) -> None:
    codes, predictions = pair
    repeats = np.random.default_rng(times).integers(1, times + 1, len(codes))
    task = task_named("multiclass_classification", classes=CLASSES)
    weighted = Predictions(predictions.columns, repeats.astype(float))
    repeated = Predictions(predictions.columns).rows(np.repeat(np.arange(len(codes)), repeats))

    once, often = task.measure(codes, weighted), task.measure(np.repeat(codes, repeats), repeated)

    for of_rows in ("vanished_classes", "class_wise_calibration_error"):
        # How many rows are enough, and which share a bin, is asked of rows, whatever they weigh.
        del once[of_rows], often[of_rows]
    assert once == pytest.approx(often, rel=1e-9, abs=1e-12)


@given(st.lists(st.floats(0, 1), min_size=3, max_size=100), st.booleans())
def test_no_class_is_impossible_and_all_add_up_to_one(row: list[float], zeros: bool) -> None:
    row = [0.0] * len(row) if zeros else row

    probabilities = floored(np.array([row]))[0]

    assert probabilities.tolist() == floored_row(row)
    assert probabilities.sum() == pytest.approx(1)
    assert probabilities.min() >= FLOOR / 1.001


def test_an_outcome_that_is_not_declared_is_as_unlikely_as_can_be_and_breaks_nothing() -> None:
    codes = np.array([0, 1, 2, -1])
    given_ = floored(np.eye(4)[[0, 1, 2, 3]])

    assert log_losses(codes, given_)[3] == pytest.approx(-np.log(FLOOR))
    assert brier_scores(codes, given_)[3] == pytest.approx(2, abs=1e-5)
    task = task_named("multiclass_classification", classes=CLASSES)
    measured = task.measure(codes, stated(given_))
    assert measured["undeclared_share"] == 0.25
    assert measured["accuracy"] == 0.75
    assert all(map(np.isfinite, measured.values()))


def test_a_class_has_vanished_where_many_of_it_were_to_be_expected() -> None:
    given_ = floored(np.tile([0.5, 0.4, 0.1, 0.0], (120, 1)))
    codes = np.repeat([0, 1], 60)

    assert vanished(codes, given_) == 1  # fog, of 12; no snow was to be expected
    assert vanished(np.append(codes[1:], 2), given_) == 0
    assert vanished(codes[:40], given_[:40]) == 1  # rain, of 16


def test_calibration_errors_of_few_rows_have_fewer_bins() -> None:
    random = np.random.default_rng(0)
    given_ = random.dirichlet(np.ones(4), 40_000)
    drawn = (given_.cumsum(axis=1) > random.random((40_000, 1))).argmax(axis=1)

    assert class_wise_calibration_error(drawn, given_, 10) < 0.01
    assert len(calibration_bins(drawn == 0, given_[:, 0], 10)) == 10
    assert len(calibration_bins(drawn[:120] == 0, given_[:120, 0], 10)) == 2
    (only,) = calibration_bins(drawn[:20] == 0, given_[:20, 0], 10)
    error = class_calibration_error(drawn[:20] == 0, given_[:20, 0], 10)
    assert error == pytest.approx(abs(only.predicted - only.observed))


def test_what_texts_are_no_classes_is_found_whatever_they_are() -> None:
    column = np.array(["rain", "Rain", "nan", "", "snow"], dtype=object)

    assert codes_of(column, CLASSES).tolist() == [1, -1, -1, -1, 3]
    assert codes_of(np.array(["nan", "inf"], dtype=object), ("inf", "nan", "x")).tolist() == [1, 0]


def test_figures_are_called_by_the_class_or_by_its_position_where_a_name_is_odd() -> None:
    assert class_labels(("sun", "rain_2")) == ("sun", "rain_2")
    assert class_labels(("sun", "light rain")) == ("1", "2")
    assert class_labels(("Sun", "sun")) == ("1", "2")
    many = task_named("multiclass_classification", classes=[f"c{at}" for at in range(13)])
    assert not [name for name in many.own_metrics if name.startswith("recall_")]
