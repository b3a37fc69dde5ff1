import numpy as np
import pytest
from sklearn.metrics import average_precision_score, log_loss, roc_auc_score

from mlops_platform.tasks import DEFAULT_TASK
from mlops_platform.tasks.binary_classification.curves import Curve
from mlops_platform.training.explaining.importance import permutation_importances
from mlops_platform.training.judging.evaluation import Evaluation, evaluate
from mlops_platform.training.judging.subgroups import MISSING, subgroups_of
from mlops_platform.training.judging.timing import row_cpu_milliseconds
from mlops_platform.training.rows import features_of, targets_of


@pytest.fixture(scope="module")
def predicted(spec, candidate, split):
    """Targets and predictions of the test rows."""
    features = features_of(split.test, spec)
    predictions = spec.task.predict(candidate.model, candidate.constants, features)
    return targets_of(split.test, spec), predictions


@pytest.fixture(scope="module")
def scored(predicted):
    labels, predictions = predicted
    return labels, predictions["score"]


def test_an_evaluation_survives_json(evaluation):
    assert Evaluation.model_validate_json(evaluation.model_dump_json()) == evaluation


def test_a_fit_of_the_past_is_judged_by_its_predictions_alone(spec, candidate, split, evaluation):
    past = evaluate(spec, candidate, split, artifact_bytes=None)

    measured = {"importances", "importance_groups", "row_cpu_milliseconds", "artifact_bytes"}
    assert past.model_dump(exclude=measured) == evaluation.model_dump(exclude=measured)
    assert (past.importances, past.row_cpu_milliseconds, past.artifact_bytes) == ((), 0.0, 0)


def test_headline_numbers_are_those_of_the_test_rows(evaluation, scored):
    labels, scores = scored

    assert evaluation.metrics["log_loss"] == pytest.approx(log_loss(labels, scores))
    assert evaluation.metrics["roc_auc"] == pytest.approx(roc_auc_score(labels, scores))
    assert evaluation.d2 is not None
    assert evaluation.d2.value == pytest.approx(evaluation.metrics["d2"])
    assert evaluation.d2.lower < evaluation.d2.value < evaluation.d2.upper
    assert evaluation.loss == evaluation.metrics["log_loss"]
    assert evaluation.rows == len(labels)
    assert evaluation.targets == {"positive_rate": labels.mean()}
    assert evaluation.artifact_bytes == 120_000


def test_the_baseline_is_that_of_the_rows_the_candidate_was_fitted_on(evaluation, split, scored):
    labels, _ = scored
    rate = split.train["is_late"].mean()

    metrics = evaluation.baseline_metrics
    assert evaluation.baseline == {"base_rate": pytest.approx(rate)}
    assert evaluation.baseline_loss == metrics["log_loss"]
    assert metrics["log_loss"] == pytest.approx(log_loss(labels, np.full(len(labels), rate)))
    assert metrics["roc_auc"] == 0.5
    assert metrics["expected_calibration_error"] == pytest.approx(abs(labels.mean() - rate))


def test_daily_sums_add_up_to_the_loss(evaluation, split):
    daily = evaluation.daily

    assert sum(day.rows for day in daily) == evaluation.rows
    mean = sum(day.loss_sum for day in daily) / evaluation.rows
    assert mean == pytest.approx(evaluation.loss)
    assert [day.day for day in daily] == sorted(set(split.test["local_date"]))


def test_the_confusion_matrix_counts_every_row_at_the_threshold(evaluation, scored):
    labels, scores = scored
    confusion, threshold = evaluation.details["confusion"], evaluation.constants["threshold"]

    assert confusion["true_positives"] == ((scores >= threshold) & (labels == 1)).sum()
    assert sum(confusion.values()) == evaluation.rows
    assert evaluation.details["threshold"] == threshold


def test_each_row_is_in_one_subgroup_of_each_column(evaluation, split):
    for column in ("colour", "region"):
        groups = [group for group in evaluation.subgroups if group.column == column]
        assert sum(group.rows for group in groups) == evaluation.rows
        assert [group.rows for group in groups] == sorted((g.rows for g in groups), reverse=True)
    missing = next(group for group in evaluation.subgroups if group.value == MISSING)
    assert missing.rows == split.test["colour"].isna().sum()


