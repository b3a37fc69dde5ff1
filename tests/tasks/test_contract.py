"""What every other room relies on, of every task."""

import io
import json
from datetime import date, timedelta

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, create_model

from mlops_platform.data.predicted_columns import columns_of, predictions_in
from mlops_platform.tasks import TASKS, Adjustment, ScoredDay, Task, TaskSpec
from tests.tasks.conftest import (
    ESTIMATORS,
    LEAST_OPTIONS,
    Trained,
    adapting_tasks,
    labels_of,
    pipeline_of,
    rows_of,
    trained_as,
)

TYPES = {"number": float, "flag": bool, "category": str}
NUMBER = st.floats(0, 1) | st.sampled_from([0.0, 0.5, 1.0]) | st.floats(-1e9, 1e9)
of_any_numbers = settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def usable_rows(trained: Trained, data: st.DataObject) -> list[list[float]]:
    """Any numbers that a model of this task may say: each one drawn, where it may be that."""
    said = data.draw(st.lists(st.sampled_from(trained.numbers.tolist()), min_size=1, max_size=5))
    for row in said:
        for position, sound in enumerate(row):
            row[position] = data.draw(NUMBER)
            if not trained.task.usable(row):
                row[position] = sound
    return said


@pytest.mark.parametrize("name", TASKS)
def test_a_task_is_declared_by_its_type_and_comes_back_from_json(name: str) -> None:
    adapter: TypeAdapter[Task] = TypeAdapter(TaskSpec)

    task = adapter.validate_python({"type": name, **LEAST_OPTIONS.get(name, {})})

    assert type(task) is TASKS[name]
    assert task.type == name
    assert adapter.validate_json(task.model_dump_json()) == task


def test_row_losses_average_to_the_loss(trained: Trained) -> None:
    task, targets = trained.task, trained.targets
    for predictions in (trained.predictions, trained.baseline_predictions):
        losses = task.row_losses(targets, predictions)

        assert losses.shape == targets.shape
        assert losses.min() >= 0
        loss = task.all_metrics[task.loss].compute(targets, predictions)
        assert losses.mean() == pytest.approx(loss, rel=1e-12)


def test_a_metric_of_rows_is_their_mean(trained: Trained) -> None:
    task, targets, predictions = trained.task, trained.targets, trained.predictions
    for name, metric in task.own_metrics.items():
        if metric.row_values is not None:
            values = metric.row_values(targets, predictions)
            measured = metric.compute(targets, predictions)
            assert np.nanmean(values) == pytest.approx(measured, rel=1e-12), name


def test_the_loss_tunes_and_is_better_the_lower(task: Task) -> None:
    loss = task.own_metrics[task.loss]

    assert loss.tunes
    assert loss.greater_is_better is False


def test_a_bare_estimator_says_enough_for_every_metric_that_tunes(trained: Trained) -> None:
    task, train = trained.task, rows_of(trained.task, 0)

    predictions = task.raw_predictions(pipeline_of(task), train, trained.features)

    for name, metric in task.own_metrics.items():
        if metric.tunes:
            assert np.isfinite(metric.compute(trained.targets, predictions)), name
            assert metric.greater_is_better is not None, name


def test_every_metric_of_a_model_and_of_the_baseline_is_finite(trained: Trained) -> None:
    for predictions in (trained.predictions, trained.baseline_predictions):
        metrics = trained.task.measure(trained.targets, predictions)
        assert set(metrics) == set(trained.task.all_metrics)
        assert all(map(np.isfinite, metrics.values())), metrics


def test_the_first_of_many_rows_that_cannot_be_answered_is_found(trained: Trained) -> None:
    numbers = trained.numbers.copy()
    assert trained.task.first_unusable(numbers) is None

    numbers[[3, 5], 0] = np.inf

    assert trained.task.first_unusable(numbers) == 3


@of_any_numbers
@given(data=st.data())
def test_the_answer_of_a_row_is_its_predictions(trained: Trained, data: st.DataObject) -> None:
    task, constants = trained.task, trained.finished.constants
    rows = usable_rows(trained, data)

    predictions = task.predictions(np.array(rows), constants)

    assert len(predictions) == len(rows)
    assert list(predictions.columns) == [output.name for output in task.outputs]
    for position, numbers in enumerate(rows):
        answer = task.answer(numbers, constants)
        columns = [predictions[output.name][position] for output in task.outputs]
        assert list(answer) == [output.field for output in task.outputs]
        assert list(answer.values()) == columns
        types = [TYPES[output.kind] for output in task.outputs]
        assert [type(value) for value in answer.values()] == types


@of_any_numbers
@given(data=st.data())
def test_what_is_answered_keeps_the_bounds_that_are_promised(
    trained: Trained, data: st.DataObject
) -> None:
    task, rows = trained.task, usable_rows(trained, data)
    for numbers in rows:
        answer = task.answer(numbers, trained.finished.constants)
        for output, value in zip(task.outputs, answer.values(), strict=True):
            if output.kind == "category":
                continue
            assert np.isfinite(value)
            assert output.minimum is None or value >= output.minimum, output.name
            assert output.maximum is None or value <= output.maximum, output.name


