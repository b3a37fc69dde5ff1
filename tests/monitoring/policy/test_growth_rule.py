from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mlops_platform.monitoring.policy.decide import decide
from mlops_platform.monitoring.policy.growth_rule import data_growth_result
from mlops_platform.monitoring.policy.history import Attempt, History
from mlops_platform.spec import DataGrowthRule, RetrainingSpec

TRAINED = datetime(2013, 4, 1, tzinfo=UTC)


@pytest.fixture
def history() -> Callable[..., History]:
    def build(**changes: Any) -> History:
        facts: dict[str, Any] = {
            "now": TRAINED + timedelta(weeks=6),
            "champion_version": 1,
            "released_at": TRAINED,
            "windows": (),
            "retrainings": (Attempt(at=TRAINED, window=None, outcome="promote"),),
            "new_rows": 1500,
            "trained_rows": 10_000,
        }
        return History.model_validate(facts | changes)

    return build


def test_equal_shares_and_not_equal_numbers_of_rows_ask_for_a_training(
    history: Callable[..., History],
) -> None:
    rule = DataGrowthRule(share=0.15)
    assert data_growth_result(rule, history()).fires
    assert not data_growth_result(rule, history(trained_rows=20_000)).fires


def test_without_a_count_of_rows_it_waits(history: Callable[..., History]) -> None:
    assert not data_growth_result(DataGrowthRule(), history(trained_rows=None)).fires


def test_it_is_a_rule_of_the_governor(history: Callable[..., History]) -> None:
    policy = RetrainingSpec.model_validate({"policy": {"rule": "data_growth", "share": 0.1}})
    decision = decide(policy, history())
    assert (decision.kind, decision.trigger) == ("retrain", "data_growth")
    assert RetrainingSpec.model_validate({"policy": "data_growth"}).policy == DataGrowthRule()
