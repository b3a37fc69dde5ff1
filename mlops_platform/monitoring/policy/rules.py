"""What a policy finds: every rule is a function of its section and the history."""

from datetime import timedelta
from typing import Literal

from mlops_platform.monitoring.policy.growth_rule import data_growth_result
from mlops_platform.monitoring.policy.history import History
from mlops_platform.monitoring.policy.rule_result import RuleResult
from mlops_platform.monitoring.policy.window_rules import (
    change_point_result,
    drift_result,
    estimated_performance_result,
    performance_result,
)
from mlops_platform.spec import (
    AllRule,
    AnyRule,
    ChangePointRule,
    DataGrowthRule,
    DataVolumeRule,
    DriftRule,
    EstimatedPerformanceRule,
    NeverRule,
    PerformanceRule,
    PolicySpec,
    ScheduleRule,
)


def evaluate_policy(policy: PolicySpec, history: History) -> RuleResult:
    """What a policy finds, with the result of every rule that it combines."""
    match policy:
        case NeverRule():
            return _never_result()
        case ScheduleRule():
            return _schedule_result(policy, history)
        case DataVolumeRule():
            return _data_volume_result(policy, history)
        case DataGrowthRule():
            return data_growth_result(policy, history)
        case DriftRule():
            return drift_result(policy, history)
        case EstimatedPerformanceRule():
            return estimated_performance_result(policy, history)
        case PerformanceRule():
            return performance_result(policy, history)
        case ChangePointRule():
            return change_point_result(history)
        case AnyRule():
            return _combined("any", tuple(evaluate_policy(rule, history) for rule in policy.any))
        case AllRule():
            return _combined("all", tuple(evaluate_policy(rule, history) for rule in policy.all))


def _never_result() -> RuleResult:
    sentence = "The policy is `never`: only a person asks for a retraining."
    return RuleResult(rule="never", fires=False, sentence=sentence)


def _schedule_result(rule: ScheduleRule, history: History) -> RuleResult:
    if rule.every_days is None:
        fires = rule.cron in history.ticked
        sentence = f"It is {'' if fires else 'not '}time: `{rule.cron}`."
        return RuleResult(rule="schedule", fires=fires, sentence=sentence)
    last = history.last_training
    since = last.at if last else history.released_at
    if since is None:
        return RuleResult(rule="schedule", fires=False, sentence="There was no training yet.")
    due_at = since + timedelta(days=rule.every_days)
    fires = history.now >= due_at
    sentence = (
        f"It is {'' if fires else 'not '}time: the last training was on {since:%Y-%m-%d}, and the "
        f"next is due {rule.every_days} days later, on {due_at:%Y-%m-%d}."
    )
    return RuleResult(rule="schedule", fires=fires, sentence=sentence)


def _data_volume_result(rule: DataVolumeRule, history: History) -> RuleResult:
    fires = history.new_rows is not None and history.new_rows >= rule.rows
    # Without the number, which would make every tick's sentence a new one.
    sentence = (
        f"{rule.rows:,} labels or more have become known since the last training."
        if fires
        else f"Fewer than {rule.rows:,} labels have become known since the last training."
    )
    evidence = {"new_rows_limit": rule.rows} | (
        {} if history.new_rows is None else {"new_rows": history.new_rows}
    )
    return RuleResult(rule="data_volume", fires=fires, sentence=sentence, evidence=evidence)


def _combined(how: Literal["any", "all"], parts: tuple[RuleResult, ...]) -> RuleResult:
    """Tells the parts that decide: those that fire, or those that keep it from firing."""
    fires = any(part.fires for part in parts) if how == "any" else all(part.fires for part in parts)
    decisive = [part for part in parts if part.fires == fires]
    episode = {window for part in decisive for window in part.episode}
    return RuleResult(
        rule=how,
        fires=fires,
        sentence=" ".join(part.sentence for part in decisive),
        window=max((part.window for part in decisive if part.window), default=None),
        episode=tuple(sorted(episode)),
        parts=parts,
    )
