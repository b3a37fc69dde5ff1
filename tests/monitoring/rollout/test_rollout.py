"""The verdict on a challenger, from evidence made by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mlops_platform.monitoring.rollout.arms import ArmComparison
from mlops_platform.monitoring.rollout.objectives import ServiceFigures
from mlops_platform.monitoring.rollout.rollout import RolloutEvidence, RolloutVerdict, judge_rollout
from mlops_platform.spec import ReleaseSpec

BEGAN = datetime(2013, 7, 1, tzinfo=UTC)
SPEC = ReleaseSpec(mode="shadow", min_labelled=1000, max_days=14, margin=0.01)
FINE = ServiceFigures(requests=1000, errors=1, p99_milliseconds=20.0)


def _comparison(lower: float | None, upper: float | None, **changed: Any) -> ArmComparison:
    fields = {
        "champion_rows": 5000,
        "challenger_rows": 5000,
        "days": 5,
        "loss_name": "log loss",
        "champion_loss": 0.45,
        "challenger_loss": 0.46,
        "difference": 0.01,
        "confidence": 0.8,
        "lower": lower,
        "upper": upper,
    }
    return ArmComparison(**(fields | changed))


def _judged(
    comparison: ArmComparison | None, service: ServiceFigures | None = FINE, days: float = 5
) -> RolloutVerdict:
    evidence = RolloutEvidence(since=BEGAN, comparison=comparison, service=service)
    return judge_rollout(evidence, SPEC, BEGAN + timedelta(days=days))


@pytest.mark.parametrize(
    ("lower", "upper", "kind"),
    [
        (-0.03, -0.01, "promote"),
        (-0.03, 0.01, "promote"),
        (-0.03, 0.011, "wait"),
        (0.009, 0.02, "wait"),
        (0.01, 0.02, "wait"),
        (0.0101, 0.02, "abort"),
    ],
)
def test_it_is_promoted_or_aborted_only_where_the_interval_is_clear_of_the_margin(
    lower: float, upper: float, kind: str
) -> None:
    verdict = _judged(_comparison(lower, upper))
    assert verdict.kind == kind
    assert "log loss 0.4600 against 0.4500" in verdict.reason
    assert f"{upper:+.4f}" in verdict.reason
    assert verdict.evidence["upper"] == upper


def test_a_broken_objective_aborts_whatever_the_labels_say() -> None:
    slow = ServiceFigures(requests=1000, errors=0, p99_milliseconds=400.0)
    verdict = _judged(_comparison(-0.03, -0.01), slow)
    assert verdict.kind == "abort"
    assert "400 ms" in verdict.reason
    failing = ServiceFigures(requests=1000, errors=11, p99_milliseconds=20.0)
    assert "1.10%" in _judged(None, failing).reason


def test_few_requests_are_no_evidence_against_it() -> None:
    few = ServiceFigures(requests=SPEC.probation.min_requests - 1, errors=100)
    assert _judged(_comparison(-0.03, -0.01), few).kind == "promote"


@pytest.mark.parametrize(
    ("comparison", "lacking"),
    [
        (None, "no matured label"),
        (_comparison(-0.1, -0.05, challenger_rows=999), "999 matured labels"),
        (_comparison(None, None, days=2), "2 days"),
        (_comparison(-0.1, 0.1), "it is open"),
    ],
)
def test_without_enough_evidence_it_waits_until_the_trial_is_over(
    comparison: ArmComparison | None, lacking: str
) -> None:
    waiting = _judged(comparison)
    assert waiting.kind == "wait"
    assert lacking in waiting.reason
    assert "2013-07-15" in waiting.reason
    assert _judged(comparison, days=13.99).kind == "wait"
    over = _judged(comparison, days=14)
    assert over.kind == "abort"
    assert lacking in over.reason


def test_clear_evidence_on_the_last_day_still_promotes() -> None:
    assert _judged(_comparison(-0.03, -0.01), days=20).kind == "promote"


def test_what_goes_to_the_ledger_has_only_known_figures() -> None:
    verdict = _judged(_comparison(None, None, days=2), ServiceFigures())
    assert None not in verdict.evidence.values()
    assert verdict.evidence["requests"] == 0
