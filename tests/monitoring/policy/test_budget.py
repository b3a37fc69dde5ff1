"""What a budget refuses, and until when."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mlops_platform.monitoring.policy.budget import budget_spent
from mlops_platform.monitoring.policy.history import Attempt, History
from mlops_platform.spec import BudgetSpec

NOW = datetime(2013, 6, 3, 4, tzinfo=UTC)


def trained(*days_ago: float, cpu_seconds: float | None = 100.0, outcome: str = "reject"):
    return tuple(
        Attempt.model_validate(
            {
                "at": NOW - timedelta(days=days),
                "window": None,
                "outcome": outcome,
                "cpu_seconds": cpu_seconds,
            }
        )
        for days in days_ago
    )


def spent(budget: BudgetSpec, attempts, now: datetime = NOW) -> str | None:
    plain = {"now": now, "champion_version": 1, "released_at": None, "windows": ()}
    return budget_spent(budget, History.model_validate(plain | {"retrainings": attempts}))


def test_trainings_of_the_period_count_and_older_ones_do_not():
    budget = BudgetSpec(retrainings=2, days=28)
    assert spent(budget, trained(60, 30, 28, 3)) is None
    refused = spent(budget, trained(20, 3))
    assert refused == (
        "The budget of 28 days is spent: 2 of 2 retrainings; the next is possible on 2013-06-11."
    )


def test_where_more_were_made_than_allowed_enough_of_them_must_leave():
    refused = spent(BudgetSpec(retrainings=2, days=28), trained(20, 10, 3))
    assert refused is not None
    assert refused.endswith("possible on 2013-06-21.")


def test_a_declined_suggestion_costs_nothing():
    assert spent(BudgetSpec(retrainings=1), trained(3, outcome="declined")) is None


def test_cpu_seconds_are_kept_back_for_the_next_training():
    budget = BudgetSpec(cpu_seconds=250, days=28)
    assert spent(budget, trained(3)) is None
    refused = spent(budget, trained(20, 3))
    assert refused is not None
    assert "200 of 250 CPU-seconds, and the last training took 100" in refused
    assert refused.endswith("possible on 2013-06-11.")


def test_a_budget_below_one_training_says_what_to_raise():
    refused = spent(BudgetSpec(cpu_seconds=90), trained(60))
    assert refused is not None
    assert refused.endswith("raise `budget.cpu_seconds`.")


def test_what_was_never_measured_is_not_charged():
    assert spent(BudgetSpec(cpu_seconds=1), trained(3, cpu_seconds=None)) is None


costs = st.lists(
    st.tuples(st.integers(0, 60), st.floats(1, 500)), max_size=6, unique_by=lambda one: one[0]
)


@given(
    made=costs,
    retrainings=st.none() | st.integers(1, 4),
    cpu_seconds=st.floats(1, 1000),
    days=st.integers(1, 40),
)
def test_what_a_budget_lets_through_stays_within_it(made, retrainings, cpu_seconds, days):
    budget = BudgetSpec(retrainings=retrainings, cpu_seconds=cpu_seconds, days=days)
    ordered = sorted(made, reverse=True)
    attempts = tuple(trained(ago, cpu_seconds=cost)[0] for ago, cost in ordered)
    inside = [cost for ago, cost in ordered if ago < days]
    next_one = ordered[-1][1] if ordered else 0.0
    fits = (retrainings is None or len(inside) < retrainings) and (
        not ordered or sum(inside) + next_one <= cpu_seconds
    )
    assert (spent(budget, attempts) is None) is fits
