from collections.abc import Callable

import numpy as np

from mlops_platform.monitoring.policy.backtest.deciders import cusum, planned
from mlops_platform.monitoring.policy.backtest.past import Past
from mlops_platform.monitoring.policy.backtest.walk import Standing, walk

MakePast = Callable[..., Past]


def test_a_fit_serves_from_the_window_after_its_decision_on(make_past: MakePast) -> None:
    walked = walk(make_past(np.full((5, 5), 0.5)), planned((2, 4)))
    assert walked.serving == (0, 0, 2, 2, 4)
    assert [(one.fit, one.promoted) for one in walked.attempts] == [(2, True), (4, True)]


def test_what_the_gate_turns_down_never_serves_and_was_still_made(make_past: MakePast) -> None:
    asked: list[tuple[int, int]] = []

    def gate(fit: int, champion: int) -> bool:
        asked.append((fit, champion))
        return fit == 3

    walked = walk(make_past(np.full((5, 5), 0.5)), planned((1, 3, 4)), gate)
    assert walked.serving == (0, 0, 0, 3, 3)
    assert [one.promoted for one in walked.attempts] == [False, True, False]
    assert asked == [(1, 0), (3, 0), (4, 3)]


def test_no_decider_changes_its_mind_over_what_was_not_known_yet(make_past: MakePast) -> None:
    random = np.random.default_rng(0)
    losses = 0.5 + 0.1 * random.random((6, 6))
    past, at = make_past(losses), 3
    later = past.known_at > past.fits[at].as_of.timestamp()
    changed = make_past(losses)
    for sums in changed.sums.values():
        sums[:, later] = 1e6
        sums[at:] = 1e6
    asked, again = (cusum(0.01, 0.2)(Standing(one, at, (0,) * at, ())) for one in (past, changed))
    assert asked == again


def test_a_cusum_counts_only_what_exceeds_the_test_by_more_than_the_allowance(
    make_past: MakePast,
) -> None:
    past = make_past(np.full((6, 6), 0.53))
    # Each of 7 at - 1 known days adds 0.53 - 0.50 - 0.01.
    assert walk(past, cusum(0.01, 0.25)).attempts[0].fit == 2
    assert walk(past, cusum(0.03, 0.25)).attempts == ()


def test_a_later_first_champion_has_the_later_part_of_the_same_past(make_past: MakePast) -> None:
    losses = 0.5 + 0.1 * np.random.default_rng(1).random((6, 6))
    whole, later = make_past(losses), make_past(losses).since(2)
    assert [window.name for window in later.windows] == [
        window.name for window in whole.windows[2:]
    ]
    np.testing.assert_array_equal(later.by_window("loss"), whole.by_window("loss")[2:, 2:])
    assert walk(later, planned((1,))).serving == (0, 1, 1, 1)
