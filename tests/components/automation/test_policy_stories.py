"""What a policy does over weeks: combinations, budgets, suggestions and persons in between."""

from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner, Result

from mlops_platform.cli import main
from mlops_platform.ledger.records import NewDecision
from mlops_platform.usecases.ledger.freeze import freeze, unfreeze

MODEL = "flight_delay"
MONDAY = datetime(2013, 4, 1, 4, tzinfo=UTC)  # midnight in New York
WEEK = timedelta(days=7)
GOOD, BAD = 0.45, 0.55


def approve(*arguments: str) -> Result:
    run = CliRunner(env={"COLUMNS": "400"})
    return run.invoke(main, ["approve", MODEL, "--actor", "alice", *arguments])


def lost_every_week(story, weeks: range) -> list[str]:
    """Every week is bad, and every retraining it asks for loses; what the sensor said."""
    said = []
    for week in weeks:
        story.window(week, BAD)
        story.new_data(f"week {week}")
        story.at(MONDAY + (week + 1) * WEEK + timedelta(days=2))
        answer = story.tick()
        if answer.skip_reason is None:
            story.reject(cpu_seconds=100.0)
            said.append("asked")
        else:
            said.append(str(answer.skip_reason.skip_message))
    return said


def test_a_budget_of_trainings_is_spent_and_comes_back(story) -> None:
    story.declare_retraining(budget={"retrainings": 2, "days": 28})
    story.release(1)
    first, second, third, fourth, fifth = lost_every_week(story, range(5, 10))
    assert (first, second) == ("asked", "asked")
    assert "The budget of 28 days is spent: 2 of 2 retrainings" in third
    assert "possible on 2013-06-12" in fourth
    assert fifth == "asked"


def test_a_budget_of_cpu_seconds_counts_what_trainings_took(story) -> None:
    story.declare_retraining(budget={"cpu_seconds": 250, "days": 28})
    story.release(1)
    first, second, third = lost_every_week(story, range(5, 8))
    assert (first, second) == ("asked", "asked")
    assert "200 of 250 CPU-seconds, and the last training took 100" in third
    assert story.policy_decisions()[-1].kind == "wait"


def test_a_suggestion_is_made_once_and_started_when_a_person_approves(failing) -> None:
    failing.declare_retraining(suggest_only=True)
    assert "exceeds the limit" in failing.waited()
    assert "`mlops approve flight_delay` answers" in failing.waited()
    failing.waited()
    assert [one.kind for one in failing.policy_decisions()] == ["suggest", "wait"]

    assert "is approved by alice" in approve("--reason", "before the holidays").output
    request = failing.asked()
    approved = failing.ledger.decisions(MODEL, limit=1)[0]
    assert (approved.kind, approved.actor, approved.window) == ("retrain", "alice", "2013-04-01")
    failing.run(request)
    assert "runs or is queued" in failing.waited()
    assert "nothing waits for an answer" in approve("--reason", "again").output


def test_a_declined_suggestion_comes_back_after_the_cooldown(failing) -> None:
    failing.declare_retraining(suggest_only=True)
    failing.waited()
    assert "is declined by alice" in approve("--reject", "--reason", "the data are odd").output
    assert "was declined; the cooldown of 7 days" in failing.waited()
    failing.at(MONDAY + 3 * WEEK)
    failing.waited()
    assert failing.policy_decisions()[-1].kind == "suggest"


def test_a_suggestion_for_a_frozen_model_is_not_started(failing) -> None:
    failing.declare_retraining(suggest_only=True)
    failing.waited()
    freeze(failing.ledger, MODEL, "runway works", "bob")
    assert "mlops unfreeze flight_delay" in approve("--reason", "now").output
    unfreeze(failing.ledger, MODEL, "done", "bob")
    assert approve("--reason", "now").exit_code == 0


def test_what_waits_is_told_apart_where_a_challenger_waits_too(failing) -> None:
    failing.challenge(2)
    # A tick that had read the ledger before the challenge writes after it.
    late = NewDecision(kind="suggest", reason="too bad", actor="sensor", window="2013-04-01")
    failing.ledger.record_decision(MODEL, late)
    both = approve("--reason", "yes")
    assert both.exit_code == 1
    assert "`--what challenger` for version 2, in shadow" in both.output
    assert "`--what retraining` for the one suggested on 2013-04-15" in both.output
    assert "is declined" in approve("--what", "retraining", "--reject", "--reason", "no").output


def test_a_request_of_a_frozen_model_waits_until_it_is_unfrozen(failing) -> None:
    before = failing.asked()
    freeze(failing.ledger, MODEL, "runway works", "bob")
    assert "Frozen: by bob" in failing.waited()
    unfreeze(failing.ledger, MODEL, "done", "bob")
    assert failing.asked().run_key == before.run_key


def test_a_combination_asks_when_all_of_its_rules_fire(failing) -> None:
    failing.declare_retraining(policy={"all": ["performance", {"rule": "drift", "windows": 2}]})
    assert "No window that version 1 served is judged for drift yet" in failing.waited()
    failing.drift(0, True)
    assert "the rule waits for 2" in failing.waited()
    failing.drift(1, True)
    failing.asked()
    decided = failing.policy_decisions()[-1]
    assert decided.evidence["policy"] == "performance and drift"
    assert decided.evidence["episode"] == ["2013-04-01", "2013-04-08"]


def test_drift_needs_no_labels_and_one_quiet_week_ends_its_episode(story) -> None:
    story.declare_retraining(policy="drift")
    story.release(1)
    story.new_data("april")
    for week, alarm in enumerate((True, False, True)):
        story.drift(week, alarm)
    story.at(MONDAY + 3 * WEEK)
    assert "the rule waits for 2" in story.waited()
    story.drift(3, True)
    story.at(MONDAY + 4 * WEEK)
    story.asked()
    assert story.policy_decisions()[-1].window == "2013-04-22"


def test_enough_new_labels_ask_however_the_weeks_went(story) -> None:
    story.declare_retraining(policy={"rule": "data_volume", "rows": 150}, cooldown_days=0)
    story.release(1)
    story.new_data("april")
    story.labels(100, MONDAY - timedelta(hours=1))  # known when version 1 was trained
    story.labels(100, MONDAY + timedelta(days=1))
    story.at(MONDAY + WEEK)
    assert "Fewer than 150 labels" in story.waited()
    story.labels(100, MONDAY + timedelta(days=8))
    story.at(MONDAY + timedelta(days=9))
    story.asked()
    assert story.policy_decisions()[-1].evidence["new_rows"] == 200
    story.reject()
    story.new_data("more")
    assert "Fewer than 150 labels" in story.waited()


@pytest.mark.parametrize("days", [14, 28])
def test_a_schedule_counts_from_the_last_training(story, days: int) -> None:
    story.declare_retraining(policy={"rule": "schedule", "every_days": days})
    story.release(1)
    story.new_data("april")
    due = MONDAY + timedelta(days=days)
    story.at(due - timedelta(minutes=1))
    assert f"on {due:%Y-%m-%d}" in story.waited()
    story.at(due)
    story.asked()
    story.reject()
    story.new_data("more")
    assert "It is not time" in story.waited()
