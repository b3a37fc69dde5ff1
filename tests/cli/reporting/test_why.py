"""`mlops why` tells the past in words, oldest first."""

from datetime import date

import pytest


def _told(mlops, *arguments: str) -> str:
    shown = mlops("why", "flight_delay", *arguments)
    assert shown.exit_code == 0, shown.output
    return shown.output


def _in_order(text: str, *parts: str) -> None:
    at = [text.index(part) for part in parts]
    assert at == sorted(at)


def test_nothing_has_happened_yet(new, mlops) -> None:
    told = _told(mlops)
    assert "Nothing was ever released" in told
    assert "Nothing was decided yet." in told


def test_without_a_window_every_release_and_the_latest_decisions(past, mlops) -> None:
    told = _told(mlops)
    _in_order(
        told,
        "Version 1 (release 1) from 2013-04-01 04:00 UTC to 2013-04-19 16:30 UTC, promoted by gate",
        "Version 2 (release 2) since 2013-04-19 16:30 UTC",
        "The last 4 decisions",
        "2013-04-08 10:00 UTC  decided to wait, by sensor retrain",
        "No window that version 1 served is mature yet.",
        "2013-04-15 10:00 UTC  decided to retrain",
        "2013-04-19 16:30 UTC  promoted a candidate, by gate",
    )


def test_of_many_decisions_the_last_twenty(past, mlops) -> None:
    for number in range(30):
        past.decide("wait", f"reason {number:02}.")
    told = _told(mlops)
    assert "reason 09." not in told
    _in_order(told, "The last 20 decisions", "reason 10.", "reason 29.")


def test_a_roll_back_and_a_freeze(past, mlops) -> None:
    past.release(1, "Version 2 is broken.", kind="roll_back")
    past.decide("freeze", "Until it is mended.", actor="alice")
    told = _told(mlops)
    assert "Version 1 (release 3) since 2013-04-22 10:00 UTC, brought back by a roll-back" in told
    assert "releases it, by alice since 2013-04-22 10:00 UTC: Until it is mended." in told


@pytest.mark.parametrize("day", ["2013-04-01", "2013-04-03", "2013-04-07"])
def test_a_window_is_found_by_any_of_its_days(past, mlops, day: str) -> None:
    told = _told(mlops, day)
    assert "flight_delay in the window 2013-04-01: Monday 1 April to Sunday 7 April 2013" in told


def test_a_window_is_told_with_the_decisions_that_rest_on_it(past, mlops) -> None:
    told = _told(mlops, "2013-04-01")
    _in_order(
        told,
        "Version 1 (release 1) served all through it",
        "1,000 rows were scored on 2013-04-08 10:00 UTC by version 1 (release 1)",
        "mean score 0.250, 30.0 % decided positive",
        "The figures are final: 100 % of the outcomes were known on 2013-04-15 10:00 UTC.",
        "Log loss is 0.5000 on 900 labelled rows. That is 0.0240 worse than the 0.4760 that the "
        "version's test (0.4500) promises for rows as hard as these, and 0.0500 better than always "
        "predicting the base rate (0.5500).",
        "1 of 2 columns have drifted from the training set (50 % of the model's importance), first "
        "are temperature",
        "from those of held-out rows. That is an alarm.",
        "Decided because of it",
        "2013-04-15 10:00 UTC  decided to retrain, by sensor retrain",
        "Too bad.",
        "on: labelled 900, loss 0.5000",
        "2013-04-19 16:30 UTC  promoted a candidate, by gate",
        "Better by far.",
        "Also decided",
        "There is no champion yet.",
        "2013-04-08 10:00 UTC  decided to wait",
    )
    assert told.count("Better by far.") == 1


def test_a_champion_that_changed_within_the_window_is_told(past, mlops) -> None:
    told = _told(mlops, "2013-04-15")
    _in_order(
        told,
        "Version 1 (release 1) served when it began",
        "The champion changed within it: from 2013-04-19 16:30 UTC on version 2 (release 2) served",
        "scored on 2013-04-22 10:00 UTC by version 2 (release 2)",
        "The figures are provisional: 50 % of the outcomes were known",
        "There is no log loss: 400 of 1,000 rows have a label",
        "Its drift was not measured.",
        "No decision rests on this window.",
    )


def test_a_retraining_without_verdict_says_so(past, mlops) -> None:
    past.decide("retrain", "Again.", window="2013-04-08", evidence={"policy": "schedule"})
    told = _told(mlops, "2013-04-08")
    assert "Its performance was not measured." in told
    assert "The retraining that it asked for has no verdict yet." in told


def test_every_rule_of_the_policy_is_told_whether_it_fired(past, mlops) -> None:
    bad, quiet = "Window 2013-04-08 exceeds the limit.", "The drift alarm was silent."
    findings = [
        {"rule": "performance", "fires": True, "sentence": bad},
        {"rule": "drift", "fires": False, "sentence": quiet},
    ]
    past.decide("suggest", bad, window="2013-04-08", evidence={"findings": findings})
    _in_order(
        _told(mlops, "2013-04-08"),
        "waits for an answer: `mlops approve` gives it.",
        "suggested a retraining, by sensor retrain",
        bad,
        "rule performance fires.",
        f"rule drift does not fire: {quiet}",
    )


def test_a_decision_that_rests_on_the_window_and_follows_it_is_told_once(past, mlops) -> None:
    past.decide("wait", "It is fine.", window="2013-04-15")
    assert _told(mlops, "2013-04-15").count("It is fine.") == 1


def test_a_window_in_which_the_model_was_frozen_says_so(past, mlops) -> None:
    past.decide("freeze", "Storm.", actor="alice")
    past.at("2013-04-29T10:00").score(_monday(22), past.ledger.current_release("flight_delay"))
    past.decide("unfreeze", "Calm.", actor="alice")
    assert "frozen when it ended, by alice since 2013-04-22 10:00 UTC: Storm." in _told(
        mlops, "2013-04-22"
    )
    assert "frozen when it ended" not in _told(mlops, "2013-04-15")


def test_a_window_before_the_first_release_was_served_by_nothing(past, mlops) -> None:
    past.score(date(2013, 3, 25), past.ledger.releases("flight_delay")[0])
    assert "Nothing served: it ended before the first release." in _told(mlops, "2013-03-26")


def _monday(day: int):
    return date(2013, 4, day)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["flight_late"],
            "'flight_late' is not usable. Did you mean 'flight_delay'?",
        ),
        (["flight_delay", "June"], "'June' is no date. Write it like 2013-06-10."),
        (
            ["flight_delay", "2013-04-24"],
            "no window of flight_delay with 2013-04-24 in it had ended",
        ),
        (["flight_delay", "2013-03-20"], "the window 2013-03-18 of flight_delay"),
    ],
)
def test_what_cannot_be_told_is_refused_with_the_reason(past, mlops, arguments, message) -> None:
    refused = mlops("why", *arguments)
    assert refused.exit_code == 1
    assert message in refused.output
    if len(arguments) == 2 and arguments[1] != "June":
        assert "those from 2013-04-01 to 2013-04-15 are scored" in refused.output
