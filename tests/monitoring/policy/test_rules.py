"""Every rule by itself, and what combining them means."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_platform.monitoring.policy.history import Attempt, History
from mlops_platform.monitoring.policy.rule_result import RuleResult
from mlops_platform.monitoring.policy.rules import evaluate_policy
from mlops_platform.spec import (
    AllRule,
    AnyRule,
    ChangePointRule,
    DataVolumeRule,
    DriftRule,
    EstimatedPerformanceRule,
    NeverRule,
    PerformanceRule,
    PolicySpec,
    ScheduleRule,
)
from mlops_platform.spec.retraining.policy import single_rules

RELEASED = datetime(2013, 4, 1, 4, tzinfo=UTC)


def found(rule: PolicySpec, *windows, **history) -> RuleResult:
    plain = {
        "now": RELEASED + timedelta(weeks=8),
        "champion_version": 1,
        "released_at": RELEASED,
        "windows": windows,
    }
    return evaluate_policy(rule, History.model_validate(plain | history))


def weeks(make_signals, field: str, *values):
    return [make_signals(at, **{field: value}) for at, value in enumerate(values)]


def test_drift_fires_when_it_persists(make_signals):
    alarms = weeks(make_signals, "drift_alarm", True, True)
    assert found(DriftRule(windows=2), *alarms).fires
    waiting = found(DriftRule(windows=3), *alarms)
    assert not waiting.fires
    assert waiting.sentence.endswith("failing window 2 in a row; the rule waits for 3.")


def test_a_quiet_window_ends_the_row_and_one_without_a_verdict_does_not(make_signals):
    assert not found(DriftRule(), *weeks(make_signals, "drift_alarm", True, False, True)).fires
    unjudged = found(DriftRule(), *weeks(make_signals, "drift_alarm", True, None, True, None))
    assert unjudged.fires
    assert unjudged.episode == ("2013-04-01", "2013-04-15")


def test_what_needs_no_labels_does_not_wait_for_them(make_signals):
    early = {"mature": False, "labelled": 0, "loss": None}
    hardness = {"estimated_baseline_loss": 0.6}
    drifted = [make_signals(at, drift_alarm=True, **early) for at in range(2)]
    estimated = [make_signals(at, estimated_loss=0.55, **hardness, **early) for at in range(2)]
    assert found(DriftRule(), *drifted).fires
    assert found(EstimatedPerformanceRule(), *estimated).fires
    assert not found(PerformanceRule(), *drifted).fires


def test_the_estimate_is_held_against_what_the_test_promises_for_rows_as_hard(make_signals):
    windows = [
        make_signals(at, estimated_loss=estimated, estimated_baseline_loss=baseline)
        for at, (estimated, baseline) in enumerate([(0.60, 0.72), (0.53, 0.60)])
    ]
    result = found(EstimatedPerformanceRule(loss_increase=0.02, windows=1), *windows)
    assert result.fires
    assert "log loss 0.5300, +0.0300 against what its test promises" in result.sentence
    assert result.evidence["estimated_increase"] == pytest.approx(0.03)
    fine = found(EstimatedPerformanceRule(loss_increase=0.04), *windows)
    assert not fine.fires
    assert "is fine" in fine.sentence


def test_a_change_counts_until_the_next_champion(make_signals):
    changed = weeks(make_signals, "change_point", False, True, True)
    result = found(ChangePointRule(), *changed)
    assert result.fires
    assert "changed, as far as window 2013-04-15 shows" in result.sentence
    assert result.episode == ("2013-04-08", "2013-04-15")
    assert not found(ChangePointRule(), *changed, champion_version=2).fires


def test_several_bad_windows_may_be_asked_for(make_signals):
    rule = PerformanceRule(windows=2)
    assert not found(rule, make_signals(0, 0.5), make_signals(1, 0.7)).fires
    assert found(rule, make_signals(0, 0.7), make_signals(1, 0.7)).fires


@pytest.mark.parametrize(("rows", "fires"), [(None, False), (99, False), (100, True)])
def test_data_volume_counts_new_labels(rows, fires):
    result = found(DataVolumeRule(rows=100), new_rows=rows)
    assert result.fires is fires
    assert result.evidence.get("new_rows") == rows


def test_the_sentence_of_data_volume_stays_while_it_waits():
    few, more = (found(DataVolumeRule(rows=100), new_rows=rows) for rows in (10, 50))
    assert few.sentence == more.sentence


@pytest.mark.parametrize(("weeks_later", "fires"), [(3.9, False), (4, True)])
def test_a_schedule_of_days_counts_from_the_last_training(weeks_later, fires):
    last = Attempt(at=RELEASED + timedelta(weeks=1), window=None, outcome="reject")
    declined = Attempt(at=RELEASED + timedelta(weeks=3), window=None, outcome="declined")
    now = last.at + timedelta(weeks=weeks_later)
    rule = ScheduleRule(every_days=28)
    assert found(rule, now=now, retrainings=(last, declined)).fires is fires
    assert found(rule, now=RELEASED + timedelta(weeks=weeks_later)).fires is fires


def test_a_cron_fires_only_at_its_own_moments():
    rule = ScheduleRule(cron="0 6 1 * *")
    assert not found(rule).fires
    assert not found(rule, ticked={"0 7 * * *"}).fires
    assert found(rule, ticked={"0 6 1 * *"}).fires


def test_never_never_fires():
    assert not found(NeverRule()).fires


def test_a_combination_tells_the_parts_that_decide(make_signals):
    windows = [make_signals(0, 0.7, drift_alarm=False), make_signals(1, 0.7, drift_alarm=False)]
    either = found(AnyRule(any=(PerformanceRule(), DriftRule())), *windows)
    assert either.fires
    assert either.window == "2013-04-08"
    assert "silent" not in either.sentence
    both = found(AllRule(all=(PerformanceRule(), DriftRule())), *windows)
    assert not both.fires
    assert both.sentence == "The drift alarm of window 2013-04-08 was silent."
    assert [(one.rule, one.fires) for one in both.leaves()] == [
        ("performance", True),
        ("drift", False),
    ]


singles = st.sampled_from([NeverRule(), DriftRule(windows=1), DataVolumeRule(rows=5)])
policies = st.recursive(
    singles,
    lambda inner: st.lists(inner, min_size=1, max_size=3).flatmap(
        lambda parts: st.sampled_from([AnyRule(any=tuple(parts)), AllRule(all=tuple(parts))])
    ),
)


def means(policy: PolicySpec, truth: dict[str, bool]) -> bool:
    if isinstance(policy, AnyRule):
        return any(means(one, truth) for one in policy.any)
    if isinstance(policy, AllRule):
        return all(means(one, truth) for one in policy.all)
    return truth[policy.rule]


@given(policy=policies, drifted=st.booleans(), rows=st.integers(0, 9))
def test_combinations_mean_what_logic_says(policy, drifted, rows, make_signals):
    truth = {"never": False, "drift": drifted, "data_volume": rows >= 5}
    result = found(policy, make_signals(0, drift_alarm=drifted), new_rows=rows)
    assert result.fires is means(policy, truth)
    assert result.sentence
    assert len([*result.leaves()]) == len(single_rules(policy))
