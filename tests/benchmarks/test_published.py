"""The published strategies know no more than the policies that they are compared with."""

import numpy as np
import pytest

from benchmarks.policy.published import Strategy, online
from mlops_platform.monitoring.policy.backtest.walk import Standing, walk
from tests.monitoring.policy.backtest.conftest import past_with


@pytest.mark.parametrize("strategy", ["base", "learned"])
def test_no_strategy_changes_its_mind_over_what_was_not_known_yet(strategy: Strategy) -> None:
    losses = 0.5 + 0.1 * np.random.default_rng(0).random((6, 6))
    past, changed, at = past_with(losses), past_with(losses), 3
    later = past.known_at > past.fits[at].as_of.timestamp()
    for sums in changed.sums.values():
        sums[:, later] = 1e6
        sums[at:] = 1e6
    asked, again = (
        online(strategy, 0.01)(Standing(one, at, (0,) * at, ())) for one in (past, changed)
    )
    assert asked == again


def test_the_base_strategy_keeps_a_model_that_no_fit_betters() -> None:
    assert walk(past_with(np.full((8, 8), 0.5)), online("base", 0.01)).attempts == ()


def test_the_base_strategy_retrains_in_the_period_that_paid() -> None:
    ages = np.arange(12)[None, :] - np.arange(12)[:, None]
    walked = walk(past_with(0.5 + 0.05 * np.maximum(ages, 0)), online("base", 0.01))
    assert [one.fit for one in walked.attempts] == [2, 4, 6, 8, 10]
