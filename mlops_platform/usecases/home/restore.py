"""A backup becomes a home again, wherever it is to be."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

from mlops_platform.errors import BackupError
from mlops_platform.files import write_text
from mlops_platform.formats.home_stamp import RESTORING_FILE
from mlops_platform.formats.number import refuse_newer
from mlops_platform.settings import Settings
from mlops_platform.usecases.home.backup import explained
from mlops_platform.usecases.home.databases import FOLDER, OutsideDatabase, outside_databases
from mlops_platform.usecases.home.manifest import HOME_FOLDER, BackupManifest

Report = Callable[[str], None]
OF_A_NEW_DISK: Final = "lost+found"


def restore(backup: Path, settings: Settings, report: Report = lambda line: None) -> BackupManifest:
    """Make the home of these settings from a backup, which stays as it is; all of it or nothing.

    While it is not finished a file in the home says so; a restore that was killed is begun again.
    Afterwards set-up is due, then the ledger can be verified and projected.

    Raises:
        BackupError: there is a home already, or the backup is not whole.
        FormatError: a newer version of the platform has made it.
    """
    home, backup = settings.home, backup.resolve()
    manifest = BackupManifest.of(backup)
    refuse_newer(manifest.home_format, f"the home in {backup}")
    databases = outside_databases(settings)
    with explained(f"{backup} cannot be restored to {home}"):
        _refuse_occupied(home, backup)
        report("verifying the backup")
        manifest.verify(backup)
        _require_matching(databases, backup)
        home.mkdir(parents=True, exist_ok=True)
        try:
            _empty(home)
            write_text(home / RESTORING_FILE, f"from {backup}\n")
            report("copying")
            shutil.copytree(backup / HOME_FOLDER, home, dirs_exist_ok=True)
            for database in databases:
                report(f"loading the {database.name}'s database")
                database.load(backup)
            (home / RESTORING_FILE).unlink()
        except BaseException:
            _empty(home)
            raise
    return manifest


def _refuse_occupied(home: Path, backup: Path) -> None:
    if home.is_relative_to(backup) or backup.is_relative_to(home):
        raise BackupError(
            f"the backup {backup} and the home {home} lie in each other. Set MLOPS_HOME to another "
            "folder."
        )
    held = {part.name for part in home.iterdir()} if home.is_dir() else set()
    if (home.exists() and not home.is_dir()) or (
        held - {OF_A_NEW_DISK} and RESTORING_FILE not in held
    ):
        raise BackupError(
            f"there is something at {home} already, and a restore overwrites nothing. Move it "
            "away, or set MLOPS_HOME to a folder that does not exist."
        )


def _require_matching(databases: list[OutsideDatabase], backup: Path) -> None:
    expected = {database.copy_in(backup).name for database in databases}
    folder = backup / FOLDER
    held = {file.name for file in folder.iterdir()} if folder.is_dir() else set()
    if expected != held:
        raise BackupError(
            f"{backup} holds {_named(held)} outside of the home, and the settings name "
            f"{_named(expected)}. Set MLOPS_LEDGER_URL, MLOPS_MLFLOW_TRACKING_URI and "
            "MLOPS_DAGSTER_DATABASE_URL as the deployment had them, each to an empty database."
        )
    occupied = [database.name for database in databases if not database.is_empty()]
    if occupied:
        raise BackupError(
            f"the database of {' and of '.join(occupied)} is not empty, and a restore overwrites "
            "nothing. Make a new one, and name it in the settings."
        )


def _named(files: set[str]) -> str:
    return " and ".join(sorted(files)) or "no database"


def _empty(home: Path) -> None:
    for part in home.iterdir():
        if part.name == OF_A_NEW_DISK:
            continue
        if part.is_dir() and not part.is_symlink():
            shutil.rmtree(part)
        else:
            part.unlink()
