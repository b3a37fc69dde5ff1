"""What the sensor and the schedule of a model do, told as stories in replayed time."""

from datetime import UTC, date, datetime, timedelta

import dagster as dg

from mlops_platform.components.model_lifecycle.automation.retraining import DECISION_TAG
from mlops_platform.components.model_lifecycle.automation.windows import WATCH
from mlops_platform.usecases.deployment import open_deployment
from mlops_platform.usecases.ledger.freeze import freeze, unfreeze
from tests.documents.cases import Case, refuse_undocumented

MODEL = "flight_delay"
MONDAY = datetime(2013, 4, 1, 4, tzinfo=UTC)  # midnight in New York
WEEK = timedelta(days=7)
GOOD, BAD = 0.45, 0.55
STARVED = Case(
    given="windows whose runs fail for ever",
    was="after eight of them no newer window was ever asked for, and none matured",
    now="new windows come first, and failing ones in turn, as many as there is room for; once one "
    "succeeds, all others follow within minutes",
    reads="came to nothing again",
)


def test_before_the_first_champion_nothing_is_asked_for(story) -> None:
    assert "no champion" in story.waited()
    assert story.due() == []


def test_a_good_week_asks_for_nothing(story) -> None:
    story.release(1)
    story.window(0, GOOD)
    story.at(MONDAY + 2 * WEEK)
    assert "fine" in story.waited()


def test_a_bad_week_asks_once_however_often_the_sensor_ticks(failing) -> None:
    requests = {failing.asked().run_key for _ in range(5)}
    assert len(requests) == 1
    (decision,) = failing.policy_decisions()
    assert (decision.kind, decision.window) == ("retrain", "2013-04-01")
    assert decision.actor == "sensor retrain"
    assert "0.55" in decision.reason


def test_a_wait_is_written_once_however_often_the_sensor_ticks(story) -> None:
    story.release(1)
    story.window(0, GOOD)
    story.at(MONDAY + 2 * WEEK)
    reasons = {story.waited() for _ in range(5)}
    assert [one.reason for one in story.policy_decisions()] == list(reasons)


def test_while_a_training_runs_nothing_is_asked_for(failing) -> None:
    failing.run(failing.asked())
    assert "runs or is queued" in failing.waited()


def test_a_training_that_a_person_started_counts_as_well(failing) -> None:
    failing.run_by_hand()
    assert "runs or is queued" in failing.waited()


def test_a_daemon_that_dies_before_the_run_starts_asks_again_for_the_same(failing) -> None:
    before = failing.asked()
    restarted = type(failing)(failing.home, open_deployment().ledger, failing.instance)
    after = restarted.asked()
    assert (after.run_key, after.tags) == (before.run_key, before.tags)


def test_a_run_that_fails_is_tried_again_as_often_as_declared(failing) -> None:
    keys = []
    for _ in range(failing.spec.retraining.max_attempts):
        request = failing.asked()
        keys.append(request.run_key)
        failing.instance.report_run_failed(failing.run(request))
    assert len(set(keys)) == failing.spec.retraining.max_attempts
    assert "ended without a verdict" in failing.waited()

    failing.at(MONDAY + 3 * WEEK + timedelta(hours=1))
    again = failing.asked()
    assert again.tags[DECISION_TAG] != request.tags[DECISION_TAG]


def test_a_rejected_challenger_is_followed_by_another_after_the_cooldown(failing) -> None:
    failing.run(first := failing.asked())
    failing.instance.report_run_failed(failing.instance.get_runs(limit=1)[0])
    failing.reject()
    failing.new_data("second week of april")
    assert "cooldown" in failing.waited()

    failing.at(MONDAY + 3 * WEEK)
    second = failing.asked()
    assert second.tags[DECISION_TAG] != first.tags[DECISION_TAG]


def test_without_new_data_a_rejected_challenger_is_not_tried_again(failing) -> None:
    failing.asked()
    failing.reject()
    failing.at(MONDAY + 4 * WEEK)
    assert "No feature or label has changed" in failing.waited()


def test_a_new_champion_is_first_judged_on_windows_of_its_own(failing) -> None:
    failing.asked()
    failing.release(2)
    failing.new_data("more")
    failing.window(1, BAD)  # scored by the old champion, matures after its end
    failing.at(MONDAY + 4 * WEEK)
    assert "version 2" in failing.waited()


def test_a_second_episode_asks_again(failing) -> None:
    first = failing.asked()
    failing.release(2)
    failing.window(2, GOOD, version=2)
    failing.new_data("more")
    failing.at(MONDAY + 4 * WEEK)
    assert "fine" in failing.waited()

    failing.window(3, BAD, version=2)
    failing.at(MONDAY + 5 * WEEK)
    second = failing.asked()
    assert second.tags[DECISION_TAG] != first.tags[DECISION_TAG]


