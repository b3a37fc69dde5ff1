"""What of a home a backup holds, and in which order it is copied."""

import os
from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path, PurePosixPath
from typing import Final

from mlops_platform.artifacts.bentos import COMPILED_CODE
from mlops_platform.data.landing.landed_table import DECLARATION
from mlops_platform.errors import BackupError

MADE_AGAIN: Final = ("logs", "cache", "backups", "warehouse/dbt", "upgrade.json")
"""Left out: other commands make them where they are missing, or they are of no use elsewhere."""
SIDECARS: Final = ("-wal", "-shm", "-journal")
"""Of SQLite's files: a copy of a database holds what they hold."""
SQLITE_MAGIC: Final = b"SQLite format 3\x00"
SQLITE_ENDINGS: Final = (".db", ".sqlite")


class Turn(IntEnum):
    """Order of copying: what refers to something is copied before it, so that it is there.

    Records and pointers refer to the ledger, the ledger to the registry, and all of them to files
    that are written once and never changed. A list of what is there comes last: what it does not
    name yet would be overlooked.
    """

    REFERRING = 1
    LEDGER = 2
    REGISTRY = 3
    FEATURES = 4
    REFERRED = 5
    LISTING = 6

    @property
    def description(self) -> str:
        """What is copied, for people."""
        return (
            "records, pointers and Dagster's history",
            "the ledger",
            "the registry's database",
            "the warehouse and published tables",
            "landed days, training sets, models and everything else",
            "what says which days were delivered again",
        )[self - 1]


def files_of(home: Path) -> Iterator[PurePosixPath]:
    """Every file that a backup holds, relative to its home; databases without their sidecars.

    Folders and files that are symlinks, for example to another disk, are followed.

    Raises:
        BackupError: a symlink leads nowhere, or into a folder that it lies in.
        OSError: a folder cannot be read.
    """
    visited = {home.resolve()}
    for folder, names, files in os.walk(home, onerror=_raise, followlinks=True):
        relative = PurePosixPath(Path(folder).relative_to(home))
        names[:] = sorted(name for name in names if _is_kept(relative / name))
        for name in names:
            if Path(folder, name).is_symlink():
                _follow(Path(folder, name), visited)
        for name in sorted(files):
            if _is_kept(relative / name) and not name.endswith(SIDECARS):
                _refuse_dangling(Path(folder, name))
                yield relative / name


def turn_of(file: PurePosixPath) -> Turn:
    """When a file is copied."""
    top = file.parts[0]
    if top in ("ledger", "registry") and len(file.parts) == 2:
        return Turn.LEDGER if top == "ledger" else Turn.REGISTRY
    if top == "warehouse" or file.parts[:2] == ("lake", "features"):
        return Turn.FEATURES
    if file.parts[:2] == ("lake", "landing") and file.name == DECLARATION:
        # A day that it names and that was not delivered again yet is read as it is.
        return Turn.LISTING
    says_what_was_read = file.parts[:2] == ("lake", "served") and file.suffix == ".json"
    pointer = top == "models" and len(file.parts) == 3
    if top in ("records", "dagster", "incidents", "demo", "replays") or len(file.parts) == 1:
        return Turn.REFERRING
    return Turn.REFERRING if says_what_was_read or pointer else Turn.REFERRED


def is_sqlite(file: Path) -> bool:
    """Whether a file is a SQLite database."""
    if not file.name.endswith(SQLITE_ENDINGS):
        return False
    with file.open("rb") as content:
        return content.read(len(SQLITE_MAGIC)) == SQLITE_MAGIC


def _is_kept(path: PurePosixPath) -> bool:
    """Not what is still being written under a temporary name, no locks, no compiled code."""
    hidden = path.name.startswith(".")
    unfinished = hidden and (len(path.parts) == 1 or path.parts[0] == "bentos")
    temporary = hidden and path.name.endswith((".tmp", ".lock"))
    if unfinished or temporary or path.name == COMPILED_CODE:
        return False
    return str(path) not in MADE_AGAIN


def _raise(error: OSError) -> None:
    raise error


def _follow(link: Path, visited: set[Path]) -> None:
    target = link.resolve()
    if target in visited or link.is_relative_to(target):
        raise BackupError(f"{link} leads to {target}, which is there already. Remove the symlink.")
    visited.add(target)


def _refuse_dangling(file: Path) -> None:
    if file.is_symlink() and not file.exists():
        raise BackupError(f"{file} is a symlink to nothing. Mount what it leads to, or remove it.")
