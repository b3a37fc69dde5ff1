"""What becomes of a new champion, from observations made by hand."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from mlops_platform.monitoring.loss_figures import LossFigures
from mlops_platform.monitoring.performance.window_performance import WindowPerformance
from mlops_platform.monitoring.rollout.objectives import ServiceFigures
from mlops_platform.monitoring.rollout.probation import (
    Observed,
    ProbationVerdict,
    judge_probation,
    own_windows,
)
from mlops_platform.spec import ProbationSpec

RELEASED = datetime(2013, 7, 1, 12, tzinfo=UTC)
SPEC = ProbationSpec(hours=24, min_requests=200, min_labelled=500, loss_increase=0.1)
FINE = ServiceFigures(requests=1000, errors=1, p99_milliseconds=20.0)


def _window(loss: float, **changed: Any) -> WindowPerformance:
    fields = {
        "window": "2013-07-01",
        "start": date(2013, 7, 1),
        "end": date(2013, 7, 2),
        "version": 2,
        "release": 2,
        "rows": 1000,
        "labelled": 900,
        "outcomes_known": 1000,
        "mature": True,
        "as_of": RELEASED + timedelta(days=3),
        "losses": LossFigures(
            name="log loss",
            loss=loss,
            baseline_loss=0.6,
            test_loss=0.45,
            test_baseline_loss=0.6,
        ),
        "metrics": {"log_loss": loss},
    }
    return WindowPerformance(**(fields | changed))


def _judged(
    service: ServiceFigures = FINE, *windows: WindowPerformance, hours: float = 5
) -> ProbationVerdict:
    observed = Observed(released_at=RELEASED, service=service, windows=windows)
    return judge_probation(observed, SPEC, RELEASED + timedelta(hours=hours))


def test_what_keeps_its_objectives_waits_and_is_kept_when_its_time_is_over() -> None:
    assert _judged().kind == "wait"
    assert _judged(hours=23.99).kind == "wait"
    kept = _judged(hours=24)
    assert kept.kind == "keep"
    assert "1000 requests kept the service objectives" in kept.reason
    assert "no window" in kept.reason


def test_silence_is_not_told_as_proof() -> None:
    kept = _judged(ServiceFigures(requests=3), hours=24)
    assert "3 requests are no evidence" in kept.reason


@pytest.mark.parametrize(
    ("service", "named"),
    [
        (ServiceFigures(requests=1000, errors=11, p99_milliseconds=20.0), "1.10%"),
        (ServiceFigures(requests=1000, errors=0, p99_milliseconds=251.0), "251 ms"),
    ],
)
def test_a_broken_objective_rolls_back(service: ServiceFigures, named: str) -> None:
    verdict = _judged(service)
    assert verdict.kind == "roll_back"
    assert named in verdict.reason
    assert verdict.evidence["requests"] == 1000
    assert _judged(service, hours=30).kind == "roll_back"


@pytest.mark.parametrize(
    ("window", "kind"),
    [
        (_window(0.56), "roll_back"),
        (_window(0.54), "wait"),
        (_window(0.56, mature=False), "wait"),
        (_window(0.56, labelled=499), "wait"),
        (_window(0.0, metrics={}), "wait"),
    ],
    ids=["worse", "fine", "provisional", "few labels", "one class"],
)
def test_only_enough_matured_labels_speak_of_quality(window: WindowPerformance, kind: str) -> None:
    verdict = _judged(FINE, window)
    assert verdict.kind == kind
    assert verdict.evidence.get("window") == ("2013-07-01" if kind == "roll_back" else None)
    assert verdict.reason.startswith("Log loss of window 2013-07-01") == (kind == "roll_back")


def test_windows_of_other_releases_are_not_its_own() -> None:
    windows = [_window(0.9, release=1), _window(0.5), _window(0.9, release=3, version=2)]
    assert own_windows(windows, 2) == (windows[1],)