@pytest.mark.parametrize("spoilt", [float("nan"), float("inf"), float("-inf")])
def test_what_is_not_finite_is_not_answered(trained: Trained, spoilt: float) -> None:
    sound = trained.numbers[0].tolist()

    assert trained.task.usable(sound)
    for position in range(len(sound)):
        assert not trained.task.usable([*sound[:position], spoilt, *sound[position + 1 :]])


@of_any_numbers
@given(data=st.data())
def test_predictions_survive_parquet(trained: Trained, data: st.DataObject) -> None:
    task, file = trained.task, io.BytesIO()
    numbers = np.array(usable_rows(trained, data))
    predictions = task.predictions(numbers, trained.finished.constants)

    pq.write_table(pa.table(dict(columns_of(predictions))), file)
    stored = predictions_in(pq.read_table(file), task.outputs)

    assert list(stored.columns) == list(predictions.columns)
    for name, column in predictions.columns.items():
        assert stored[name].dtype == column.dtype
        assert stored[name].tolist() == column.tolist()


@of_any_numbers
@given(data=st.data())
def test_answers_survive_json(trained: Trained, data: st.DataObject) -> None:
    task = trained.task
    for numbers in usable_rows(trained, data):
        answer = task.answer(numbers, trained.finished.constants)
        assert orjson.loads(orjson.dumps(answer)) == answer
        assert json.loads(orjson.dumps(answer)) == answer


def test_outputs_have_names_of_their_own(task: Task) -> None:
    assert len({output.name for output in task.outputs}) == len(task.outputs)
    assert len({output.field for output in task.outputs}) == len(task.outputs)


def test_the_first_watched_output_is_a_number_and_none_is_a_flag(task: Task) -> None:
    kinds = {output.name: output.kind for output in task.outputs}

    assert kinds[task.watched[0]] == "number"
    assert "flag" not in {kinds[name] for name in task.watched}
    categories = [name for name in task.watched if kinds[name] == "category"]
    assert list(task.watched_categories) == categories


@of_any_numbers
@given(data=st.data())
def test_what_a_client_is_told_has_the_fields_of_the_documentation(
    trained: Trained, data: st.DataObject
) -> None:
    task = trained.task
    told = create_model("Told", **{n: (kind, ...) for n, (kind, _) in task.shown_fields().items()})
    for numbers in usable_rows(trained, data):
        shown = task.shown(task.answer(numbers, trained.finished.constants))
        assert list(shown) == list(task.shown_fields())
        assert told.model_validate(shown, strict=True).model_dump() == shown
        assert orjson.loads(orjson.dumps(shown)) == shown


def test_a_column_of_outcomes_becomes_targets_of_one_type(task: Task) -> None:
    expected = rows_of(task, 0).targets
    column = labels_of(task, expected)

    targets = task.targets(np.array(column, dtype=object))

    assert targets.dtype == task.targets(np.array(column)).dtype
    assert targets.tolist() == expected.tolist()
    assert task.labels_fault(np.array(column, dtype=object)) is None


def test_targets_that_teach_nothing_are_refused_with_words(task: Task) -> None:
    targets = rows_of(task, 0).targets
    assert task.refusal(targets) is None
    assert task.fit_refusal(targets) is None
    alike = () if task.judges_unlabelled else (targets[:1], np.repeat(targets[:1], 50))
    for degenerate in (targets[:0], *alike):
        refusal = task.refusal(degenerate)
        assert refusal is not None
        assert refusal.found.startswith(("none ", "all "))
        assert refusal.needed


def test_a_subgroup_of_one_outcome_can_still_be_shown(trained: Trained) -> None:
    task, first = trained.task, np.array([0])
    targets, predictions = trained.targets[first], trained.predictions.rows(first)

    assert task.facts_text(task.facts(targets))
    assert task.row_losses(targets, predictions).shape == (1,)
    assert len(task.baseline_predictions(task.baseline(targets), {}, 1)) == 1
    for name, metric in task.own_metrics.items():
        if metric.defined_for_any_targets:
            assert np.isfinite(metric.compute(targets, predictions)), name


def test_the_baselines_own_predictions_have_its_losses(trained: Trained) -> None:
    task, targets, baseline = trained.task, trained.targets, trained.finished.baseline
    predictions = trained.baseline_predictions

    losses = task.row_losses(targets, predictions)

    assert (losses == task.baseline_losses(targets, baseline, trained.predictions)).all()
    assert list(predictions.columns) == [output.name for output in task.outputs]


def test_a_model_with_a_signal_beats_the_baseline(trained: Trained) -> None:
    task, targets = trained.task, trained.targets

    losses = task.row_losses(targets, trained.predictions)

    assert losses.mean() < task.baseline_losses(targets, trained.finished.baseline).mean()


