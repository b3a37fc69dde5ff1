"""A backup becomes a home again, wherever it is to be."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

from mlops_platform.errors import BackupError
from mlops_platform.formats.home_stamp import STAMP_FILE
from mlops_platform.formats.number import refuse_newer
from mlops_platform.settings import Settings
from mlops_platform.usecases.home.backup import databases, dump_file
from mlops_platform.usecases.home.manifest import HOME_FOLDER, BackupManifest
from mlops_platform.usecases.home.postgres import load

Report = Callable[[str], None]
PARTIAL: Final = ".restoring"
"""Folder in the home of what is still being copied; what a killed restore left is no obstacle."""


def restore(backup: Path, settings: Settings, report: Report = lambda line: None) -> BackupManifest:
    """Make the home of these settings from a backup, which stays as it is; all of it or nothing.

    Afterwards set-up is due, then the ledger can be verified and projected.

    Raises:
        BackupError: there is a home already, or the backup is not whole.
        FormatError: a newer version of the platform has made it.
    """
    manifest = BackupManifest.of(backup)
    refuse_newer(manifest.home_format, f"the home in {backup}")
    _refuse_occupied(settings.home)
    report("verifying the backup")
    manifest.verify(backup)
    _require_dumps(backup, settings)
    settings.home.mkdir(parents=True, exist_ok=True)
    try:
        report("copying")
        _copy(backup / HOME_FOLDER, settings.home)
        for name, (_, url) in databases(settings).items():
            report(f"loading the database of {name}")
            load(dump_file(backup, name), url)
    except BaseException:
        _empty(settings.home)
        raise
    return manifest


def _copy(source: Path, home: Path) -> None:
    """Fill an empty home, which may be a mounted disk; the stamp that makes it one comes last."""
    partial = home / PARTIAL
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(source, partial)
    for part in sorted(partial.iterdir(), key=lambda part: part.name == STAMP_FILE):
        part.rename(home / part.name)
    partial.rmdir()


def _empty(home: Path) -> None:
    for part in home.iterdir():
        if part.is_dir():
            shutil.rmtree(part)
        else:
            part.unlink()


def _refuse_occupied(home: Path) -> None:
    held = [part.name for part in home.iterdir()] if home.is_dir() else []
    if (home.exists() and not home.is_dir()) or set(held) - {PARTIAL}:
        raise BackupError(
            f"there is something at {home} already, and a restore overwrites nothing. Move it "
            "away, or set MLOPS_HOME to a folder that does not exist."
        )


def _require_dumps(backup: Path, settings: Settings) -> None:
    lacking = [name for name in databases(settings) if not dump_file(backup, name).is_file()]
    if lacking:
        raise BackupError(
            f"{backup} was taken of a deployment that keeps {' and '.join(lacking)} in the home, "
            "and the settings name a Postgres for it. Restore it without those URLs."
        )
