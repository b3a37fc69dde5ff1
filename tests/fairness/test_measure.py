"""Figures by group of a whole task, and the gaps between groups."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import log_loss, recall_score, zero_one_loss

from mlops_platform.fairness.groups import MISSING
from mlops_platform.fairness.measure import measure_fairness
from mlops_platform.fairness.record import Fairness
from mlops_platform.tasks import TASKS
from tests.fairness.conftest import Declare, decided
from tests.tasks.conftest import task_named


def test_every_figure_is_that_of_the_rows_of_its_group(declare: Declare) -> None:
    spec = declare()
    rows = decided(spec, {"f": 0.3, "m": 0.6})
    measured = measure_fairness(spec, rows)
    assert measured is not None
    (column,) = measured.columns
    assert column.groups == {"f": 400, "m": 400}
    for at, group in enumerate(("f", "m")):
        of_group = slice(400 * at, 400 * (at + 1))
        labels = rows.targets[of_group]
        scores, decisions = (rows.predictions[name][of_group] for name in ("score", "decision"))
        expected = {
            "selection_rate": decisions.mean(),
            "true_positive_rate": recall_score(labels, decisions),
            "false_positive_rate": 1 - recall_score(labels, decisions, pos_label=0),
            "error_rate": zero_one_loss(labels, decisions),
            "calibration_gap": scores.mean() - labels.mean(),
            "loss": log_loss(labels, scores),
        }
        values = {metric.metric: metric.figures[group].value for metric in column.metrics}
        assert values == pytest.approx(expected)


def test_the_gap_is_between_the_extremes_and_has_an_interval(declare: Declare) -> None:
    spec = declare({"reference": {"sex": "m"}})
    measured = measure_fairness(spec, decided(spec, {"f": 0.3, "m": 0.6, "x": 0.5}))
    assert measured is not None
    selected = measured.columns[0].metric("selection_rate")
    assert selected is not None
    assert selected.difference
    assert selected.ratio
    assert (selected.difference.greater, selected.difference.lesser) == ("m", "f")
    assert selected.difference.value == pytest.approx(0.3)
    assert selected.ratio.value == pytest.approx(0.5)
    assert 0.2 < selected.difference.interval.lower < 0.3
    against = {gap.group: gap for gap in selected.from_reference}
    assert against.keys() == {"f", "x"}
    assert against["f"].difference == pytest.approx(-0.3)
    assert against["f"].ratio == pytest.approx(0.5)


def test_intervals_of_gaps_are_wider_the_more_there_are(declare: Declare) -> None:
    limits = {name: {"max_difference": 0.1} for name in ("loss", "error_rate")}
    few, more = declare(), declare(gate=limits)
    lowest = []
    for spec in (few, more):
        measured = measure_fairness(spec, decided(spec, {"f": 0.3, "m": 0.6}))
        metric = measured.columns[0].metric("selection_rate") if measured else None
        assert metric is not None
        assert metric.difference is not None
        lowest.append(metric.difference.interval.lower)
    assert lowest[1] < lowest[0]


def test_small_groups_are_shown_and_not_compared(declare: Declare) -> None:
    spec = declare()
    rows = decided(spec, {"f": 0.3, "m": 0.6, "x": 1.0})
    kept = np.r_[0:800, 800:820]
    few = replace(
        rows,
        groups={name: groups.rows(kept) for name, groups in rows.groups.items()},
        targets=rows.targets[kept],
        predictions=rows.predictions.rows(kept),
        units=rows.units[kept],
    )
    measured = measure_fairness(spec, few)
    metric = measured.columns[0].metric("selection_rate") if measured else None
    assert metric is not None
    assert metric.difference is not None
    assert not metric.figures["x"].judged
    assert metric.figures["x"].value == 1.0
    assert metric.figures["x"].interval is not None
    assert {metric.difference.greater, metric.difference.lesser} == {"f", "m"}


def test_of_a_figure_of_some_rows_only_these_count(declare: Declare) -> None:
    spec = declare({"min_group_rows": 300})
    measured = measure_fairness(spec, decided(spec, {"f": 0.3, "m": 0.6}))
    assert measured is not None
    judged = {m.metric: m.figures["f"].judged for m in measured.columns[0].metrics}
    assert judged["selection_rate"]
    assert not judged["true_positive_rate"]


def test_rows_without_a_value_are_a_group(declare: Declare) -> None:
    spec = declare()
    measured = measure_fairness(spec, decided(spec, {"f": 0.3, None: 0.6}))
    metric = measured.columns[0].metric("selection_rate") if measured else None
    assert metric is not None
    assert metric.difference is not None
    assert metric.difference.greater == MISSING


def test_two_columns_are_crossed_where_groups_are_large_enough(declare: Declare) -> None:
    spec = declare({"columns": ["sex", "origin"], "min_group_rows": 100})
    rows = decided(spec, {"f": 0.3, "m": 0.6})
    measured = measure_fairness(spec, rows, intersections=True)
    assert measured is not None
    (crossing,) = measured.intersections
    assert crossing.column == "sex x origin"
    assert sum(crossing.groups.values()) == 800
    assert len(crossing.groups) == 6
    large = declare({"columns": ["sex", "origin"], "min_group_rows": 150})
    unmeasured = measure_fairness(large, rows, intersections=True)
    assert unmeasured is not None
    assert unmeasured.intersections == ()


@pytest.mark.parametrize("outcome", [0, 1])
def test_of_one_class_the_rates_of_the_other_are_nothing(declare: Declare, outcome: int) -> None:
    spec = declare()
    rows = replace(decided(spec, {"f": 0.3, "m": 0.6}), targets=np.full(800, outcome))
    measured = measure_fairness(spec, rows)
    absent = ("true_positive_rate", "false_positive_rate")[outcome]
    metric = measured.columns[0].metric(absent) if measured else None
    assert metric is not None
    assert metric.figures["f"].value is None
    assert metric.difference is None


def test_nothing_is_measured_without_rows_or_columns(declare: Declare) -> None:
    spec = declare()
    rows = decided(spec, {"f": 0.3, "m": 0.6})
    nothing = np.zeros(0, dtype=int)
    empty = replace(
        rows,
        groups={name: groups.rows(nothing) for name, groups in rows.groups.items()},
        targets=rows.targets[nothing],
        predictions=rows.predictions.rows(nothing),
        units=nothing,
    )
    assert measure_fairness(spec, empty) is None
    undeclared = spec.model_copy(update={"evaluation": type(spec.evaluation)()})
    assert measure_fairness(undeclared, rows) is None


def test_infinite_values_are_no_figures(declare: Declare) -> None:
    spec = declare(task={"type": "regression"})
    rows = decided(spec, {"f": 0.3, "m": 0.6})
    numbers = np.linspace(0, 1, 800)
    broken = replace(rows, targets=np.where(np.arange(800) == 3, np.inf, numbers))
    outputs = {output.name: numbers for output in spec.task.outputs}
    broken = replace(broken, predictions=type(rows.predictions)(outputs))
    measured = measure_fairness(spec, broken)
    metric = measured.columns[0].metric("loss") if measured else None
    assert metric is not None
    assert metric.figures["f"].value is None
    assert metric.figures["m"].value is not None


def test_a_record_is_read_as_it_was_written(declare: Declare) -> None:
    spec = declare({"columns": ["sex", "origin"], "reference": {"sex": "m"}})
    measured = measure_fairness(spec, decided(spec, {"f": 0.0, "m": 0.6}), intersections=True)
    assert measured is not None
    assert Fairness.from_stored(measured.to_stored()) == measured


@pytest.mark.parametrize("name", TASKS)
def test_every_task_says_how_wrong_it_is_for_whom(name: str) -> None:
    assert "loss" in task_named(name).group_metrics
