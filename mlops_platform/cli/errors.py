"""What a person reads of an error: one message, and where the traceback is."""

import errno
import traceback
from datetime import UTC, datetime
from pathlib import Path

from mlops_platform.errors import MlopsError, causes, is_of_a_damaged_database
from mlops_platform.files import write_text
from mlops_platform.settings import settings


def error_text(error: Exception, command: str | None) -> str:
    """The message of an error; the traceback of one that nobody foresaw is kept.

    Args:
        command: that was called.
    """
    ours = next((cause for cause in causes(error) if isinstance(cause, MlopsError)), None)
    if ours is not None:
        return str(ours)
    what = " ".join(f"{type(error).__name__}: {error}".split())
    circumstance = _circumstance(error)
    if circumstance is not None:
        return f"{circumstance}; so `mlops {command}` could not go on ({what})."
    return f"mlops {command} came upon what nobody foresaw: {what}\n{_kept(error, command)}"


def _circumstance(error: Exception) -> str | None:
    """What is wrong with the disk or a database of the home, if that is what ended a command."""
    from mlops_platform.usecases.diagnosis.disk import disk_cure, disk_problem

    try:
        home = settings().home
        problem = disk_problem(home, error)
    except (OSError, MlopsError):
        return None
    if problem is not None:
        folder, why = problem
        return f"{folder} cannot be written: {why.strerror}. Look: {disk_cure(folder, why)}"
    if is_of_a_damaged_database(error):
        return f"A database of {home} is damaged. `mlops doctor --deep` names it, with its cure"
    return None


def was_interrupted(error: BaseException) -> bool:
    """Whether a person pressed Ctrl-C; click makes an `Abort` of it, as of a `no`."""
    return any(isinstance(cause, KeyboardInterrupt) for cause in causes(error))


def is_broken_pipe(error: Exception) -> bool:
    """Whether who reads the output has gone: click ends silently then."""
    return isinstance(error, OSError) and error.errno == errno.EPIPE


def _kept(error: Exception, command: str | None) -> str:
    lines = "".join(traceback.format_exception(error))
    try:
        file = _traceback_file(command)
        write_text(file, lines)
    except (OSError, MlopsError):
        return f"Its traceback cannot be kept:\n{lines}"
    return f"Its traceback is in {file}; `mlops --debug {command} ...` shows it."


def _traceback_file(command: str | None) -> Path:
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    return settings().home / "logs" / f"{moment}-{command}.txt"
