"""Ctrl-C is heard, whatever a library makes of the exception that it raises."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
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
    sys.unraisablehook = _send_again
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
        sys.unraisablehook = hook
        signal.set_wakeup_fd(before)
        os.close(read)
        os.close(write)


def _came(read: int) -> bool:
    try:
        return signal.SIGINT in os.read(read, 4096)
    except BlockingIOError:
        return False


def _send_again(lost: Any) -> None:
    """Of what a destructor raises, an interrupt is not for the console but for who waits for it."""
    if issubclass(lost.exc_type, Exception):
        sys.__unraisablehook__(lost)
    else:
        threading.Timer(AGAIN_SECONDS, os.kill, (os.getpid(), signal.SIGINT)).start()