def test_the_baseline_is_expected_to_lose_what_it_loses(trained: Trained) -> None:
    task, baseline = trained.task, trained.finished.baseline

    expected = task.expected_losses(trained.baseline_predictions, baseline)
    estimate = task.estimate(trained.baseline_predictions, baseline, None)

    assert (expected is None) == (estimate is None)
    if expected is not None and estimate is not None:
        own, of_baseline = expected
        np.testing.assert_allclose(own, of_baseline, rtol=1e-12)
        assert estimate.loss == pytest.approx(estimate.baseline_loss, rel=1e-12)


def test_expected_losses_average_to_the_estimate_without_labels(trained: Trained) -> None:
    task, baseline = trained.task, trained.finished.baseline

    expected = task.expected_losses(trained.predictions, baseline)
    estimate = task.estimate(trained.predictions, baseline, None)

    assert (expected is None) == (estimate is None)
    if expected is not None and estimate is not None:
        means = [float(losses.mean()) for losses in expected]
        assert means == pytest.approx([estimate.loss, estimate.baseline_loss], rel=1e-12)
        assert [losses.shape for losses in expected] == [trained.targets.shape] * 2


def test_every_default_limit_is_of_a_metric_and_leaves_room(task: Task) -> None:
    for name, bounds in task.default_limits.items():
        assert name in task.own_metrics
        assert bounds.min is not None or bounds.max is not None
        if bounds.min is not None and bounds.max is not None:
            assert bounds.min < bounds.max


def test_constants_and_baseline_are_finite_numbers_by_name(trained: Trained) -> None:
    for constants in (trained.finished.constants, trained.finished.baseline):
        assert json.loads(json.dumps(dict(constants), allow_nan=False)) == constants
        assert {type(number) for number in constants.values()} == {float}


def test_a_refit_has_the_shape_of_the_judged_model_and_leaves_that_alone(trained: Trained) -> None:
    task, judged, unseen = trained.task, trained.finished, rows_of(trained.task, 1)
    before = task.predict(judged.model, judged.constants, trained.features)

    refitted = task.refit(judged, pipeline_of(task), rows_of(task, 0), unseen)

    assert refitted.constants.keys() == judged.constants.keys()
    assert refitted.baseline.keys() == judged.baseline.keys()
    numbers = task.numbers(refitted.model, trained.features)
    assert numbers.shape == trained.numbers.shape
    assert all(task.usable(row) for row in numbers.tolist())
    after = task.predict(judged.model, judged.constants, trained.features)
    for output in task.outputs:
        assert (before[output.name] == after[output.name]).all()


def test_details_are_json_and_can_be_shown(trained: Trained) -> None:
    task, targets, predictions = trained.task, trained.targets, trained.predictions
    details = task.details(targets, predictions, trained.finished.constants)
    stored = json.loads(json.dumps(details, allow_nan=False))

    assert stored == details
    assert all(table.rows for table in task.tables(stored))
    figures = task.figures(task.measure(targets, predictions), stored)
    assert figures
    assert all(image.startswith(b"\x89PNG\r\n\x1a\n") for image in figures.values())
    assert task.constants_text(trained.finished.constants).endswith(".")


def test_an_estimator_of_another_kind_is_refused_with_what_to_name(task: Task) -> None:
    right = ESTIMATORS[task.estimator_kind]()
    wrong = next(e() for kind, e in ESTIMATORS.items() if kind != task.estimator_kind)

    assert task.estimator_fault(right) is None
    fault = task.estimator_fault(wrong)
    assert fault is not None
    assert f"`{task.predict_method}`" in fault


@pytest.mark.parametrize("adapting", adapting_tasks(), ids=lambda task: task.type)
def test_constants_that_follow_are_some_of_the_versions_own_and_can_be_answered_by(
    adapting: Task,
) -> None:
    trained, rule = trained_as(adapting), adapting.adaptation_rule
    assert rule is not None
    scores = rule.scores(trained.targets, trained.numbers, trained.finished.constants)
    assert scores.shape == trained.targets.shape
    first, second = np.split(scores, 2)
    day = date(2024, 1, 1)

    begun = rule.begun([ScoredDay(day, first)])
    stored = Adjustment.from_stored(begun.to_stored())
    known = [ScoredDay(day, first)]
    adjusted = rule.after(stored, known, ScoredDay(day + timedelta(days=1), second))

    assert stored == begun
    assert adjusted.labels_through == day + timedelta(days=1)
    assert rule.text(adjusted)
    for adjustment in (begun, adjusted):
        assert adjustment.constants.keys() <= trained.finished.constants.keys()
        constants = {**trained.finished.constants, **adjustment.constants}
        row = [float(number) for number in trained.numbers[0]]
        answer = adapting.answer(row, constants)
        stated = adapting.predictions(trained.numbers[:1], constants)
        assert answer == pytest.approx(
            {output.field: stated[output.name].item() for output in adapting.outputs}
        )


def test_a_task_changes_no_constant_unless_its_yaml_says_so(task: Task) -> None:
    assert task.adaptation_rule is None
    assert "adaptation" not in task.to_stored()
