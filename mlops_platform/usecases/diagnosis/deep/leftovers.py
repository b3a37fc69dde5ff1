"""What processes that were killed have left under temporary names."""

import shlex
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from mlops_platform.usecases.diagnosis.fault import Fault

DAY_MINUTES: Final = 24 * 60
"""What is younger may be in the making."""


def faults_of_leftovers(home: Path) -> Iterator[Fault]:
    """Temporary files and folders of yesterday or before, in one finding."""
    old = [path for path in home.rglob(".*.tmp") if _age_minutes(path) > DAY_MINUTES]
    if old:
        size = sum(file.stat().st_size for path in old for file in _files(path))
        yield Fault(
            severity="warning",
            what=f"{len(old)} temporary files and folders of killed processes, {size:,} bytes",
            where=str(home),
            cure=f"find {shlex.quote(str(home))} -name '.*.tmp' -mmin +{DAY_MINUTES} -prune "
            "-exec rm -r {} +",
        )


def _age_minutes(path: Path) -> float:
    return (time.time() - path.lstat().st_mtime) / 60


def _files(path: Path) -> Iterator[Path]:
    yield from (file for file in path.rglob("*") if file.is_file()) if path.is_dir() else (path,)
