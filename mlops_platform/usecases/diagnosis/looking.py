"""A look that fails is a finding of its own: a diagnosis never ends in a traceback."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from mlops_platform.errors import DamagedRecordError, is_of_a_lock, is_of_a_server
from mlops_platform.usecases.diagnosis.disk import disk_cure, disk_problem
from mlops_platform.usecases.diagnosis.fault import Fault

RESTORE: Final = "MLOPS_HOME=/another/folder mlops restore BACKUP"
"""The way out where something is lost: nothing that is there is overwritten."""
T = TypeVar("T")


@dataclass
class Looks:
    """Looks, each by itself: of one that fails a fault is kept, and the others go on."""

    home: Path
    _failed: list[Fault] = field(default_factory=list)

    @property
    def failed(self) -> list[Fault]:
        """What could not be looked at; what fails alike in many places is told once."""
        places: dict[Fault, list[str]] = {}
        for fault in self._failed:
            places.setdefault(fault.model_copy(update={"where": ""}), []).append(fault.where)
        return [
            fault.model_copy(update={"where": ", ".join(where)}) for fault, where in places.items()
        ]

    def add(self, fault: Fault) -> None:
        """Keep what somebody else could not look at."""
        self._failed.append(fault)

    def at(self, where: str, look: Callable[[], T], otherwise: T) -> T:
        """What a look finds, or something else where it fails."""
        try:
            return look()
        except Exception as error:  # whatever it is, it is told
            self.add(unseen(where, self.home, error))
            return otherwise


def looked_at(where: str, home: Path, look: Callable[[], Iterable[Fault]]) -> list[Fault]:
    """What a look for faults finds, or that it was not possible."""
    looks = Looks(home)
    return looks.at(where, lambda: list(look()), list[Fault]()) + looks.failed


def unseen(where: str, home: Path, error: Exception) -> Fault:
    """That something cannot be looked at, why, and the cure by the kind of the error."""
    what = " ".join(f"{type(error).__name__}: {error}".split())
    return Fault(
        severity="error", what=f"cannot be looked at: {what}", where=where, cure=_cure(home, error)
    )


def _cure(home: Path, error: Exception) -> str:
    if is_of_a_lock(error):
        return "mlops doctor   # again: another process holds it for a moment"
    # Of a full disk SQLite says "disk I/O error", and Dagster "unable to open", of what is whole.
    problem = disk_problem(home, error)
    if problem is not None:
        return disk_cure(*problem)
    if isinstance(error, DamagedRecordError):
        return "mlops doctor --deep   # names each damaged record with its cure"
    if is_of_a_server(error):
        return "mlops doctor   # again, once the server that is named answers"
    return f"{RESTORE}   # where it is damaged"
