"""Plans made without looking: by the calendar; and the best one in hindsight."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Plan = tuple[int, ...]
    """The fits that are made after the first champion, in order."""


def every(windows: int, period: int) -> Plan:
    """A fit after every `period` windows that still has one to serve."""
    return tuple(range(period, windows, period))


def best_plans(losses: NDArray[np.float64], most: int) -> list[Plan]:
    """The plans with the least total loss for 0, 1, ... `most` fits, by dynamic programming.

    `best[fit]` is the least loss from the window on from which `fit` serves, with so many further
    fits to come; one more fit takes over at the window where that pays most.

    Args:
        losses: of each fit on each window, shape (windows, windows).
    """
    import numpy as np

    windows = len(losses)
    after = np.zeros((windows, windows + 1))
    after[:, 1:] = np.cumsum(np.nan_to_num(losses), axis=1)
    best = after[:, -1] - after[np.arange(windows), np.arange(windows)]
    follows: list[NDArray[np.int64]] = []
    plans: list[Plan] = [()]
    for _ in range(min(most, windows - 1)):
        # Loss of `fit` until `follower` takes over, and the best of the follower from there on.
        until = after[:, :-1] - after[np.arange(windows), np.arange(windows)][:, None]
        total = np.where(np.triu(np.ones_like(until), 1) > 0, until + best[None, :], np.inf)
        follower = np.argmin(total, axis=1)
        best = total[np.arange(windows), follower]
        follows.append(follower)
        plans.append(_followed(follows))
    return plans


def _followed(follows: list[NDArray[np.int64]]) -> Plan:
    plan: list[int] = []
    fit = 0
    for follower in reversed(follows):
        fit = int(follower[fit])
        plan.append(fit)
    return tuple(plan)
