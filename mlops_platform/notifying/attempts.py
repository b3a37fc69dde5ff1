"""Another attempt after what may be a passing failure, and soon an end."""

import time
from collections.abc import Callable
from typing import Final

from mlops_platform.errors import NotificationError

TIMEOUT_SECONDS: Final = 5.0
"""Of one connection or answer."""
PAUSES: Final = (0.5, 2.0)
"""Seconds before a further attempt. What still fails is tried again at the next tick."""


class PassingFailure(NotificationError):
    """Worth another attempt."""


def with_attempts(send: Callable[[], None]) -> None:
    """Call `send`, and again after each pause while it fails in passing.

    Raises:
        NotificationError: it failed for good, or as often as it was tried.
    """
    for pause in PAUSES:
        try:
            return send()
        except PassingFailure:
            time.sleep(pause)
    return send()
