"""Retrain when there is enough more to learn from: new rows, counted by how surprising they are."""

from mlops_platform.monitoring.policy.finding import Finding
from mlops_platform.monitoring.policy.history import History
from mlops_platform.monitoring.policy.signals import WindowSignals
from mlops_platform.spec import DataGrowthRule


def data_growth_finding(rule: DataGrowthRule, history: History) -> Finding:
    """Whether the rows that became known are a large enough share of those trained on.

    The loss of a model falls as a power of its rows, so that equal *ratios* of rows, not equal
    numbers, promise equal gains: often while there is little data, seldom later. A row counts the
    more, the worse its window was predicted against what was promised: there the champion has
    something to learn.
    """
    if history.new_rows is None or not history.trained_rows:
        sentence = "It is not known how many labelled rows the last training had."
        return Finding(rule="data_growth", fires=False, sentence=sentence)
    weight = _surprise(rule.surprise, history)
    growth = weight * history.new_rows / history.trained_rows
    fires = growth >= rule.share
    sentence = (
        f"Since the last training, new labels, counted by how badly they were predicted, "
        f"{'exceed' if fires else 'are less than'} {rule.share:.0%} of its rows."
    )
    judged = _judged(history)
    return Finding(
        rule="data_growth",
        fires=fires,
        sentence=sentence,
        window=judged[-1].window if judged and fires else None,
        evidence={
            "growth": growth,
            "growth_limit": rule.share,
            "surprise": weight,
            "new_rows": history.new_rows,
            "trained_rows": history.trained_rows,
        },
    )


def _surprise(power: float, history: History) -> float:
    """Mean of (log loss / what the test promises)^power over the rows since the last training."""
    weights = [(one.labelled, _ratio(one) ** power) for one in _judged(history)]
    rows = sum(labelled for labelled, _ in weights)
    return sum(labelled * weight for labelled, weight in weights) / rows if rows else 1.0


def _judged(history: History) -> list[WindowSignals]:
    """Windows of the champion since the last training, provisional ones with what is known."""
    last = history.last_training
    return [
        one
        for one in history.own_windows()
        if (last is None or one.end > last.at.date()) and one.log_loss and one.expected_log_loss
    ]


def _ratio(window: WindowSignals) -> float:
    return (window.log_loss or 1.0) / (window.expected_log_loss or 1.0)
