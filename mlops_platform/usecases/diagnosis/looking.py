"""A look that fails is a finding of its own: a diagnosis never ends in a traceback."""

import errno
import shlex
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from mlops_platform.errors import causes, is_of_a_lock
from mlops_platform.usecases.diagnosis.fault import Fault

RESTORE: Final = "MLOPS_HOME=/another/folder mlops restore BACKUP"
"""The way out where something is lost: nothing that is there is overwritten."""
_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EFBIG)


def looked_at(where: str, home: Path, look: Callable[[], Iterable[Fault]]) -> list[Fault]:
    """What a look finds, or that it was not possible."""
    try:
        return list(look())
    except Exception as error:  # whatever it is, it is told, and the others look on
        return [unseen(where, home, error)]


def unseen(where: str, home: Path, error: Exception) -> Fault:
    """That something cannot be looked at, why, and the cure by the kind of the error."""
    what = " ".join(f"{type(error).__name__}: {error}".split())
    return Fault(
        severity="error", what=f"cannot be looked at: {what}", where=where, cure=_cure(home, error)
    )


def _cure(home: Path, error: Exception) -> str:
    disk = [cause for cause in causes(error) if isinstance(cause, OSError)]
    if is_of_a_lock(error):
        return "mlops doctor   # again: another process holds it for a moment"
    if any(cause.errno in _DISK for cause in disk):
        return (
            f"df -h {shlex.quote(str(home))}   # make room, or mount it so that it can be written"
        )
    return f"{RESTORE}   # where it is damaged"
