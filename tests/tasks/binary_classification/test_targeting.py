import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_platform.tasks.binary_classification.targeting import Targeting, ranked
from mlops_platform.tasks.binary_classification.targeting_details import (
    TargetingDetails,
    targeting_details_of,
    targeting_table,
)
from mlops_platform.tasks.binary_classification.task import BinaryClassification
from mlops_platform.tasks.predictions import Predictions

row = st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.3, 0.3, 0.7, 1.0]), st.integers(1, 5))
samples = st.lists(row, min_size=2, max_size=40).filter(
    lambda rows: len({label for label, *_ in rows}) == 2
)
CAMPAIGN = {"benefit": 30.0, "cost": 2.0}


def arrays(rows):
    labels = np.array([label for label, *_ in rows], dtype=np.int64)
    scores = np.array([score for _, score, _ in rows])
    return labels, scores, np.array([weight for *_, weight in rows], dtype=np.float64)


def task_of(**targeting):
    return BinaryClassification.model_validate({"targeting": targeting})


def measured(labels, scores, weights=None, **targeting):
    task = task_of(**targeting)
    stated = task.predictions(scores[:, None], {"threshold": 0.5}).weighted(weights)
    return task.measure(labels, stated)


def test_figures_of_rows_without_ties_are_those_of_counting_them():
    random = np.random.default_rng(0)
    scores = random.permutation(200) / 200
    labels = (random.random(200) < scores).astype(np.int64)
    first = np.argsort(-scores)[:50]
    found, rate = labels[first].sum(), labels.mean()

    for limit in ({"share": 0.25}, {"rows": 50}, {"budget": 100.0}):
        figures = measured(labels, scores, **CAMPAIGN, **limit)

        assert figures["targeted_precision"] == pytest.approx(found / 50)
        assert figures["targeted_lift"] == pytest.approx(found / 50 / rate)
        assert figures["targeted_gain"] == pytest.approx(found / labels.sum())
        assert figures["targeted_profit"] == pytest.approx(30 * found - 100)
    first = np.argsort(-scores)[:20]
    error = abs(labels[first].mean() - scores[first].mean())
    assert figures["top_calibration_error"] == pytest.approx(error)


@given(samples, st.floats(0.01, 0.99), st.randoms())
def test_the_order_of_the_rows_does_not_matter(rows, share, random):
    shuffled = random.sample(rows, len(rows))

    assert measured(*arrays(rows), share=share, **CAMPAIGN) == pytest.approx(
        measured(*arrays(shuffled), share=share, **CAMPAIGN)
    )


@given(samples, st.floats(0.01, 0.99))
def test_a_row_of_weight_three_counts_as_three_rows(rows, share):
    labels, scores, weights = arrays(rows)
    repeated = np.repeat(np.arange(len(rows)), weights.astype(int))

    weighted = ranked(labels, scores, weights)
    written_out = ranked(labels[repeated], scores[repeated])

    count = share * weights.sum()
    assert weighted.positives_of(count) == pytest.approx(written_out.positives_of(count))
    assert weighted.stated_of(count) == pytest.approx(written_out.stated_of(count))


@given(samples, st.floats(0.01, 0.99))
def test_who_says_the_same_of_everybody_is_as_good_as_chance(rows, share):
    labels, scores, weights = arrays(rows)

    figures = measured(labels, np.full_like(scores, 0.4), weights, share=share)

    assert figures["targeted_lift"] == pytest.approx(1)
    assert figures["targeted_gain"] == pytest.approx(share)


@given(samples, st.floats(0.01, 0.99))
def test_no_depth_brings_more_than_the_most_profitable_one(rows, share):
    labels, scores, weights = arrays(rows)
    targeting = Targeting(share=share, **CAMPAIGN)

    details = targeting_details_of(labels, Predictions({"score": scores}, weights), targeting)

    best = details.most_profitable.profit + 1e-9 if details.most_profitable else 0.0
    assert best >= max(details.declared.profit, *details.profits)
    assert best >= max(tenth.profit for tenth in details.tenths)
    assert details.tenths[-1].gain == pytest.approx(1)
    assert list(details.gains) == pytest.approx(sorted(details.gains))


def test_where_every_depth_loses_money_none_is_the_most_profitable():
    labels, scores = np.array([0, 0, 0, 1]), np.zeros(4)
    targeting = Targeting(share=0.5, benefit=5.0, cost=2.0)

    details = targeting_details_of(labels, Predictions({"score": scores}), targeting)

    assert details.most_profitable is None
    table = targeting_table(details)
    assert table.title == "Who is acted on first: to act on nobody costs least"
    assert table.rows[-1][-1] == -3


def test_nobody_can_be_acted_on_who_is_not_there():
    labels, scores = np.array([0, 1, 1]), np.array([0.1, 0.8, 0.9])

    for limit in ({"rows": 1000}, {"budget": 1e6}):
        figures = measured(labels, scores, **CAMPAIGN, **limit)
        assert (figures["targeted_gain"], figures["targeted_lift"]) == (1, 1)
        assert figures["targeted_profit"] == 2 * 30 - 3 * 2


def test_a_window_without_positives_has_no_lift_and_costs_what_acting_does():
    scores = np.array([0.1, 0.8, 0.9])

    figures = measured(np.zeros(3, dtype=np.int64), scores, share=0.5, **CAMPAIGN)

    assert np.isnan([figures["targeted_lift"], figures["targeted_gain"]]).all()
    assert figures["targeted_precision"] == 0
    assert figures["targeted_profit"] == pytest.approx(-1.5 * 2)


@pytest.mark.parametrize(
    ("targeting", "field", "told"),
    [
        ({}, "task.targeting", "Write one of share, rows, budget"),
        ({"share": 0.1, "rows": 5}, "task.targeting", "share and rows"),
        ({"budget": 100}, "task.targeting.budget", "Write `cost` as well"),
    ],
)
def test_a_limit_that_says_nothing_or_two_things_is_refused(targeting, field, told):
    (fault,) = task_of(**targeting).faults()

    assert fault.field == field
    assert told in str(fault)


@pytest.mark.parametrize("priced", [{}, CAMPAIGN])
def test_the_card_tells_who_is_acted_on_first_and_draws_it(priced):
    random = np.random.default_rng(1)
    scores = random.random(500)
    labels = (random.random(500) < scores).astype(np.int64)
    task = task_of(share=0.15, **priced)
    stated = task.predictions(scores[:, None], {"threshold": 0.5})

    details = task.details(labels, stated, {"threshold": 0.5})

    metrics = task.measure(labels, stated)
    table = task.tables(details)[-1]
    (declared,) = (row for row in table.rows if row[0] == "declared: 15.0%")
    expected = (75, metrics["targeted_gain"], metrics["targeted_lift"])
    assert declared[1:4] == pytest.approx(expected)
    assert ("profit" in table.columns) is bool(priced)
    assert len(table.columns) == len(declared)
    assert task.figures(metrics, details)["targeting"].startswith(b"\x89PNG")
    assert TargetingDetails.model_validate(details["targeting"]).tenths[-1].rows == 500


def test_without_a_limit_nothing_of_it_is_measured_or_told():
    task = BinaryClassification()
    scores, labels = np.array([0.2, 0.9]), np.array([0, 1])
    stated = task.predictions(scores[:, None], {"threshold": 0.5})

    details = task.details(labels, stated, {"threshold": 0.5})

    assert not [name for name in task.own_metrics if name.startswith("targeted")]
    assert "targeting" not in task.figures(task.measure(labels, stated), details)
    assert [table.title for table in task.tables(details)][-1] == "Calibration"
