"""Walks a policy through the past, window by window, with no more than was known then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mlops_platform.monitoring.policy.backtest.past import Past


@dataclass(frozen=True)
class Attempted:
    """A retraining of a walk: `fit` was made, and released or turned down by the gate."""

    fit: int
    promoted: bool


@dataclass(frozen=True)
class Standing:
    """Where a walk stands when the window before `at` has ended.

    Attributes:
        serving: the fit that served each window before `at`.
        attempts: retrainings so far, oldest first.
    """

    past: Past
    at: int
    serving: tuple[int, ...]
    attempts: tuple[Attempted, ...]

    @property
    def champion(self) -> int:
        """The fit that serves."""
        return self.serving[-1]

    @property
    def now(self) -> float:
        """The moment of the decision, in POSIX seconds."""
        return self.past.fits[self.at].as_of.timestamp()


Decider = Callable[[Standing], bool]
"""Whether to retrain; reads nothing of the past that was not known at `Standing.now`."""
Gate = Callable[[int, int], bool]
"""Whether a fit (first) would have replaced the one that serves (second)."""


@dataclass(frozen=True)
class Walk:
    """What a policy did: the fit that served each window, and the retrainings."""

    serving: tuple[int, ...]
    attempts: tuple[Attempted, ...]


def walk(past: Past, decider: Decider, gate: Gate | None = None) -> Walk:
    """Let a policy decide after every window.

    Args:
        gate: judges every fit; without it each one is released.
    """
    serving, attempts = [0], list[Attempted]()
    for at in range(1, len(past.windows)):
        standing = Standing(past, at, tuple(serving), tuple(attempts))
        if decider(standing):
            promoted = gate is None or gate(at, standing.champion)
            attempts.append(Attempted(at, promoted))
        released = bool(attempts) and attempts[-1] == Attempted(at, True)
        serving.append(at if released else standing.champion)
    return Walk(tuple(serving), tuple(attempts))
