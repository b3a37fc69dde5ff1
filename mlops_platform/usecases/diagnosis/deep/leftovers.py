"""What processes that were killed have left under temporary names."""

import shlex
import time
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

from mlops_platform.usecases.diagnosis.fault import Fault

DAY_MINUTES: Final = 24 * 60
"""What is younger may be in the making."""
TEMPORARY: Final = ("*/.*.tmp", "*/bentos/.building-*", "*/backups/.*.partial", "*/cache/spill/*")
"""Files and folders of writers, of the packing of Bentos, of backups, and of DuckDB's spilling."""


def faults_of_leftovers(home: Path) -> Iterator[Fault]:
    """Temporary files and folders of yesterday or before, in one finding."""
    old = [path for path in _temporary(home) if _age_minutes(path) > DAY_MINUTES]
    if old:
        size = sum(file.stat().st_size for path in old for file in _files(path))
        paths = " -o ".join(f"-path {shlex.quote(pattern)}" for pattern in TEMPORARY)
        yield Fault(
            severity="warning",
            what=f"{len(old)} temporary files and folders of killed processes, {size:,} bytes",
            where=str(home),
            cure=f"find {shlex.quote(str(home))} '(' {paths} ')' -mmin +{DAY_MINUTES} -prune "
            "-exec rm -r {} +",
        )


def _temporary(folder: Path) -> Iterator[Path]:
    """What has such a name; nothing below it."""
    for path in sorted(folder.iterdir()):
        if any(fnmatch(path.as_posix(), pattern) for pattern in TEMPORARY):
            yield path
        elif path.is_dir() and not path.is_symlink():
            yield from _temporary(path)


def _age_minutes(path: Path) -> float:
    return (time.time() - path.lstat().st_mtime) / 60


def _files(path: Path) -> Iterator[Path]:
    yield from (file for file in path.rglob("*") if file.is_file()) if path.is_dir() else (path,)
