"""Which windows a look asks for, so that those whose runs fail keep no other from its turn."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple, Self

from mlops_platform.components.model_lifecycle.automation.memory import Memory

MOST_WINDOWS_AT_ONCE: Final = 8
"""Windows of a model that one look asks for, so that a long outage is caught up in steps."""


class WindowsLook(Memory):
    """What one look at the windows of a model leaves to the next; names are in order of time.

    Args:
        looked_at: by the clock of the model.
        asked_until: the latest window that was ever asked for, and with it all before it.
        again: windows that this look has asked for again, because their runs had come to nothing.
        again_until: the last window that was asked for again: others have their turn before it.
        more: some had never been asked for when this look had asked for as many as it may.
    """

    looked_at: datetime
    asked_until: str | None = None
    again: tuple[str, ...] = ()
    again_until: str | None = None
    more: bool = False

    @property
    def is_open(self) -> bool:
        """Whether the end of what was asked for may be a reason to ask for more."""
        return self.more or bool(self.again)

    @property
    def closed(self) -> Self:
        """The same once nothing is left to ask for until another window has ended."""
        return self.model_copy(update={"again": (), "more": False})


class Turn(NamedTuple):
    """Names of windows that a look asks for, and what it leaves to the next.

    Args:
        new: those that were never asked for.
        again: those whose runs have come to nothing.
    """

    new: tuple[str, ...]
    again: tuple[str, ...]
    look: WindowsLook


def next_turn(before: WindowsLook | None, missing: Sequence[str], now: datetime) -> Turn:
    """Choose among the windows that are not measured: first what was never asked for.

    Args:
        before: None where nobody has looked yet: nothing was asked for.
        missing: oldest first.
    """
    asked_until = (before and before.asked_until) or ""
    again_until = (before and before.again_until) or ""
    never_asked = [name for name in missing if name > asked_until]
    failed = [name for name in missing if name <= asked_until]
    in_turn = [name for name in failed if name > again_until] + [
        name for name in failed if name <= again_until
    ]
    new = tuple(never_asked[:MOST_WINDOWS_AT_ONCE])
    again = tuple(in_turn[: MOST_WINDOWS_AT_ONCE - len(new)])
    look = WindowsLook(
        looked_at=now,
        asked_until=(new[-1] if new else asked_until) or None,
        again=again,
        again_until=(again[-1] if again else again_until) or None,
        more=len(never_asked) > len(new),
    )
    return Turn(new, again, look)


def goes_on(before: WindowsLook, missing: Sequence[str]) -> bool:
    """Whether more is to be asked for at once: some is new, or what failed fails no more."""
    some_succeeded = any(name not in missing for name in before.again)
    return bool(missing) and (before.more or some_succeeded)
