from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from mlops_platform.monitoring.policy.backtest.comparison import ReplayedHistory, compare_policies
from mlops_platform.monitoring.policy.backtest.outcome import PolicyOutcome, resamples_of
from mlops_platform.monitoring.policy.backtest.past import Past
from mlops_platform.monitoring.policy.backtest.picture import benefit_by_fits
from mlops_platform.monitoring.policy.backtest.recommendation import recommend
from mlops_platform.monitoring.policy.backtest.report import csv_of, markdown_of
from mlops_platform.spec import RetrainingSpec
from mlops_platform.spec.retraining.retraining import REFIT

WINDOWS = 8
AGES = np.maximum(np.arange(WINDOWS)[None, :] - np.arange(WINDOWS)[:, None], 0)
POLICIES = {"declared": RetrainingSpec.model_validate({"policy": "never"})}
DECLARED = "declared", None, REFIT
MakePast = Callable[..., Past]


@pytest.fixture(scope="module")
def replay(make_past: MakePast) -> ReplayedHistory:
    """Every fit ages by 0.01 a week; the second seed's by twice as much."""
    pasts = [make_past(0.5 + rate * AGES) for rate in (0.01, 0.02)]
    return ReplayedHistory(None, pasts, [lambda fit, champion: fit - champion >= 3] * 2)


def of(outcomes: tuple[PolicyOutcome, ...], policy: str, *, gated: bool = False) -> PolicyOutcome:
    return next(one for one in outcomes if (one.policy, one.gated) == (policy, gated))


@pytest.fixture(scope="module")
def outcomes(replay: ReplayedHistory) -> tuple[PolicyOutcome, ...]:
    return compare_policies(replay, POLICIES, 7.0, resamples_of(2, WINDOWS, draws=200))


def test_shares_regrets_and_losses_are_those_of_the_table(
    outcomes: tuple[PolicyOutcome, ...],
) -> None:
    never, weekly = of(outcomes, "never"), of(outcomes, "every window")
    assert never.loss.value == pytest.approx(0.5 + 0.015 * 3.5)
    assert weekly.loss.value == pytest.approx(0.5)
    assert never.regret == pytest.approx(0.015 * 3.5)
    four = of(outcomes, "every 4 windows")
    assert four.fits == 1
    # Ages 0 to 3 twice instead of 0 to 7.
    assert four.share_of_weekly.value == pytest.approx(1 - 12 / 28)
    assert four.regret_to_best == pytest.approx(0, abs=1e-12)


def test_intervals_hold_the_value_and_are_those_of_seeds_and_windows(
    outcomes: tuple[PolicyOutcome, ...],
) -> None:
    never = of(outcomes, "never").loss
    assert never.low < never.value < never.high
    # Every seed has the same share: 1 - 12 / 28 of it whatever the rate of ageing.
    weekly = of(outcomes, "every window").share_of_weekly
    assert (weekly.low, weekly.high) == (1, 1)


def test_a_retraining_costs_where_it_is_made_even_if_the_gate_turns_it_down(
    outcomes: tuple[PolicyOutcome, ...],
) -> None:
    gated = of(outcomes, "every window", gated=True)
    assert (gated.fits, gated.releases) == (7, 2)
    wrong = 2 * 70 * np.array(gated.loss_by_window)
    assert np.array(gated.cost_by_window) - wrong == pytest.approx([0] + [7] * 7)
    assert gated.cpu_seconds == 14


def test_a_takeover_costs_in_the_window_in_which_another_fit_begins_to_serve(
    make_past: MakePast,
) -> None:
    plain = make_past(0.5 + 0.01 * AGES)
    # Fit 4 takes over from fit 0 for 24, and from fit 3 for 1.
    takeovers = np.tril(6.0 * (np.arange(WINDOWS)[:, None] - np.arange(WINDOWS)[None, :]), -2) + (
        np.eye(WINDOWS, k=-1)
    )
    played = [
        of(
            compare_policies(
                ReplayedHistory(None, [past], [lambda fit, champion: True]),
                POLICIES,
                7.0,
                resamples_of(1, WINDOWS, draws=10),
            ),
            policy,
        )
        for past in (plain, replace(plain, takeovers=takeovers))
        for policy in ("never", "every 4 windows", "every window")
    ]

    costs = np.array([outcome.cost_by_window for outcome in played]).reshape(2, 3, WINDOWS)

    never, four, weekly = costs[1] - costs[0]
    assert not never.any()
    assert four == pytest.approx([0, 0, 0, 0, 24, 0, 0, 0])
    assert weekly == pytest.approx([0, *[1] * (WINDOWS - 1)])
    assert plain.since(2).takeovers is None
    later = replace(plain, takeovers=takeovers).since(2).takeovers
    assert later is not None
    assert later[2, 1] == takeovers[4, 3]


def test_what_knew_the_future_or_skipped_the_gate_is_never_recommended(
    outcomes: tuple[PolicyOutcome, ...],
) -> None:
    recommended = recommend(outcomes, resamples_of(2, WINDOWS, draws=200), DECLARED)
    gated = [one for one in outcomes if one.gated]
    assert recommended.policy == min(gated, key=lambda one: one.cost.value).policy
    assert "hindsight" not in recommended.policy
    never = of(outcomes, "declared", gated=True)
    best = of(outcomes, recommended.policy, gated=True)
    assert recommended.saving == pytest.approx(never.cost.value - best.cost.value)


def test_the_report_names_the_recommendation_and_every_policy(
    outcomes: tuple[PolicyOutcome, ...],
) -> None:
    recommended = recommend(outcomes, resamples_of(2, WINDOWS, draws=200), DECLARED)
    text = markdown_of(outcomes, recommended)
    assert text.startswith(f"Recommended: **{recommended.policy}** on all history")
    assert all(f"| {one.policy} |" in text for one in outcomes)
    assert len(csv_of(outcomes).splitlines()) == len(outcomes) + 1
    assert benefit_by_fits(outcomes).startswith(b"\x89PNG")


def test_a_gate_that_releases_nothing_recommends_nothing(
    outcomes: tuple[PolicyOutcome, ...],
) -> None:
    never = of(outcomes, "never", gated=True)
    held = {"releases": 0.0, "cost": never.cost, "cost_by_window": never.cost_by_window}
    outcomes = tuple(one.model_copy(update=held) if one.gated else one for one in outcomes)

    recommended = recommend(outcomes, resamples_of(2, WINDOWS, draws=200), DECLARED)

    assert (recommended.policy, recommended.saving) == ("declared", 0.0)
    assert "The gate released no fit of any policy" in markdown_of(outcomes, recommended)
