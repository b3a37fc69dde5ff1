"""The lock of a live run: held by its process, so that no clock has a say in whether it lives."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mlops_platform.files import hold, is_held
from mlops_platform.settings import settings


@contextmanager
def holding_run(run_id: str) -> Iterator[None]:
    """Show that a run lives until done or dead; several processes of one run may."""
    file = _lock(run_id)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as lock:
        hold(lock.fileno())
        try:
            yield
        finally:
            _remove_unless_held(file, lock.fileno())


def run_is_held(run_id: str) -> bool:
    """Whether a process holds a run; one that does not may be starting, or be between steps."""
    return is_held(_lock(run_id))


def forget_run(run_id: str) -> None:
    """Remove what a run that was killed has left."""
    _lock(run_id).unlink(missing_ok=True)


def _remove_unless_held(file: Path, lock: int) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return
    file.unlink(missing_ok=True)


def _lock(run_id: str) -> Path:
    return settings().dagster_home / "live_runs" / f"{run_id}.lock"