def test_labels_that_come_late_are_waited_for(story) -> None:
    story.release(1)
    story.new_data("more")
    story.window(0, BAD, mature=False)
    story.at(MONDAY + 2 * WEEK)
    assert "mature" in story.waited()

    story.window(0, BAD)
    assert story.asked()


def test_a_missing_window_does_not_hide_the_others(failing) -> None:
    failing.window(2, BAD)  # week 1 was never measured
    failing.at(MONDAY + 4 * WEEK)
    failing.asked()
    assert failing.policy_decisions()[-1].window == "2013-04-15"
    assert "2013-04-08" in {request.partition_key for request in failing.due()}


def test_a_frozen_model_is_not_retrained_until_a_person_lets_it(failing) -> None:
    freeze(failing.ledger, MODEL, "runway works", "alice")
    reason = failing.waited()
    assert "alice" in reason
    assert "runway works" in reason
    unfreeze(failing.ledger, MODEL, "done", "alice")
    assert failing.asked()


def test_every_window_that_ended_since_the_first_release_is_asked_for_once(story) -> None:
    story.release(1)
    story.at(MONDAY + 3 * WEEK + timedelta(hours=6))
    requests = story.due()
    assert [request.partition_key for request in requests] == [
        "2013-04-01",
        "2013-04-08",
        "2013-04-15",
    ]
    days = requests[0].run_config["ops"]["dbt_features"]["config"]
    assert days == {"start_day": "2013-04-01", "end_day": "2013-04-07"}

    for week in range(3):
        story.window(week, GOOD)
    assert story.due() == []


def test_what_matures_is_left_to_the_run_that_builds_its_last_labels(story) -> None:
    story.release(1)
    story.window(0, GOOD, mature=False)
    story.at(MONDAY + WEEK + timedelta(days=3))
    assert story.due() == []

    story.at(MONDAY + 2 * WEEK + timedelta(hours=6))
    (request,) = story.due()
    assert request.partition_key == "2013-04-08"
    assert dg.AssetKey([MODEL, "predictions"]) in request.asset_selection


def test_the_last_window_is_measured_again_by_itself(story) -> None:
    window = story.spec.window.model_copy(update={"end": (MONDAY + WEEK).date()})
    story.declare(window=window)
    story.release(1)
    story.window(0, GOOD, mature=False)
    story.at(MONDAY + WEEK + timedelta(days=1))
    assert story.due() == []

    story.at(MONDAY + WEEK + timedelta(days=3))
    (request,) = story.due()
    assert request.partition_key == "2013-04-01"
    assert request.asset_selection == [dg.AssetKey([MODEL, "performance"])]


def test_a_mature_window_whose_labels_have_changed_is_measured_again_by_itself(story) -> None:
    story.release(1)
    story.predicted(0)
    story.new_data("labels", day=MONDAY.date())
    story.window(0, GOOD, labels_digest=story.labels_digest(0))
    story.at(MONDAY + WEEK + timedelta(hours=6))
    assert story.due() == []

    story.new_data("corrected labels", day=MONDAY.date())
    (request,) = story.due()
    assert request.partition_key == "2013-04-01"
    assert request.asset_selection == [dg.AssetKey([MODEL, "performance"])]

    story.window(0, GOOD, labels_digest=story.labels_digest(0))
    assert story.due() == []


def test_a_window_of_before_labels_were_named_is_not_measured_again(story) -> None:
    story.release(1)
    story.predicted(0)
    story.window(0, GOOD)
    story.new_data("corrected labels", day=MONDAY.date())
    story.at(MONDAY + WEEK + timedelta(hours=6))
    assert story.due() == []


def test_a_long_outage_is_caught_up_in_steps(story) -> None:
    story.release(1)
    story.at(MONDAY + 20 * WEEK)
    assert len(story.due()) == 8


def test_windows_are_looked_for_once_after_the_hour_of_their_calendar(story) -> None:
    story.release(1)
    story.at(MONDAY + WEEK)
    assert story.due_now() == []  # nobody had looked before, and its data has yet to land
    story.at(MONDAY + WEEK + timedelta(hours=5, minutes=59))
    assert story.due_now() == []
    story.at(MONDAY + WEEK + timedelta(hours=6))
    assert [request.partition_key for request in story.due_now()] == ["2013-04-01"]
    for hours in (7, 30, 24 * 7 + 5):
        story.at(MONDAY + WEEK + timedelta(hours=hours))
        assert story.due_now() == []
    story.at(MONDAY + 2 * WEEK + timedelta(hours=6))
    # Its run may have failed: it is asked for again, under another key.
    assert [request.partition_key for request in story.due_now()] == ["2013-04-01", "2013-04-08"]


def test_daily_windows_are_looked_for_every_day_across_the_end_of_summer_time(story) -> None:
    window = story.spec.window.model_copy(update={"cadence": "daily"})
    story.declare(window=window)
    story.at(datetime(2013, 11, 2, 10, tzinfo=UTC))  # 06:00 in New York
    story.release(1)
    assert story.due_now() == []
    story.at(datetime(2013, 11, 3, 10, 59, tzinfo=UTC))
    assert story.due_now() == []  # 05:59: the clocks went back in this night
    story.at(datetime(2013, 11, 3, 11, tzinfo=UTC))
    assert [request.partition_key for request in story.due_now()] == ["2013-11-02"]


