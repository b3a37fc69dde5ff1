"""Sends to several channels at once: one that hangs does not hold up the others."""

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Final

from mlops_platform.errors import MlopsError, NotificationError

MOST_SECONDS: Final = 15.0
"""A sensor has a minute for its tick."""

logger = logging.getLogger("mlops_platform.alerts")


def deliver(sending: Mapping[str, Callable[[], None]], seconds: float = MOST_SECONDS) -> list[str]:
    """Send what is to be sent to each channel; failures are logged, not raised.

    What takes longer counts as failed, though it may still arrive: then it arrives twice.

    Returns:
        Names of the channels that took it.
    """
    if not sending:
        return []
    pool = ThreadPoolExecutor(max_workers=len(sending), thread_name_prefix="alerts")
    futures = {name: pool.submit(send) for name, send in sending.items()}
    wait(futures.values(), timeout=seconds)
    pool.shutdown(wait=False, cancel_futures=True)
    return [name for name, future in futures.items() if _arrived(name, future)]


def _arrived(channel: str, future: Future[None]) -> bool:
    problem = future.exception() if future.done() else NotificationError("it takes too long")
    if problem is None:
        return True
    # Of a foreign error only the kind is told: its text may hold a URL, which may be a secret.
    text = str(problem) if isinstance(problem, MlopsError) else type(problem).__name__
    logger.error("channel %s: %s. The next tick tries again.", channel, text)
    return False
