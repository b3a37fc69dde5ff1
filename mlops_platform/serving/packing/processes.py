"""Processes of one server, whoever is their parent now: by a mark in their environment.

BentoML's supervisor starts workers as sessions of their own. They are out of reach of a signal to
its group, outlive it when it is killed, and one that it starts in the moment in which it is stopped
is in no list of children that was made before.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final
from uuid import uuid4

if TYPE_CHECKING:
    import psutil

MARK: Final = "MLOPS_SERVER_MARK"
"""Variable whose value every process of a server inherits, and no other has."""


def new_mark() -> dict[str, str]:
    """Environment of a server that is about to be started."""
    return {MARK: uuid4().hex}


def kill_marked(mark: dict[str, str], grace_seconds: float, kill_seconds: float) -> None:
    """End every process of a server whose supervisor is gone.

    Args:
        grace_seconds: that they have to end by themselves.
        kill_seconds: that a killed one may take.
    """
    import psutil

    psutil.wait_procs(list(_marked(mark)), timeout=grace_seconds)
    # Again, until there is none: a worker may have been about to start another.
    while left := list(_marked(mark)):
        for process in left:
            process.kill()
        if psutil.wait_procs(left, timeout=kill_seconds)[1]:
            return


def _marked(mark: dict[str, str]) -> Iterator[psutil.Process]:
    import psutil

    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == mark[MARK]:
                yield process
        except (psutil.Error, OSError):
            # Gone, a zombie, or somebody else's.
            continue
