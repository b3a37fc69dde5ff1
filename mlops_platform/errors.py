"""The one exception root of the platform and its few subclasses."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

WAREHOUSE_IS_LOCKED: Final = "Could not set lock on file"
"""What DuckDB says of a file that another process has open."""


class MlopsError(Exception):
    """Root of every error that the platform raises on purpose."""


class SettingsError(MlopsError):
    """The deployment cannot be started as it is configured."""


class DamagedHomeError(SettingsError):
    """The file that says in which format a home is cannot be read.

    Args:
        file: it.
        why: as the end of a sentence that begins with it.
    """

    def __init__(self, file: Path, why: str) -> None:
        self.file = file
        super().__init__(f"{file} {why}. Restore it from a backup.")


class FormatError(MlopsError):
    """What is stored was written by a version of the platform that this one cannot read."""


class SpecError(MlopsError):
    """A model's YAML asks for something impossible.

    Args:
        field: dotted path of the attribute, for example ``features.numeric.3``.
        value: what was found there.
        fix: what to write instead.
    """

    def __init__(self, field: str, value: object, fix: str) -> None:
        self.field, self.value, self.fix = field, value, fix
        super().__init__(f"{field}: {value!r} is not usable. {fix}")


class DataError(MlopsError):
    """Landed data, features or labels are missing, malformed or not what their schema promises."""


class DamagedRecordError(DataError):
    """What an asset handed on was changed or cut since it was written."""


class LockedError(DataError):
    """Another process holds what is to be opened; it will let go of it."""


class TrainingError(MlopsError):
    """A training set or a candidate cannot be computed (too few rows, one class, a failing fit)."""


class ArtifactError(MlopsError):
    """A stored model is missing, was changed since it was written, or holds foreign types."""


class LedgerError(MlopsError):
    """The ledger refuses a row, or its hash chain is broken."""


class ReleaseConflict(LedgerError):
    """What a decision rests on is not the newest any more; nothing was written."""


class HeldError(LedgerError):
    """A person has frozen or retired the model; nothing was written."""


class IncidentConflict(LedgerError):
    """Another writer wrote about this model's incidents meanwhile; nothing was written."""


class NotificationError(MlopsError):
    """A message did not reach its channel."""


class BackupError(MlopsError):
    """A home cannot be backed up or restored as it is asked, or a backup is not whole."""


class RegistryError(MlopsError):
    """The model registry lacks what the ledger says it holds."""


class ServingError(MlopsError):
    """A Bento cannot be built, started, or does not answer what it must."""


def is_of_a_lock(error: BaseException) -> bool:
    """Whether it came of a lock that another process holds, whatever has been made of it since.

    That is ours, or what SQLite says of a database that is busy or locked: MLflow and SQLAlchemy
    put errors of their own around it.
    """
    import sqlite3

    locked = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
    is_ours = any(isinstance(cause, LockedError) for cause in causes(error))
    return is_ours or bool(locked & sqlite_codes(error))


def is_of_a_damaged_database(error: BaseException) -> bool:
    """Whether SQLite found that a file is no database, or that pages of it are damaged."""
    import sqlite3

    return bool({sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT} & sqlite_codes(error))


def is_of_a_server(error: BaseException) -> bool:
    """Whether it came of a server that did not answer: refused, silent, or Postgres not reached.

    Postgres has a code for whatever it says itself, and none where nobody has answered.
    """
    return any(
        isinstance(cause, ConnectionError | TimeoutError)
        or (type(cause).__name__ == "OperationalError" and getattr(cause, "pgcode", "") is None)
        for cause in causes(error)
    )


def sqlite_codes(error: BaseException) -> set[int]:
    """What SQLite calls the errors that an error came of; Python's own have no code."""
    import sqlite3

    return {
        # The lowest byte is the error; the others say more of it.
        int(getattr(cause, "sqlite_errorcode", 0)) & 0xFF
        for cause in causes(error)
        if isinstance(cause, sqlite3.Error)
    }


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error, and what it was raised from or while handling."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
