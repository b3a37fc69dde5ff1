"""The policy as stories over weeks, and as properties of any history."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_platform.monitoring.policy.decide import decide
from mlops_platform.monitoring.policy.history import Attempt, History
from mlops_platform.monitoring.policy.signals import WindowSignals
from mlops_platform.spec import PerformanceRule, RetrainingSpec

POLICY = RetrainingSpec(policy=PerformanceRule(loss_increase=0.02), cooldown_days=7)
RELEASED = datetime(2013, 4, 1, 4, tzinfo=UTC)
GOOD, BAD = 0.51, 0.55


def after(weeks: float) -> datetime:
    """Two days after the end of that many weeks, when the last of them is mature."""
    return RELEASED + timedelta(weeks=weeks, days=2)


TWO_DAYS_AFTER_THE_FIRST = after(1)


def history(
    *windows: WindowSignals,
    at: datetime = TWO_DAYS_AFTER_THE_FIRST,
    last_attempt: Attempt | None = None,
    **changes: object,
) -> History:
    plain: dict[str, object] = {
        "now": at,
        "champion_version": 1,
        "released_at": RELEASED,
        "windows": windows,
        "retrainings": () if last_attempt is None else (last_attempt,),
    }
    return History.model_validate(plain | changes)


def attempted(outcome: str, window: str | None = "2013-04-01", weeks: float = 1) -> Attempt:
    return Attempt.model_validate({"at": after(weeks), "window": window, "outcome": outcome})


def test_a_window_that_decayed_asks_for_a_retraining_and_tells_why(make_signals):
    decision = decide(POLICY, history(make_signals(0, BAD)))

    assert (decision.kind, decision.trigger) == ("retrain", "performance")
    assert decision.window == "2013-04-01"
    assert "log loss 0.5500, +0.0500 against what its test promises" in decision.reason
    assert decision.evidence["loss_increase"] == pytest.approx(0.05)
    assert decision.evidence["episode"] == ["2013-04-01"]


def test_a_window_no_better_than_the_base_rate_asks_as_well_unless_told_not_to(make_signals):
    useless = make_signals(0, 0.515, baseline_loss=0.515, test_loss=0.51, test_baseline_loss=0.515)

    decision = decide(POLICY, history(useless))
    assert (decision.kind, decision.trigger) == ("retrain", "performance")
    assert "no better than by the base rate" in decision.reason
    lenient = RetrainingSpec(policy=PerformanceRule(worse_than_baseline=False))
    assert decide(lenient, history(useless)).kind == "wait"


def test_a_window_in_which_nothing_was_lost_asks_for_nothing(make_signals):
    """Such as one without any alert or anomaly, whose random alerts cost nothing either."""
    quiet = make_signals(0, 0.0, baseline_loss=0.0)

    assert decide(POLICY, history(quiet)).kind == "wait"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"champion_version": None, "released_at": None}, "There is no champion yet"),
        ({"frozen": "alice@example.org: investigating"}, "Frozen: alice@example.org: invest"),
        ({"running": True}, "A training of this model runs"),
        ({"rollout": "version 2, in shadow"}, "A challenger stands: version 2"),
        ({"last_attempt": attempted("challenge", weeks=0.5)}, "was put on trial; the cooldown"),
        ({"windows": ()}, "No window that version 1 served is mature yet"),
        ({"data_changed": False}, "No feature or label has changed"),
        ({"last_attempt": attempted("reject", weeks=0.5)}, "was rejected; the cooldown of 7 days"),
    ],
)
def test_each_reason_to_wait_is_told(make_signals, changes, reason):
    decision = decide(POLICY, history(make_signals(0, BAD), **changes))

    assert (decision.kind, decision.trigger) == ("wait", None)
    assert reason in decision.reason


def test_a_policy_that_never_retrains_says_so(make_signals):
    decision = decide(RetrainingSpec(policy="never"), history(make_signals(0, BAD)))

    assert decision.kind == "wait"
    assert "`never`" in decision.reason


def test_a_good_window_waits_and_still_tells_its_figures(make_signals):
    decision = decide(POLICY, history(make_signals(0, GOOD)))

    assert decision.kind == "wait"
    assert "is fine: log loss 0.5100, +0.0100" in decision.reason
    assert decision.window == "2013-04-01"


def test_the_latest_mature_window_decides_not_the_provisional_one_after_it(make_signals):
    bad_but_early = make_signals(2, BAD, mature=False)

    decision = decide(POLICY, history(make_signals(0, BAD), make_signals(1, GOOD), bad_but_early))

    assert decision.kind == "wait"
    assert decision.window == "2013-04-08"


def test_late_labels_delay_the_decision_until_the_window_is_mature(make_signals):
    at = after(1)
    assert decide(POLICY, history(make_signals(0, BAD, mature=False), at=at)).kind == "wait"
    assert (
        decide(POLICY, history(make_signals(0, BAD), at=at + timedelta(days=21))).kind == "retrain"
    )


def test_a_missing_window_breaks_nothing(make_signals):
    decision = decide(POLICY, history(make_signals(0, GOOD), make_signals(3, BAD), at=after(4)))

    assert decision.window == "2013-04-22"
    assert decision.kind == "retrain"


def test_a_rejected_retraining_is_asked_for_again_once_the_cooldown_is_over(make_signals):
    weeks = (make_signals(0, BAD), make_signals(1, BAD))

    def decided(at: datetime, outcome: str = "reject"):
        return decide(POLICY, history(*weeks, at=at, last_attempt=attempted(outcome)))

    waiting = decided(after(1.9))
    assert waiting.kind == "wait"
    assert "The retraining for it, of 2013-04-10, was rejected" in waiting.reason
    assert "failing window 2 in a row" in waiting.reason
    assert waiting.evidence["episode"] == ["2013-04-01", "2013-04-08"]
    for outcome in ("reject", "wait", "failed"):
        assert decided(after(2), outcome).kind == "retrain"


def test_the_cooldown_holds_across_episodes(make_signals):
    weeks = (make_signals(0, BAD), make_signals(1, GOOD), make_signals(2, BAD))

    patient = POLICY.model_copy(update={"cooldown_days": 28})
    waiting = decide(patient, history(*weeks, at=after(3), last_attempt=attempted("reject")))
    assert waiting.kind == "wait"
    assert "The last retraining, of 2013-04-10" in waiting.reason
    again = decide(patient, history(*weeks, at=after(5), last_attempt=attempted("reject")))
    assert again.kind == "retrain"
    assert again.evidence["episode"] == ["2013-04-15"]


def test_a_promoted_champion_is_first_judged_on_windows_of_its_own(make_signals):
    old = (make_signals(0, BAD), make_signals(1, BAD))
    promoted = {
        "champion_version": 2,
        "released_at": after(1),
        "last_attempt": attempted("promote"),
    }

    before = decide(POLICY, history(*old, at=after(2.5), **promoted))
    assert before.kind == "wait"
    assert "version 2" in before.reason
    own = make_signals(2, BAD, version=2, release=2)
    assert decide(POLICY, history(*old, own, at=after(3), **promoted)).kind == "retrain"


def test_a_roll_back_starts_afresh_and_does_not_silence_the_policy(make_signals):
    windows = (make_signals(0, BAD), make_signals(1, BAD, version=2, release=2))
    rolled_back = {"released_at": after(2), "last_attempt": attempted("promote")}

    old_story = decide(POLICY, history(*windows, at=after(2.5), **rolled_back))
    assert old_story.kind == "wait"
    assert old_story.window is None
    own = make_signals(2, BAD, release=3)
    assert decide(POLICY, history(*windows, own, at=after(3), **rolled_back)).kind == "retrain"


def test_a_window_without_outcomes_waits(make_signals):
    decision = decide(POLICY, history(make_signals(0, None, labelled=0)))

    assert decision.kind == "wait"
    assert "too few outcomes" in decision.reason


losses = st.one_of(st.none(), st.floats(0, 2), st.just(float("nan")))
moments = st.integers(0, 24 * 200).map(lambda hours: RELEASED + timedelta(hours=hours))


@st.composite
def histories(draw: st.DrawFn, make_signals: Callable[..., WindowSignals]) -> History:
    windows = [
        make_signals(
            number,
            draw(losses),
            version=draw(st.integers(1, 2)),
            mature=draw(st.booleans()),
            baseline_loss=draw(losses),
            test_loss=draw(losses),
            test_baseline_loss=draw(losses),
        )
        for number in range(draw(st.integers(0, 5)))
    ]
    attempts = st.builds(
        Attempt,
        at=moments,
        window=st.sampled_from([None, *(one.window for one in windows)]),
        outcome=st.sampled_from(["promote", "reject", "wait", "failed"]),
    )
    return history(
        *windows,
        at=draw(moments),
        champion_version=draw(st.sampled_from([None, 1, 1, 2])),
        released_at=draw(st.none() | moments),
        last_attempt=draw(st.none() | attempts),
        running=draw(st.booleans()),
        data_changed=draw(st.sampled_from([True, True, False])),
        frozen=draw(st.sampled_from([None, None, "alice: no"])),
    )


rules = st.builds(
    PerformanceRule, loss_increase=st.floats(0.001, 1), worse_than_baseline=st.booleans()
)
policies = st.builds(RetrainingSpec, policy=rules, cooldown_days=st.integers(0, 30))


def _fails(window: WindowSignals, rule: PerformanceRule) -> bool:
    increase, over = window.losses.loss_increase, window.losses.loss_over_baseline
    decayed = increase is not None and increase >= rule.loss_increase
    useless = over is not None and over >= 0 and window.losses.loss != 0
    return decayed or (rule.worse_than_baseline and useless)


@given(data=st.data(), policy=policies)
def test_a_retraining_always_has_a_failing_window_and_nothing_against_it(
    data, policy, make_signals
):
    found = data.draw(histories(make_signals))

    decision = decide(policy, found)

    json.dumps(decision.evidence, allow_nan=False)  # the ledger refuses NaN
    assert decision.reason
    if decision.kind == "wait":
        assert decision.trigger is None
        return
    assert found.frozen is None
    assert not found.running
    assert found.data_changed
    (window,) = (one for one in found.windows if one.window == decision.window)
    assert window.mature
    assert window.version == found.champion_version
    assert _fails(window, policy.policy)
    if found.last_attempt is not None:
        assert found.now - found.last_attempt.at >= timedelta(days=policy.cooldown_days)


@given(data=st.data(), policy=policies, more=st.floats(0, 1), longer=st.integers(0, 30))
def test_a_more_patient_policy_never_retrains_where_the_other_waits(
    data, policy, more, longer, make_signals
):
    found = data.draw(histories(make_signals))
    patient = policy.model_copy(
        update={
            "policy": policy.policy.model_copy(
                update={"loss_increase": policy.policy.loss_increase + more}
            ),
            "cooldown_days": policy.cooldown_days + longer,
        }
    )

    if decide(policy, found).kind == "wait":
        assert decide(patient, found).kind == "wait"


def test_a_year_of_failing_weeks_asks_once_per_cooldown(make_signals):
    policy = POLICY.model_copy(update={"cooldown_days": 20})
    last, asked = None, []
    for number in range(30):
        weeks = [make_signals(at, BAD) for at in range(number + 1)]
        found = history(*weeks, at=after(number + 1), last_attempt=last)
        if decide(policy, found).kind == "retrain":
            asked.append(number)
            last = Attempt(at=found.now, window=weeks[-1].window, outcome="reject")

    assert asked == list(range(0, 30, 3))