def test_a_long_outage_is_caught_up_as_soon_as_the_runs_before_have_ended(story) -> None:
    story.release(1)
    story.at(MONDAY + 20 * WEEK)
    first = story.due_now()
    assert len(first) == 8
    run = story.run_window(first[0])
    assert story.due_now() == []
    for week in range(8):
        story.window(week, GOOD)
    assert story.due_now() == []
    story.instance.report_run_failed(run)
    assert story.due_now()[0].partition_key == "2013-05-27"


def test_windows_whose_runs_fail_are_asked_for_once_and_not_every_minute(story) -> None:
    story.release(1)
    story.at(MONDAY + 20 * WEEK)
    asked = [len(story.due_now()) for _ in range(5)]
    # All of them once, and those of the last look, which had room for some that had failed, no
    # third time: until another week has ended.
    assert asked == [8, 8, 8, 0, 0]
    story.at(MONDAY + 21 * WEEK + timedelta(hours=6))
    assert len(story.due_now()) == 8
    assert STARVED.reads in str(story.tick(WATCH).skip_reason)


def names(requests: list[dg.RunRequest]) -> list[str]:
    """The windows that are asked for."""
    return [str(request.partition_key) for request in requests]


def test_failing_windows_keep_no_newer_one_from_being_measured(story) -> None:
    story.release(1)
    story.at(MONDAY + 12 * WEEK + timedelta(hours=6))
    while story.due_now():
        pass
    tried: list[str] = []
    for week in range(12, 20):
        story.at(MONDAY + (week + 1) * WEEK + timedelta(hours=6))
        asked = names(story.due_now())
        newest = str((MONDAY + week * WEEK).date())
        assert newest in asked
        assert len(asked) == 8
        tried += [name for name in asked if name != newest]
        story.window(week, GOOD)
    # Those that fail have their turns: twelve windows, seven places a week.
    assert {tried.count(name) for name in set(tried)} <= {4, 5}
    assert len(set(tried)) == 12
    assert len(story.cursors[WATCH.name] or "") < 1000


def test_once_what_failed_succeeds_all_others_follow_at_once(story) -> None:
    story.release(1)
    story.at(MONDAY + 20 * WEEK)
    while story.due_now():
        pass
    story.at(MONDAY + 21 * WEEK + timedelta(hours=6))
    rounds = 0
    while requests := (look := story.tick(WATCH)).run_requests:
        rounds += 1
        for name in names(list(requests)):  # whatever was wrong has been put right
            story.window((date.fromisoformat(name) - MONDAY.date()).days // 7, GOOD)
    assert rounds == 3
    assert "Every window that has ended is measured" in str(look.skip_reason)


def test_windows_mature_although_an_old_one_fails(story) -> None:
    window = story.spec.window.model_copy(update={"end": (MONDAY + 2 * WEEK).date()})
    story.declare(window=window)
    story.release(1)
    story.at(MONDAY + 2 * WEEK + timedelta(hours=6))
    assert len(story.due_now()) == 2
    story.window(1, GOOD, mature=False)  # the first one has failed
    story.at(MONDAY + 3 * WEEK + timedelta(hours=6))
    requests = story.due_now()
    assert names(requests) == ["2013-04-01", "2013-04-08"]
    assert requests[1].asset_selection == [dg.AssetKey([MODEL, "performance"])]


def test_the_case_of_failing_windows_is_documented() -> None:
    refuse_undocumented("Windows and gate", [STARVED])


def test_a_periodic_retraining_asks_by_the_clock_unless_frozen_or_running(story) -> None:
    story.declare_retraining(policy={"any": [{"rule": "schedule", "cron": "0 3 1 * *"}, "drift"]})
    story.release(1)
    story.new_data("first weeks of april")
    story.at(MONDAY + 2 * WEEK)
    assert "not time: `0 3 1 * *`" in story.waited()

    story.at(datetime(2013, 5, 1, 6, 59, tzinfo=UTC))
    assert "not time: `0 3 1 * *`" in story.waited()
    story.at(datetime(2013, 5, 1, 7, tzinfo=UTC))  # 03:00 in New York
    freeze(story.ledger, MODEL, "runway works", "alice")
    assert "Frozen: by alice" in story.waited()

    unfreeze(story.ledger, MODEL, "done", "alice")
    story.at(datetime(2013, 6, 1, 7, tzinfo=UTC))
    by_hand = story.run_by_hand()
    assert "runs or is queued" in story.waited()
    story.instance.report_run_failed(by_hand)
    assert "not time" in story.waited()

    story.at(datetime(2013, 7, 1, 8, tzinfo=UTC))
    assert story.asked()
    assert "0 3 1 * *" in story.policy_decisions()[-1].reason
