"""What speaks against a question to a table."""

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from mlops_platform.errors import DataError
from mlops_platform.usecases.leakage.judge import leakage_findings
from tests.usecases.leakage.conftest import NUMBERS, ROWS, asked

HOURS = {"label": "hours", "task": NUMBERS, "dropped": ("late",)}


def _named(findings):
    return [(finding.kind, finding.columns, finding.level) for finding in findings]


def _draws(seed=3):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("question", [asked(), asked(**HOURS), asked(time=None)])
def test_nothing_is_said_of_a_table_without_fault(orders, scanned, question):
    findings = leakage_findings(scanned(orders), question)
    assert [finding for finding in findings if finding.level != "note"] == []


@pytest.mark.parametrize(
    ("make", "level"),
    [
        (lambda orders: np.where(orders["late"], "sorry", "fine"), "refuse"),
        (lambda orders: orders["late"] + _draws().normal(0, 0.25, ROWS), "warn"),
        (lambda orders: orders["late"] ^ (_draws().random(ROWS) < 0.03), "warn"),
    ],
)
def test_a_column_that_tells_the_class_is_named(orders, scanned, make, level):
    orders["status"] = make(orders)
    (finding,) = leakage_findings(scanned(orders), asked())
    assert (finding.kind, finding.columns) == ("leakage", ("status",))
    assert finding.level in {level, "refuse"}
    assert "ROC AUC" in finding.text
    assert finding.fix == "--drop status"


def test_a_column_that_tells_the_number_is_named(orders, scanned):
    orders["minutes"] = orders["hours"] * 60 + _draws().normal(0, 10, ROWS)
    (finding,) = leakage_findings(scanned(orders), asked(**HOURS))
    assert (finding.kind, finding.columns) == ("leakage", ("minutes",))
    assert "saves" in finding.text


def test_of_two_columns_that_are_equally_good_none_stands_out(orders, scanned):
    latent = orders["late"] * 2.0 + _draws().normal(0, 1, ROWS)
    orders["one"] = latent + _draws(4).normal(0, 0.6, ROWS)
    orders["two"] = latent + _draws(5).normal(0, 0.6, ROWS)
    assert _named(leakage_findings(scanned(orders), asked())) == []


def test_what_the_label_is_made_of_is_no_feature(orders, scanned):
    question = asked(label="hours > 13", dropped=("late",))
    assert _named(leakage_findings(scanned(orders), question)) == []


def test_an_entity_that_determines_the_label_is_no_feature(orders, scanned):
    orders["customer"] = [f"c{number}" for number in _draws().integers(0, 200, ROWS)]
    orders["late"] = orders["customer"].map(lambda name: int(name[1:]) % 3 == 0)
    orders["city"] = orders["customer"].str.replace("c", "town ")
    findings = leakage_findings(scanned(orders), asked(entity=("customer",)))
    assert _named(findings) == [("determines_label", ("city",), "warn")]


@pytest.mark.parametrize("question", [asked(), asked(**HOURS)])
def test_a_column_that_is_filled_in_with_the_outcome_is_named(orders, scanned, question):
    orders["reason"] = pd.Series(_draws().choice(["rain", "snow"], ROWS)).where(
        orders["hours"] > orders["hours"].median() if "hours" in question.label else orders["late"]
    )
    findings = leakage_findings(scanned(orders), question)
    assert _named(findings) == [("missing_tells_label", ("reason",), "refuse")]


def test_a_column_that_only_late_orders_have_is_named(orders, scanned):
    some = orders["late"] & (_draws().random(ROWS) < 0.3)
    orders["refund"] = pd.Series(_draws().integers(1, 90, ROWS)).where(some)
    findings = leakage_findings(scanned(orders), asked())
    assert _named(findings) == [("missing_tells_label", ("refund",), "warn")]


def test_a_column_in_disguise_is_seen_through(orders, scanned):
    orders["refund"] = np.where(orders["late"], _draws().integers(1, 90, ROWS), -999)
    findings = leakage_findings(scanned(orders), asked())
    assert ("missing_tells_label", ("refund",), "refuse") in _named(findings)


def test_values_that_are_missing_by_chance_are_none_of_it(orders, scanned):
    orders["note"] = pd.Series(_draws().choice(["a", "b"], ROWS)).where(_draws().random(ROWS) < 0.5)
    assert _named(leakage_findings(scanned(orders), asked())) == []


def test_a_column_that_is_missing_with_the_outcome_is_named(orders, scanned):
    known = _draws().random(ROWS) < 0.9
    orders["late"] = orders["late"].where(known)
    orders["signed_by"] = pd.Series(_draws().choice(["a", "b"], ROWS)).where(known)
    findings = leakage_findings(scanned(orders), asked())
    assert ("missing_with_label", ("signed_by",), "warn") in _named(findings)
    assert ("unlabelled", (), "note") in _named(findings)


def test_times_after_the_event_are_named_with_their_share(orders, scanned):
    later = orders["ordered_at"] + pd.to_timedelta(_draws().integers(60, 90_000, ROWS), unit="s")
    orders["delivered"] = later.where(_draws().random(ROWS) < 0.25)
    orders["opened"] = orders["ordered_at"] - pd.Timedelta(hours=2)
    findings = leakage_findings(scanned(orders), asked())
    assert _named(findings) == [("after_event", ("delivered",), "warn")]
    assert "% of the rows" in findings[0].text


