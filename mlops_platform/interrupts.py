"""Ctrl-C is heard, whatever a library makes of the exception that it raises."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

AGAIN_SECONDS = 0.1


@contextmanager
def heeded_interrupts() -> Iterator[None]:
    """Let what runs end with `KeyboardInterrupt` if Ctrl-C came, however it ends.

    Dagster makes a failure of it, dbt a result and DuckDB a `RuntimeError`, so the signal itself is
    watched; where it strikes in a destructor it is lost, and is sent again. In another thread than
    the main one nothing is watched.

    Raises:
        KeyboardInterrupt: Ctrl-C came.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    read, write = os.pipe()
    os.set_blocking(read, False)
    os.set_blocking(write, False)
    before, hook = signal.set_wakeup_fd(write, warn_on_full_buffer=False), sys.unraisablehook
    again: list[threading.Timer] = []
    sys.unraisablehook = partial(_send_again, again)
    try:
        yield
    except BaseException as error:
        if _came(read):
            raise KeyboardInterrupt from error
        raise
    else:
        if _came(read):
            raise KeyboardInterrupt
    finally:
        for timer in again:
            timer.cancel()
        sys.unraisablehook = hook
        signal.set_wakeup_fd(before)
        os.close(read)
        os.close(write)


def _came(read: int) -> bool:
    """Whether Ctrl-C is among the signals that came since the last look."""
    signals = b""
    with suppress(BlockingIOError):
        while True:
            signals += os.read(read, 4096)
    return signal.SIGINT in signals


def _send_again(again: list[threading.Timer], lost: Any) -> None:
    """Of what a destructor raises, an interrupt is not for the console but for who waits for it."""
    if not _is_interrupt(lost.exc_type):
        sys.__unraisablehook__(lost)
        return
    timer = threading.Timer(AGAIN_SECONDS, os.kill, (os.getpid(), signal.SIGINT))
    timer.daemon = True
    again.append(timer)
    timer.start()


def _is_interrupt(kind: type[BaseException]) -> bool:
    """Python's own, or what Dagster makes of it while a step runs."""
    return issubclass(kind, KeyboardInterrupt) or "Interrupted" in kind.__name__
