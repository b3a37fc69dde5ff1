"""What retraining may cost in a period, and what of it is spent."""

from datetime import datetime, timedelta

from mlops_platform.monitoring.policy.history import Attempt, History
from mlops_platform.spec import BudgetSpec


def budget_spent(budget: BudgetSpec, history: History) -> str | None:
    """Why another retraining would exceed the budget, None where it would not.

    The next training is taken to cost as many CPU-seconds as the last one that was measured.
    """
    period = timedelta(days=budget.days)
    paid = [
        attempt
        for attempt in history.retrainings
        if attempt.outcome != "declined" and attempt.at > history.now - period
    ]
    if budget.retrainings is not None and len(paid) >= budget.retrainings:
        # The one whose leaving of the period brings the number below the limit.
        freeing = paid[len(paid) - budget.retrainings]
        return _in_words(budget, f"{len(paid)} of {budget.retrainings} retrainings", freeing.at)
    if budget.cpu_seconds is not None:
        return _cpu_spent(budget, budget.cpu_seconds, paid, history)
    return None


def _cpu_spent(
    budget: BudgetSpec, limit: float, paid: list[Attempt], history: History
) -> str | None:
    costs = [
        attempt.cpu_seconds for attempt in history.retrainings if attempt.cpu_seconds is not None
    ]
    if not costs:
        return None
    next_one = costs[-1]
    spent = sum(attempt.cpu_seconds or 0.0 for attempt in paid)
    if spent + next_one <= limit:
        return None
    used = f"{spent:,.0f} of {limit:,.0f} CPU-seconds, and the last training took {next_one:,.0f}"
    return _in_words(budget, used, _affordable_from(paid, spent + next_one - limit))


def _affordable_from(paid: list[Attempt], excess: float) -> datetime | None:
    """The attempt with whose leaving of the period enough is free; None where none suffices."""
    for attempt in paid:
        excess -= attempt.cpu_seconds or 0.0
        if excess <= 0:
            return attempt.at
    return None


def _in_words(budget: BudgetSpec, used: str, freed_by: datetime | None) -> str:
    until = (
        "a single one is more than the budget allows: raise `budget.cpu_seconds`"
        if freed_by is None
        else f"the next is possible on {freed_by + timedelta(days=budget.days):%Y-%m-%d}"
    )
    return f"The budget of {budget.days} days is spent: {used}; {until}."
