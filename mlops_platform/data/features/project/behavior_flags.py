"""Where dbt's behaviour flags come from, without a walk through the whole call stack.

In every call dbt asks `inspect.stack` twice which module declares a flag: that reads the source of
each frame and looks through all modules for it, 0.14 CPU seconds, where two frames tell. This
isolates `BehaviorFlagRendered._default_source`, and its test compares both answers.
"""

from __future__ import annotations

import inspect
from functools import cache
from typing import Final

_ASKS: Final = "dbt_common.behavior_flags"


@cache
def name_flags_by_two_frames() -> None:
    """Let dbt find the source of its flags so, in this process."""
    from dbt_common.behavior_flags import BehaviorFlagRendered

    BehaviorFlagRendered._default_source = staticmethod(_declaring_module)  # type: ignore[method-assign]


def _declaring_module() -> str:
    """The first module above the one that asks."""
    frame = inspect.currentframe()
    while frame is not None and frame.f_globals["__name__"] in (__name__, _ASKS):
        frame = frame.f_back
    return "Unknown" if frame is None else str(frame.f_globals["__name__"])