def test_subgroups_are_measured_on_their_own_rows(evaluation, split, scored):
    labels, scores = scored
    red = (split.test["colour"] == "red").to_numpy()

    group = next(group for group in evaluation.subgroups if group.value == "red")

    rate = labels[red].mean()
    assert group.targets == {"positive_rate": rate}
    assert group.loss == pytest.approx(log_loss(labels[red], scores[red]))
    assert group.baseline_loss == pytest.approx(
        -(rate * np.log(rate) + (1 - rate) * np.log(1 - rate))
    )
    assert group.loss_ratio == group.loss / group.baseline_loss
    assert group.metrics["roc_auc"] == pytest.approx(roc_auc_score(labels[red], scores[red]))
    assert set(group.metrics) == {"d2", "roc_auc", "expected_calibration_error"}


def test_a_subgroup_of_one_class_or_of_few_rows_is_shown_but_not_judged(spec, split, predicted):
    labels, predictions = predicted
    rows = split.test.assign(region="many")
    rows.iloc[:5, rows.columns.get_loc("region")] = "few"
    rows.iloc[5:105, rows.columns.get_loc("region")] = "never late"
    labels = np.where(rows["region"] == "never late", 0, labels)

    groups = {group.value: group for group in subgroups_of(spec, rows, labels, predictions)}

    assert {name: groups[name].judged for name in ("many", "few", "never late")} == {
        "many": True,
        "few": False,
        "never late": False,
    }
    assert set(groups["never late"].metrics) == {"expected_calibration_error"}
    assert groups["never late"].baseline_loss is None
    assert groups["never late"].loss_ratio is None


def test_crossings_of_two_columns_are_evaluated(evaluation, split):
    rows_of = {group.value: group.rows for group in evaluation.intersections}

    both = (split.test["colour"] == "red") & (split.test["region"] == "north")
    assert rows_of["red x north"] == both.sum()


def test_what_drives_the_label_is_the_most_important(evaluation):
    order = [importance.feature for importance in evaluation.importances]

    assert order[0] == "signal"
    assert order.index("colour") < order.index("noise")
    assert len(order) == 4


def test_importances_repeat_for_a_seed(spec, candidate, split, evaluation, predicted):
    _, predictions = predicted
    again = permutation_importances(spec, candidate, split.test, predictions, split.train)
    assert again == (evaluation.importances, evaluation.importance_groups)


def test_an_evaluation_of_before_there_were_intervals_is_read(evaluation):
    stored = evaluation.model_dump(mode="json")
    for name in ("importance_groups", "dependences", "importance_shift"):
        stored.pop(name, None)
    for importance in stored["importances"]:
        del importance["lower"], importance["upper"]
    read = Evaluation.model_validate(stored)
    assert [importance.is_sure for importance in read.importances] == [None] * 4
    assert read.model_dump(mode="json") == stored


def test_the_curves_keep_their_ends_and_their_area(evaluation, scored):
    labels, scores = scored
    details = evaluation.details
    roc, recall = (Curve.model_validate(details[name]) for name in ("roc", "precision_recall"))

    assert (roc.x[0], roc.y[0], roc.x[-1], roc.y[-1]) == (0, 0, 1, 1)
    assert np.trapezoid(roc.y, roc.x) == pytest.approx(roc_auc_score(labels, scores), abs=0.01)
    assert recall.x[-1] == 1
    assert np.trapezoid(recall.y, recall.x) == pytest.approx(
        average_precision_score(labels, scores), abs=0.02
    )
    assert len(roc.x) <= 200


def test_row_time_is_cpu_time_and_not_waiting():
    from time import perf_counter, process_time, sleep

    class Sleeper:
        classes_ = (0, 1)

        def predict_proba(self, features):
            assert len(features) == 1
            sleep(0.005)
            return np.array([[0.5, 0.5]])

    class Worker(Sleeper):
        def predict_proba(self, features):
            end = process_time() + 0.005
            while process_time() < end:
                pass
            return np.array([[0.5, 0.5]])

    import pandas as pd

    rows = pd.DataFrame({"a": range(7)})
    before = perf_counter()
    assert row_cpu_milliseconds(DEFAULT_TASK, Sleeper(), rows) < 2
    assert perf_counter() - before > 0.1
    assert 5 <= row_cpu_milliseconds(DEFAULT_TASK, Worker(), rows) < 15


def test_the_row_time_of_a_real_model_is_measured_on_one_thread(evaluation):
    assert 0.1 < evaluation.row_cpu_milliseconds < 500
