"""What the page of a window shows, whatever is known of it."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from mlops_platform.components.model_lifecycle.window.performance_page import performance_page
from mlops_platform.components.models import declared_spec
from mlops_platform.monitoring.loss_figures import LossFigures
from mlops_platform.monitoring.performance.window_performance import WindowPerformance
from mlops_platform.spec import ModelSpec

PROMISED = {"test_loss": 0.45, "test_baseline_loss": 0.55}


@pytest.fixture(scope="module")
def spec() -> ModelSpec:
    return declared_spec("flight_delay")


def page_of(spec: ModelSpec, **changes: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "window": "2013-04-01",
        "start": date(2013, 4, 1),
        "end": date(2013, 4, 8),
        "version": 1,
        "release": 1,
        "rows": 1000,
        "labelled": 900,
        "outcomes_known": 1000,
        "mature": True,
        "as_of": datetime(2013, 4, 11, tzinfo=UTC),
        "losses": LossFigures(loss=0.5, baseline_loss=0.55, estimated_loss=0.47, **PROMISED),
        "metrics": {"log_loss": 0.5, "roc_auc": 0.7, "precision": 0.6},
        "estimated_metrics": {"roc_auc": 0.72, "brier_score": 0.15, "true_positives": 12.5},
    }
    measured = WindowPerformance.model_validate(plain | changes)
    return performance_page(spec, measured, {measured.window: measured})


def test_the_loss_comes_with_what_it_is_and_the_headline_metrics(spec: ModelSpec) -> None:
    page = page_of(spec)
    assert (page["loss_is"], page["loss"], page["baseline_loss"]) == ("log loss", 0.5, 0.55)
    assert (page["promised_loss"], page["test_loss"]) == (0.45, 0.45)
    assert page["roc_auc"] == 0.7
    assert page["estimate_error"] == pytest.approx(-0.03)
    assert "precision" not in page


def test_a_window_without_labels_shows_what_was_estimated_and_nothing_else(
    spec: ModelSpec,
) -> None:
    losses = LossFigures(estimated_loss=0.47, **PROMISED)
    page = page_of(spec, labelled=0, outcomes_known=0, mature=False, losses=losses, metrics={})
    assert page["state"] == "provisional"
    assert (page["estimated_loss"], page["estimated_roc_auc"]) == (0.47, 0.72)
    assert page["estimated_brier_score"] == 0.15
    assert page.keys().isdisjoint({"loss", "baseline_loss", "roc_auc", "estimated_true_positives"})


def test_a_window_that_was_measured_again_for_its_labels_says_so(spec: ModelSpec) -> None:
    since = datetime(2013, 4, 15, 10, tzinfo=UTC)
    page = page_of(spec, labels_changed={"since": since, "labels": 12})
    assert (page["labels_changed"], page["labels_changed_since"]) == (12, since.isoformat())
    assert page_of(spec).keys().isdisjoint({"labels_changed", "labels_changed_since"})


def test_what_the_business_counts_is_a_table_by_version_and_decision(spec: ModelSpec) -> None:
    figure = {
        "column": "cost",
        "unit": "euros",
        "version": 2,
        "decision": "true",
        "rows": 1200,
        "known": 1000,
        "total": 12_345.6,
        "mean": 12.3456,
        "interval": {"lower": 10.0, "upper": 14.5},
    }
    unknown = figure | {"decision": None, "known": 0, "interval": None, "mean": None, "total": None}

    assert "kpi" not in page_of(spec)
    first, second = (record.data for record in page_of(spec, kpi=[figure, unknown])["kpi"].records)
    assert (first["kpi"], first["known"]) == ("cost (euros)", "1,000 of 1,200")
    assert (first["v"], first["decision"], first["interval"]) == (2, "true", "10 to 14.5")
    assert second["known"] == "0 of 1,200"


def test_what_is_expected_comes_with_its_interval_and_the_confusion(spec: ModelSpec) -> None:
    page = page_of(
        spec,
        estimated_metrics={"roc_auc": 0.72, "brier_score": 0.15, "recall": 0.5},
        estimated_intervals={
            "loss": {"lower": 0.45, "upper": 0.49},
            "recall": {"lower": 0.4, "upper": 0.6},
        },
        estimated_confusion={
            "outcomes": ["negative", "positive"],
            "decisions": ["negative", "positive"],
            "rows": [[700.0, 100.0], [100.0, 100.5]],
            "errors": [[10.0, 8.0], [0.0, 60.0]],
        },
    )
    assert page["estimated_loss_interval"] == "0.45 to 0.49"
    (figure,) = (record.data for record in page["estimated_figures"].records)
    assert figure == {"figure": "recall", "expected": 0.5, "98% interval": "0.4 to 0.6"}
    first, second = (record.data for record in page["estimated_confusion"].records)
    assert (first["outcome"], second["outcome"]) == ("negative", "positive")
    assert first["decided negative"] == "700 (676.7 to 723.3)"
    assert second["decided positive"] == "100.5 (0 to 240.1)"
    assert "estimated_recall" not in page
