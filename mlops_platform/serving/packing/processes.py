"""Processes of one server, whoever is their parent now: by a mark in their environment.

BentoML's supervisor starts workers as sessions of their own. They are out of reach of a signal to
its group, outlive it when it is killed, and one that it starts in the moment in which it is stopped
is in no list of children that was made before.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import uuid4

if TYPE_CHECKING:
    import psutil

MARK: Final = "MLOPS_SERVER_MARK"
"""Variable whose value every process of a server inherits, and no other has."""
YOUNG_SECONDS: Final = 60
CHANGING_SECONDS: Final = 1.0


def new_mark() -> dict[str, str]:
    """Environment of a server that this process is about to start, and by which it is found."""
    return {MARK: f"{os.getpid()}-{uuid4().hex}"}


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


def left_servers(folder: Path) -> dict[int, str]:
    """Processes that serve a Bento below a folder and whose starter is gone, by id.

    Returns:
        The command that each runs.
    """
    import psutil

    left = {}
    for process, mark in _servers():
        with suppress(psutil.Error):
            command = " ".join(process.cmdline())
            if f"{folder}/" in command and not psutil.pid_exists(_starter(mark)):
                left[process.pid] = command
    return left


def _starter(mark: str) -> int:
    pid = mark.partition("-")[0]
    # What an earlier version of the platform started does not say who did.
    return int(pid) if pid.isdecimal() and "-" in mark else os.getpid()


def _marked(mark: dict[str, str]) -> Iterator[psutil.Process]:
    return (process for process, its_mark in _servers() if its_mark == mark[MARK])


def _servers() -> Iterator[tuple[psutil.Process, str]]:
    """Every marked process, with its mark."""
    import psutil

    changing, now = [], time.time()
    for process in psutil.process_iter():
        try:
            environment = process.environ()
            if not environment and process.create_time() > now - YOUNG_SECONDS:
                changing.append(process)
        except (psutil.Error, OSError):
            # Gone, a zombie, or somebody else's.
            continue
        if mark := environment.get(MARK):
            yield process, mark
    deadline = time.monotonic() + CHANGING_SECONDS
    for process in changing:
        if mark := _environment_after_exec(process, deadline).get(MARK):
            yield process, mark


def _environment_after_exec(process: psutil.Process, deadline: float) -> dict[str, str]:
    """What a process inherits that becomes another program: in that moment it shows nothing."""
    import psutil

    try:
        while not (environment := process.environ()) and time.monotonic() < deadline:
            time.sleep(0.01)
    except (psutil.Error, OSError):
        return {}
    return environment
