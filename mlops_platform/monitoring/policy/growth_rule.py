"""Retrain when there is enough more to learn from than the last training had."""

from mlops_platform.monitoring.policy.history import History
from mlops_platform.monitoring.policy.rule_result import RuleResult
from mlops_platform.spec import DataGrowthRule


def data_growth_result(rule: DataGrowthRule, history: History) -> RuleResult:
    """Whether the rows that became known are a large enough share of those trained on.

    What a model could still learn falls about as a power of its rows (Hestness et al. 2017): equal
    *ratios* of rows, not equal numbers, promise equal relative gains. So it retrains often while
    there is little data, and seldom later.
    """
    if history.new_rows is None or not history.trained_rows:
        sentence = "It is not known how many labelled rows the last training had."
        return RuleResult(rule="data_growth", fires=False, sentence=sentence)
    growth = history.new_rows / history.trained_rows
    fires = growth >= rule.share
    # Without the number, which would make every tick's sentence a new one.
    sentence = (
        f"The labels that have become known since the last training are "
        f"{'at least' if fires else 'less than'} {rule.share:.0%} of its rows."
    )
    return RuleResult(
        rule="data_growth",
        fires=fires,
        sentence=sentence,
        evidence={
            "growth": growth,
            "growth_limit": rule.share,
            "new_rows": history.new_rows,
            "trained_rows": history.trained_rows,
        },
    )
