"""Weights of rows: all ones change nothing, whole ones repeat rows, their unit does not matter."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.metrics import log_loss

from mlops_platform.tasks import Predictions, Rows, Task
from mlops_platform.tasks.predictions import MeanTotals
from mlops_platform.tasks.ranking.columns import GROUP
from mlops_platform.tasks.weights import (
    effective_rows,
    fitted,
    lower_quantiles_of,
    quantiles_of,
    relative_weights,
    weight_facts,
)
from tests.tasks.conftest import ESTIMATORS, ROWS, Trained, pipeline_of, rows_of

of_whole_weights = settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
SEEDS = st.integers(0, 10_000)
TOLERANCES = {"detector": 0.08, "clusterer": 0.08}
"""Scalers know no weights, and distances follow them; decoys are drawn."""


def whole_weights(seed: int, rows: int = ROWS) -> np.ndarray:
    return np.random.default_rng(seed).integers(1, 6, rows).astype(float)


def counted_alike(task: Task, predictions: Predictions, weights: np.ndarray) -> np.ndarray:
    """The weights, of which those of rows that are judged together are the same."""
    if task.group_column is None:
        return weights
    _, first, group_of_row = np.unique(predictions[GROUP], return_index=True, return_inverse=True)
    return weights[first][group_of_row]


def repeated(predictions: Predictions, times: np.ndarray) -> Predictions:
    """Rows as often as they count; those of a group make another group each time."""
    counts = times.astype(int)
    again = predictions.rows(np.repeat(np.arange(len(times)), counts))
    if GROUP not in again.columns:
        return again
    number = np.arange(len(again)) - np.repeat(np.cumsum(counts) - counts, counts)
    return Predictions({**again.columns, GROUP: again[GROUP] + 1e6 * number})


def both(trained: Trained) -> tuple[Predictions, Predictions]:
    return trained.predictions, trained.baseline_predictions


@of_whole_weights
@given(seed=SEEDS)
def test_whole_weights_repeat_rows_in_every_metric(trained: Trained, seed: int) -> None:
    task, targets = trained.task, trained.targets
    weights = counted_alike(task, trained.predictions, whole_weights(seed))
    for predictions in both(trained):
        weighted = task.measure(targets, predictions.weighted(weights))
        rows = np.repeat(targets, weights.astype(int))
        assert weighted == pytest.approx(
            task.measure(rows, repeated(predictions, weights)), rel=1e-9, abs=1e-12
        )


@of_whole_weights
@given(seed=SEEDS)
def test_whole_weights_repeat_rows_in_baselines_and_facts(task: Task, seed: int) -> None:
    targets, weights = rows_of(task, seed).targets, whole_weights(seed)
    rows = np.repeat(targets, weights.astype(int))
    assert task.baseline(targets, weights) == pytest.approx(task.baseline(rows), rel=1e-9)
    assert task.facts(targets, weights) == pytest.approx(task.facts(rows), rel=1e-9)


@of_whole_weights
@given(seed=SEEDS, unit=st.floats(1e-6, 1e6))
def test_the_unit_of_weights_changes_no_figure(trained: Trained, seed: int, unit: float) -> None:
    task, targets = trained.task, trained.targets
    weights = np.random.default_rng(seed).uniform(0.1, 5, ROWS)
    for predictions in both(trained):
        ours, theirs = (
            task.measure(targets, predictions.weighted(scale * weights)) for scale in (1, unit)
        )
        assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-12)
    assert task.baseline(targets, weights) == pytest.approx(task.baseline(targets, unit * weights))
    assert task.facts(targets, weights) == pytest.approx(task.facts(targets, unit * weights))


def test_weights_of_ones_change_no_bit_of_a_figure(trained: Trained) -> None:
    task, targets, ones = trained.task, trained.targets, np.ones(ROWS)
    assert task.baseline(targets, ones) == task.baseline(targets)
    assert task.details(targets, trained.predictions, trained.finished.constants) == task.details(
        targets, trained.predictions.weighted(ones), trained.finished.constants
    )
    # Where all rows count the same there are no weights at all.
    assert relative_weights(ones) is None
    assert relative_weights(7 * ones) is None


def test_the_loss_is_the_weighted_mean_of_its_rows(trained: Trained) -> None:
    task, targets, weights = trained.task, trained.targets, whole_weights(4)
    predictions = trained.predictions.weighted(weights)
    for name, metric in task.own_metrics.items():
        if metric.row_values is not None:
            values = metric.row_values(targets, predictions)
            has_part = ~np.isnan(values)
            mean = np.average(values[has_part], weights=weights[has_part])
            assert metric.compute(targets, predictions) == pytest.approx(mean, rel=1e-12), name


def test_a_fit_depends_on_the_proportions_of_weights_alone(task: Task) -> None:
    train, unseen = rows_of(task, 0), rows_of(task, 1)
    weights = whole_weights(0)

    def finish(unit: float) -> dict[str, float]:
        relative = relative_weights(unit * weights)
        rows = [Rows(part.features, part.targets, relative) for part in (train, unseen)]
        finished = task.fit(pipeline_of(task), *rows)
        return {**finished.constants, **finished.baseline}

    weighted = finish(1)
    assert weighted == pytest.approx(finish(1000), rel=1e-6)
    unweighted = task.fit(pipeline_of(task), train, unseen)
    assert weighted != {**unweighted.constants, **unweighted.baseline}


def test_a_finished_model_answers_for_the_rows_that_count(task: Task) -> None:
    """Rows of the weight 0.001 are told lies: the model learns of the others alone."""
    honest, liars = rows_of(task, 0), rows_of(task, 1)
    lies = honest._replace(targets=task.targets(liars.targets[::-1]))
    features = pd.concat([honest.features, lies.features], ignore_index=True)
    weights = relative_weights(np.repeat([1.0, 1e-6], ROWS))
    mixed = Rows(features, np.concatenate([honest.targets, lies.targets]), weights)
    test = rows_of(task, 2)

    def loss_of(train: Rows, unseen: Rows) -> float:
        finished = task.fit(pipeline_of(task), train, unseen)
        said = task.predict(finished.model, finished.constants, test.features)
        return task.measure(test.targets, said)[task.loss]

    tolerance = TOLERANCES.get(task.estimator_kind, 0.02)
    assert loss_of(mixed, mixed) == pytest.approx(loss_of(honest, honest), rel=tolerance)


def test_an_estimate_counts_rows_by_their_weights(trained: Trained) -> None:
    """Of predictions alone, and with outcomes that are known."""
    task, baseline = trained.task, trained.finished.baseline
    weights = whole_weights(1)
    predictions = trained.predictions.weighted(weights)
    for known in (None, (trained.targets, predictions)):
        estimated = task.estimate(predictions, baseline, known)
        if estimated is None:
            continue
        again = (
            None
            if known is None
            else (
                np.repeat(trained.targets, weights.astype(int)),
                repeated(trained.predictions, weights),
            )
        )
        alike = task.estimate(repeated(trained.predictions, weights), baseline, again)
        assert alike is not None
        assert estimated.loss == pytest.approx(alike.loss, rel=1e-9)
        assert estimated.baseline_loss == pytest.approx(alike.baseline_loss, rel=1e-9)


@given(
    values=st.lists(st.integers(0, 9), min_size=1, max_size=12),
    seed=SEEDS,
    share=st.sampled_from([0.05, 0.1, 0.25, 0.3, 0.5, 0.7, 0.9, 0.95]),
)
def test_quantiles_are_those_of_repeated_rows(values: list[int], seed: int, share: float) -> None:
    rows, weights = np.array(values, dtype=float), whole_weights(seed, len(values))
    repeated_rows = np.repeat(rows, weights.astype(int))
    for of in (quantiles_of, lower_quantiles_of):
        assert of(rows, [share], weights) == of(repeated_rows, [share], None)
        assert of(rows, [share], 0.1 * weights) == of(rows, [share], weights)
    assert quantiles_of(rows, [0.5], None) == np.median(rows)


def test_a_row_of_unknown_weight_counts_for_nothing() -> None:
    weights = relative_weights(np.array([1.0, np.nan, 3.0, np.nan]))
    assert weights is not None
    assert weights.tolist() == [1.0, 0.0, 3.0, 0.0]
    assert relative_weights(np.array([np.nan, np.nan])) is None
    assert relative_weights(np.array([])) is None


def test_the_effective_size_is_that_of_kish() -> None:
    assert effective_rows(np.ones(8)) == 8
    assert effective_rows(np.array([1.0, 0, 0])) == 1
    facts = weight_facts("exposure", np.array([1.0, 1.0, 2.0]))
    assert (facts.sum, facts.minimum, facts.maximum) == (4, 1, 2)
    assert facts.effective_rows == pytest.approx(16 / 6)
    assert facts.text == (
        "Rows count by their exposure, from 1 to 2 and 4 in all: 3 rows tell as much as 3 of equal "
        "weight would."
    )


def test_means_added_up_batch_by_batch_are_those_of_all_rows() -> None:
    random, totals = np.random.default_rng(0), MeanTotals()
    predictions = Predictions({"score": random.random(90)}, random.uniform(0.5, 2, 90))
    for batch in np.split(np.arange(90), [10, 70]):
        totals.add(predictions.rows(batch))
    assert totals.means() == pytest.approx(predictions.means())


def test_an_estimator_gets_weights_by_itself_and_at_the_end_of_a_pipeline() -> None:
    random = np.random.default_rng(0)
    features = pd.DataFrame(random.normal(size=(200, 2)), columns=["a", "b"])
    targets = random.integers(0, 2, 200)
    weights = np.where(targets == 1, 9.0, 1.0)
    for build in (ESTIMATORS["classifier"], lambda: pipeline_of_classes()):
        plain = fitted(build(), features, targets, None)
        weighted = fitted(build(), features, targets, weights)
        assert weighted.predict_proba(features)[:, 1].mean() > 0.8
        assert plain.predict_proba(features)[:, 1].mean() < 0.6
        assert log_loss(targets, weighted.predict_proba(features), sample_weight=weights) < (
            log_loss(targets, plain.predict_proba(features), sample_weight=weights)
        )


def pipeline_of_classes():
    from mlops_platform.tasks import TASKS

    return pipeline_of(next(task() for task in TASKS.values() if task.has_classes))
