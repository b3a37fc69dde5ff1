"""Whether the disks below a home can be written, and how much room they have."""

import errno
import os
import shlex
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final

from mlops_platform.errors import causes, sqlite_codes
from mlops_platform.usecases.diagnosis.fault import Fault

DISK_ERRORS: Final = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EFBIG)
FEW_FREE_BYTES: Final = 500_000_000
"""A training of the example writes 20 MB; DuckDB spills, and dbt builds, beside it."""
_OF_SQLITE: Final = {
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_READONLY: errno.EROFS,
}
_TRIED_BYTES: Final = 65_536


def faults_of_disks(home: Path) -> Iterator[Fault]:
    """Of every disk that holds a part of the home: it cannot be written, or has little room."""
    unwritable = dict(unwritable_folders(home))
    for folder, error in unwritable.items():
        yield Fault(
            severity="error",
            what=f"cannot be written: {error.strerror}",
            where=str(folder),
            cure=disk_cure(folder, error),
        )
    for folder in _one_folder_of_each_disk(home):
        free = shutil.disk_usage(folder).free
        if folder not in unwritable and free < FEW_FREE_BYTES:
            yield Fault(
                severity="warning",
                what=f"{free:,} bytes are free: below {FEW_FREE_BYTES:,} a run may fill the disk",
                where=str(folder),
                cure=f"df -h {shlex.quote(str(folder))}   # and make room",
            )


def unwritable_folders(home: Path) -> Iterator[tuple[Path, OSError]]:
    """One folder of each disk below a home to which nothing can be written, and why."""
    for folder in _one_folder_of_each_disk(home):
        try:
            # It has no name, so that nothing is left of it, whatever happens.
            with TemporaryFile(dir=folder, buffering=0) as tried:
                tried.write(bytes(_TRIED_BYTES))
                os.fsync(tried.fileno())
        except OSError as error:
            yield folder, error


def disk_problem(home: Path, error: Exception) -> tuple[Path, OSError] | None:
    """The folder that cannot be written, where that is what an error came of, and why."""
    for found in unwritable_folders(home):
        return found
    for cause in causes(error):
        if isinstance(cause, OSError) and cause.errno in DISK_ERRORS:
            return home, cause
    for code in _OF_SQLITE.keys() & sqlite_codes(error):
        return home, OSError(_OF_SQLITE[code], os.strerror(_OF_SQLITE[code]))
    return None


def disk_cure(folder: Path, error: OSError) -> str:
    """The command that shows why a folder cannot be written, and what is to be done then."""
    quoted = shlex.quote(str(folder))
    if error.errno == errno.EACCES:
        return f"ls -ld {quoted}   # let who calls mlops write there, and ask the doctor again"
    if error.errno == errno.EROFS:
        return f"findmnt -T {quoted}   # mount it to be written, and ask the doctor again"
    return f"df -h {quoted}   # make room, and ask the doctor again"


def _one_folder_of_each_disk(home: Path) -> list[Path]:
    if not home.is_dir():
        return []
    folders = [home, *sorted(path for path in home.iterdir() if path.is_dir())]
    return list({path.stat().st_dev: path for path in reversed(folders)}.values())
