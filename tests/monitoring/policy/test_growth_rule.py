from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mlops_platform.monitoring.policy.decide import decide
from mlops_platform.monitoring.policy.growth_rule import data_growth_finding
from mlops_platform.monitoring.policy.history import Attempt, History
from mlops_platform.monitoring.policy.signals import WindowSignals
from mlops_platform.spec import DataGrowthRule, RetrainingSpec

TRAINED = datetime(2013, 4, 1, tzinfo=UTC)


def week(number: int, log_loss: float | None, **changes: Any) -> WindowSignals:
    start = TRAINED.date() + timedelta(weeks=number)
    figures: dict[str, Any] = {
        "window": f"{start}",
        "start": start,
        "end": start + timedelta(weeks=1),
        "version": 1,
        "release": 1,
        "rows": 1000,
        "labelled": 1000,
        "mature": True,
        "log_loss": log_loss,
        "expected_log_loss": 0.5,
        "base_rate_log_loss": 0.6,
    }
    return WindowSignals.model_validate(figures | changes)


@pytest.fixture
def history() -> Callable[..., History]:
    def build(*windows: WindowSignals, **changes: Any) -> History:
        facts: dict[str, Any] = {
            "now": TRAINED + timedelta(weeks=6),
            "champion_version": 1,
            "released_at": TRAINED,
            "windows": windows,
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
    assert data_growth_finding(rule, history()).fires
    assert not data_growth_finding(rule, history(trained_rows=20_000)).fires


def test_rows_that_were_predicted_worse_than_promised_count_for_more(
    history: Callable[..., History],
) -> None:
    rule = DataGrowthRule(share=0.2, surprise=2)
    calm, rough = history(week(0, 0.5)), history(week(0, 0.5), week(1, 0.7))
    assert not data_growth_finding(rule, calm).fires
    found = data_growth_finding(rule, rough)
    assert found.fires
    assert found.window == "2013-04-08"
    # Half of the rows count once, half (0.7 / 0.5) squared.
    assert found.evidence["surprise"] == pytest.approx((1 + 1.4**2) / 2)


def test_surprise_zero_counts_all_rows_alike(history: Callable[..., History]) -> None:
    found = data_growth_finding(DataGrowthRule(surprise=0), history(week(0, 0.9)))
    assert found.evidence["growth"] == pytest.approx(0.15)


def test_windows_of_before_the_last_training_or_without_labels_surprise_nobody(
    history: Callable[..., History],
) -> None:
    attempts = (Attempt(at=TRAINED + timedelta(weeks=2), window=None, outcome="reject"),)
    known = history(week(0, 0.9), week(3, None), retrainings=attempts)
    assert data_growth_finding(DataGrowthRule(), known).evidence["surprise"] == 1.0


def test_without_a_count_of_rows_it_waits(history: Callable[..., History]) -> None:
    assert not data_growth_finding(DataGrowthRule(), history(trained_rows=None)).fires


def test_it_is_a_rule_of_the_governor(history: Callable[..., History]) -> None:
    policy = RetrainingSpec.model_validate({"policy": {"rule": "data_growth", "share": 0.1}})
    decision = decide(policy, history(week(0, 0.5)))
    assert (decision.kind, decision.trigger) == ("retrain", "data_growth")
    assert RetrainingSpec.model_validate({"policy": "data_growth"}).policy == DataGrowthRule()
