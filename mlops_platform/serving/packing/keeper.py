"""Keeper: ends a server when the process that started it is gone, however that ended.

A program of its own, which reads a pipe that only its parent writes to. The kernel closes it where
the parent is killed with -9. A parent-death signal will not do: it is sent when the *thread* ends
that started the child, and BentoML's supervisor does not hand it on to its workers.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from mlops_platform.serving.packing.processes import MARK, kill_marked

DONE: Final = b"done"
GRACE_SECONDS: Final = 1
KILL_SECONDS: Final = 15


@contextmanager
def kept(mark: dict[str, str]) -> Iterator[None]:
    """Have the server of a mark end with this process at the latest.

    What this process forks without starting another program counts as this process.
    """
    keeper = subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", __name__, mark[MARK]],
        stdin=subprocess.PIPE,
        # Else it would keep the pipes of a caller open that reads our output to its end.
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        keeper.communicate(DONE)


def main(mark: str) -> None:
    """Wait for the end of the parent, or for its word that it has ended the server itself."""
    if sys.stdin.buffer.read() == DONE:
        return
    # The server may be about to become one: until then it has the environment of its parent.
    time.sleep(GRACE_SECONDS)
    kill_marked({MARK: mark}, GRACE_SECONDS, KILL_SECONDS)


if __name__ == "__main__":
    main(sys.argv[1])
