"""What is wrong with what is published: days, files and manifests that are not those that were."""

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from mlops_platform.data.features.published import (
    Manifest,
    damaged_days,
    foreign_files,
    read_manifest,
    without_manifest,
)
from mlops_platform.data.features.stretches import told_days
from mlops_platform.errors import DataError
from mlops_platform.usecases.diagnosis.fault import Fault

_MANIFEST: Final = {
    "damaged": "its manifest cannot be read",
    "gone": "its manifest is gone, without which nothing of it is read",
}


@dataclass(frozen=True)
class DamagedTable:
    """What is wrong with one published table.

    Args:
        manifest: what is wrong with its manifest, without which nothing of it is read.
        days: whose files are gone, or were changed.
        foreign: files that nobody published.
        broken_off: days whose publishing was not brought to its end, or goes on.
    """

    manifest: str | None = None
    days: Sequence[date] = ()
    foreign: Sequence[Path] = ()
    broken_off: Sequence[date] = ()


def damaged_tables(published: Path) -> Mapping[str, DamagedTable]:
    """Every published table with which something is wrong."""
    folders = sorted(path for path in published.glob("[!.]*") if path.is_dir())
    looked_at = {folder.name: _look(folder) for folder in folders}
    return {table: found for table, found in looked_at.items() if found != DamagedTable()}


def faults_of_published(
    tables: Mapping[str, DamagedTable], launch: Callable[[str], str]
) -> Iterator[Fault]:
    """Damaged days, foreign files, and manifests that are gone or cannot be read.

    Args:
        launch: the command that runs a job.
    """
    again = launch("--job build_features")
    for table, damaged in tables.items():
        where = f"published, {table}"
        if damaged.manifest is not None:
            yield Fault(severity="error", what=damaged.manifest, where=where, cure=again)
        if damaged.days:
            days = told_days(set(damaged.days))
            what = f"{len(damaged.days)} days are not what was published: {days}"
            yield Fault(severity="error", what=what, where=where, cure=again)
        if damaged.foreign:
            files = " ".join(shlex.quote(str(file)) for file in damaged.foreign)
            yield Fault(
                severity="error",
                what=f"{len(damaged.foreign)} files beside its days were published by nobody, and "
                "nothing of it is read until they are gone",
                where=where,
                cure=f"rm {files}",
            )
        if damaged.broken_off:
            days = told_days(set(damaged.broken_off))
            what = f"{len(damaged.broken_off)} days are being published, or were when it ended"
            yield Fault(severity="warning", what=f"{what}: {days}", where=where, cure=again)


def _look(folder: Path) -> DamagedTable:
    try:
        manifest: Manifest = read_manifest(folder.parent, folder.name)
    except DataError:
        missing = without_manifest(folder)
        return DamagedTable(manifest=None if missing is None else _MANIFEST[missing])
    return DamagedTable(
        days=tuple(damaged_days(folder, manifest)),
        foreign=tuple(foreign_files(folder, manifest)),
        broken_off=manifest.writing,
    )
