"""History: all that a policy may know when it decides."""

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from mlops_platform.monitoring.policy.signals import WindowSignals
from mlops_platform.record import Record


class Attempt(Record):
    """A retraining that came to an end, or that a person declined.

    Args:
        at: when its verdict was given.
        window: the window it rested on; None for one that a person or a schedule asked for.
        outcome: verdict of the gate; `failed` where it never came to one, `declined` where it was
            only suggested.
        cpu_seconds: of its search and fit, None where they are not known.
    """

    at: datetime
    window: str | None
    outcome: Literal["promote", "challenge", "reject", "wait", "failed", "declined"]
    cpu_seconds: float | None = None


class History(Record):
    """All that the policy may know.

    Args:
        windows: of the model, oldest first, whichever version scored them.
        retrainings: attempts, oldest first: those of the budget's period and the last one before.
        new_rows: labelled rows that became known since the training set of the last training that
            got a verdict; None where they were not counted.
        trained_rows: labelled rows that the last training with a verdict could read.
        running: a training of this model runs or is queued.
        data_changed: features or labels changed since the last training that got a verdict.
        frozen: who froze the model and why, None where it is not frozen.
        rollout: the challenger in words, None where there is none.
        suggested: the suggestion that a person has not answered yet in words, None without one.
        ticked: cron schedules of the policy that are due.
    """

    now: datetime
    champion_version: int | None
    released_at: datetime | None
    windows: tuple[WindowSignals, ...]
    retrainings: tuple[Attempt, ...] = ()
    new_rows: int | None = None
    trained_rows: int | None = None
    running: bool = False
    data_changed: bool = True
    frozen: str | None = None
    rollout: str | None = None
    suggested: str | None = None
    ticked: frozenset[str] = frozenset()

    @property
    def last_attempt(self) -> Attempt | None:
        """The newest attempt."""
        return self.retrainings[-1] if self.retrainings else None

    @property
    def last_training(self) -> Attempt | None:
        """The newest attempt that was more than a suggestion."""
        trained = (
            attempt for attempt in reversed(self.retrainings) if attempt.outcome != "declined"
        )
        return next(trained, None)

    def own_windows(self) -> Iterator[WindowSignals]:
        """Windows that the present release served, oldest first.

        One that ended before it tells of another release, even where a roll-back has brought its
        version back: the retraining it asked for has been had.
        """
        for window in self.windows:
            served = self.released_at is None or window.end > self.released_at.date()
            if window.version == self.champion_version and served:
                yield window
