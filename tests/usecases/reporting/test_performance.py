"""What is said of a window's performance, as far as there is something to say."""

from datetime import UTC, date, datetime
from typing import Any

from mlops_platform.data.windows import Window
from mlops_platform.monitoring.performance.changes.find_changes import DetectorFinding
from mlops_platform.monitoring.performance.interval import Interval
from mlops_platform.monitoring.performance.label_delays import LabelDelays
from mlops_platform.monitoring.performance.label_maturity import LabelMaturity
from mlops_platform.monitoring.performance.window_performance import WindowPerformance
from mlops_platform.usecases.reporting.performance import performance_text

LOSSES = {
    "name": "log loss",
    "baseline_name": "base rate",
    "loss": 0.5,
    "baseline_loss": 0.6,
    "test_loss": 0.4,
    "test_baseline_loss": 0.5,
}
WINDOW = Window(start=date(2024, 1, 1), end=date(2024, 1, 8), timezone="UTC")


def _text(**changed: Any) -> str:
    measured = {
        "window": WINDOW.name,
        "start": WINDOW.start,
        "end": WINDOW.end,
        "version": 1,
        "release": 1,
        "rows": 2000,
        "labelled": 1800,
        "outcomes_known": 1900,
        "mature": True,
        "as_of": datetime(2024, 1, 10, 6, tzinfo=UTC),
        "metrics": {"log_loss": 0.5},
        "losses": LOSSES,
        **changed,
    }
    history = {WINDOW.name: WindowPerformance.model_validate(measured)}
    return performance_text(history, WINDOW)


def test_everything_that_can_be_said() -> None:
    change = DetectorFinding(
        detector="cusum", decides=True, found=date(2024, 1, 6), since=date(2024, 1, 3)
    )
    assert _text(
        intervals={"loss": Interval(lower=0.45, upper=0.55)},
        labels=LabelMaturity(known=(), expected=0.98, delays=LabelDelays(known=(), waiting=())),
        losses={**LOSSES, "estimated_loss": 0.47},
        changes=(change,),
        change_point=True,
    ) == (
        "The figures are final: 95 % of the outcomes were known on 2024-01-10 06:00 UTC, against "
        "the usual 98 %. Log loss is 0.5000 (0.4500 to 0.5500) on 1,800 labelled rows. That is "
        "0.0200 worse than the 0.4800 that the version's test (0.4000) promises for rows as hard "
        "as these, and 0.1000 better than always predicting the base rate (0.6000). Without labels "
        "its predictions let expect 0.4700. Over 1 mature windows such estimates were 0.0300 off "
        "on average (-0.0300 net), assuming the test's figure 0.1000. The errors of the version "
        "have changed since 2024-01-03, cusum found on 2024-01-06."
    )


def test_where_outcomes_are_of_no_use_there_is_no_figure() -> None:
    assert _text(
        losses={**LOSSES, "loss": None, "estimated_loss": 0.4}, mature=False, change_point=False
    ) == (
        "The figures are provisional: 95 % of the outcomes were known on 2024-01-10 06:00 UTC. "
        "There is no log loss: 1,800 of 2,000 rows have a label, and their outcomes are of no use. "
        "Without labels its predictions let expect 0.4000. Its errors have not changed."
    )


def test_a_baseline_that_is_not_known_is_not_compared_with() -> None:
    text = _text(losses={**LOSSES, "baseline_loss": None})
    assert text.endswith("Log loss is 0.5000 on 1,800 labelled rows.")


def test_a_window_that_was_not_measured() -> None:
    assert performance_text({}, WINDOW) == "Its performance was not measured."


def test_a_window_whose_labels_were_corrected_says_so() -> None:
    since = datetime(2024, 1, 10, 6, tzinfo=UTC)
    text = _text(
        as_of=datetime(2024, 2, 1, 6, tzinfo=UTC), labels_changed={"since": since, "labels": 1200}
    )
    assert (
        "They were measured again, because 1,200 of its labels had been corrected since "
        "2024-01-10 06:00 UTC."
    ) in text


def test_what_the_business_counts_is_told_by_version_and_decision() -> None:
    since = datetime(2024, 1, 10, 6, tzinfo=UTC)
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
    text = _text(kpi=[figure], labels_changed={"since": since, "labels": 0})
    assert text.endswith(
        "Where the decision of version 2 was true, cost was 12.35 euros on average (10 to 14.5), "
        "12,346 in all, as far as it is known: of 1,000 of 1,200 rows."
    )
    assert "because figures of its KPI had been corrected since" in text