def test_the_day_of_the_event_is_not_after_it(orders, scanned):
    orders["day"] = orders["ordered_at"].dt.strftime("%Y-%m-%d")
    assert _named(leakage_findings(scanned(orders), asked())) == []
    orders["day"] = (orders["ordered_at"] + pd.Timedelta(days=1)).dt.strftime("%Y-%m-%d")
    findings = leakage_findings(scanned(orders), asked())
    assert _named(findings) == [("after_event", ("day",), "warn")]


@pytest.mark.parametrize(
    ("known_at", "kind", "level"),
    [
        ("ordered_at + INTERVAL 1 DAY", None, None),
        ("ordered_at - INTERVAL 1 DAY", "known_before_event", "refuse"),
        ("ordered_at", "known_at_once", "warn"),
        ("CASE WHEN pieces > 2 THEN ordered_at + INTERVAL 1 DAY END", "known_at_missing", "warn"),
    ],
)
def test_an_outcome_is_known_after_its_event(orders, scanned, known_at, kind, level):
    findings = leakage_findings(scanned(orders), asked(known_at=known_at))
    assert [(f.kind, f.level) for f in findings] == ([(kind, level)] if kind else [])


def test_an_expression_that_lies_in_the_future_is_told(orders, scanned):
    question = asked(time="ordered_at + INTERVAL 100 YEAR")
    (finding,) = leakage_findings(scanned(orders), question)
    assert (finding.kind, finding.columns) == ("future_rows", ("ordered_at",))


@pytest.mark.parametrize(
    ("label", "kind"), [("hours > 9000", "one_outcome"), ("hours > 32", "imbalance")]
)
def test_outcomes_that_hardly_differ_are_told(orders, scanned, label, kind):
    findings = leakage_findings(scanned(orders), asked(label=label, dropped=("late",)))
    assert findings[0].kind == kind


@pytest.mark.parametrize("factor", [2.2046, 0.3048, 1000])
def test_another_unit_is_named_with_its_factor(orders, scanned, factor):
    orders.loc[orders.index >= 500, "weight"] *= factor
    (finding,) = leakage_findings(scanned(orders), asked())
    assert (finding.kind, finding.columns) == ("unit_change", ("weight",))
    assert "2024-03-06" in finding.text


def test_whole_numbers_that_are_none_any_more_are_another_unit(orders, scanned):
    orders["miles"] = _draws().integers(100, 900, ROWS) // 20 * 20
    orders["miles"] = orders["miles"].where(orders.index < 400, orders["miles"] * 1.609)
    (finding,) = leakage_findings(scanned(orders), asked())
    assert (finding.kind, finding.columns) == ("unit_change", ("miles",))


def test_trends_seasons_and_counters_are_no_other_unit(orders, scanned):
    rows = np.arange(ROWS)
    orders["trend"] = 10 + rows / 50 + _draws().normal(0, 1, ROWS)
    orders["season"] = 15 + 10 * np.sin(rows / 250) + _draws().normal(0, 1, ROWS)
    orders["month"] = 1 + rows // 300
    orders["walk"] = 100 + np.cumsum(_draws().normal(0, 1, ROWS))
    assert _named(leakage_findings(scanned(orders), asked())) == []


def test_a_day_on_which_much_changes_is_another_world(orders, scanned):
    for name in ("one", "two", "three"):
        orders[name] = _draws().gamma(5, 2, ROWS) * np.where(orders.index < 400, 1, 5)
    assert _named(leakage_findings(scanned(orders), asked())) == []


def test_times_of_other_rows_are_told(orders, scanned):
    orders["level"] = 50 + np.arange(ROWS) / 40 + _draws().normal(0, 5, ROWS)
    assert _named(leakage_findings(scanned(orders), asked())) == []
    orders["ordered_at"] = _draws().permutation(orders["ordered_at"])
    findings = leakage_findings(scanned(orders), asked())
    assert _named(findings) == [("shuffled_time", ("ordered_at",), "warn")]


@pytest.mark.parametrize("sorted_by", ["shop", "weight"])
def test_a_file_in_another_order_is_not_shuffled(orders, scanned, sorted_by):
    orders["level"] = 50 + np.arange(ROWS) / 40 + _draws().normal(0, 5, ROWS)
    in_order = orders.sort_values([sorted_by, "pieces"], kind="stable")
    assert _named(leakage_findings(scanned(in_order), asked())) == []
    mixed = orders.sample(frac=1, random_state=1)
    assert _named(leakage_findings(scanned(mixed), asked())) == []


def test_a_column_may_be_called_as_a_word_of_sql(orders, scanned):
    table = scanned(orders.rename(columns={"ordered_at": "at", "late": "Order"}))
    assert _named(leakage_findings(table, asked(time="at", label="order"))) == []


def test_an_expression_of_no_such_column_is_refused(orders, scanned):
    with pytest.raises(DataError, match="'delay > 15' cannot be computed"):
        leakage_findings(scanned(orders), asked(label="delay > 15"))
    with pytest.raises(ValidationError, match="unknown task"):
        leakage_findings(scanned(orders), asked(task={"type": "guessing"}))
