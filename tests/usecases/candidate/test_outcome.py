"""What a training came to, in one paragraph: a champion, a challenger, or why it is none."""

from types import SimpleNamespace
from typing import Any

import pytest

from mlops_platform.ledger.challenger import CHALLENGER
from mlops_platform.ledger.records import NewDecision
from mlops_platform.training.judging.criteria import CRITERIA
from mlops_platform.usecases.candidate.outcome import (
    BETTER_THAN_BASELINE,
    TrainingOutcome,
    training_outcome,
)

TRIALS = [("linear", 0.49), ("linear", 0.47), ("forest", None)]


def judged(loss: float, **passed: bool) -> Any:
    """A candidate as the gate has judged it."""
    scores = {"linear": 0.47, "forest": None}
    recipe = SimpleNamespace(
        candidate="linear",
        metric="log_loss",
        trials=[SimpleNamespace(candidate=name) for name, _ in TRIALS],
        best_score_of=scores.get,
    )
    return SimpleNamespace(
        evaluated=SimpleNamespace(
            candidate=SimpleNamespace(recipe=recipe, run_id="abc", update=None, made_text=None),
            evaluation=SimpleNamespace(loss=loss, baseline_loss=0.6, rows=1200),
        ),
        verdict=SimpleNamespace(
            criteria=[
                SimpleNamespace(name=name, passed=passed.get(name, True)) for name in CRITERIA
            ]
        ),
    )


@pytest.fixture
def outcome(lifecycle):
    from mlops_platform.components.models import declared_spec

    spec = declared_spec("flight_delay").model_copy(update={"name": lifecycle.model})

    def of(verdict, loss: float = 0.5, **passed: bool) -> TrainingOutcome:
        return training_outcome(spec, lifecycle.ledger, verdict, judged(loss, **passed))

    return of


def rejected(lifecycle, reason: str):
    decision = NewDecision(kind="reject", reason=reason, actor="gate", evidence={"mlflow_run": "r"})
    return lifecycle.ledger.record_decision(lifecycle.model, decision)


def test_the_criterion_is_one_of_the_gate() -> None:
    assert BETTER_THAN_BASELINE in CRITERIA


def test_a_champion_is_told_with_its_score_beside_the_baseline(lifecycle, outcome) -> None:
    lifecycle.promote(lifecycle.register())
    (verdict,) = lifecycle.ledger.decisions(lifecycle.model, limit=1)
    told = outcome(verdict)
    assert (told.version, told.release, told.champion) == (1, 1, 1)
    assert told.text == (
        f"Version 1 of {lifecycle.model} is the champion, release 1. linear has a log loss of "
        "0.5000 on the 1,200 rows of its test, the base rate 0.6000. better"
    )
    assert told.search_scores == {"linear": 0.47, "forest": None}


def test_that_nothing_beats_the_baseline_is_a_sentence(lifecycle, outcome) -> None:
    told = outcome(rejected(lifecycle, "Rejected."), loss=0.61, better_than_baseline=False)
    assert (told.version, told.release, told.beats_baseline) == (None, None, False)
    assert told.text == (
        "Nothing beats the baseline: linear has a log loss of 0.6100 on the 1,200 rows of its "
        "test, the base rate 0.6000. Rejected."
    )


def test_what_is_better_and_not_surely_beats_nothing(lifecycle, outcome) -> None:
    told = outcome(rejected(lifecycle, "Rejected."), loss=0.59, better_than_baseline=False)
    assert not told.beats_baseline
    assert told.text.startswith("Nothing beats the baseline for sure: linear has a log loss of")


def test_a_loser_leaves_the_champion_where_it_is(lifecycle, outcome) -> None:
    lifecycle.promote(lifecycle.register())
    told = outcome(rejected(lifecycle, "Rejected."), better_than_champion=False)
    assert told.beats_baseline
    assert told.text.startswith("Nothing is released: linear has")
    assert told.text.endswith("Rejected. Version 1 stays the champion.")


def test_a_challenger_is_no_champion_yet(lifecycle, outcome) -> None:
    lifecycle.promote(lifecycle.register())
    trial = {
        CHALLENGER: lifecycle.register().model_dump(),
        "mode": "shadow",
        "share": 0.0,
        "champion_sequence": 1,
    }
    verdict = lifecycle.ledger.record_decision(
        lifecycle.model,
        NewDecision(kind="challenge", reason="Better.", actor="gate", evidence=trial),
    )
    told = outcome(verdict)
    assert (told.version, told.release, told.champion) == (2, None, 1)
    assert told.text.startswith(f"Version 2 of {lifecycle.model} is tried beside the champion.")


@pytest.mark.parametrize(
    ("loss", "told"),
    [("log loss", "has a log loss of"), ("absolute error", "has an absolute error")],
)
def test_the_loss_has_its_article(outcome, lifecycle, loss: str, told: str) -> None:
    came_to = outcome(rejected(lifecycle, "Too poor."))
    assert told in came_to.model_copy(update={"loss_name": loss}).text
