"""A backup: everything of a home as of about one moment, taken while it is in use."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from mlops_platform.data.features.warehouse import build_lock
from mlops_platform.errors import BackupError
from mlops_platform.files import one_process_at_a_time, sha256_of_file
from mlops_platform.formats.number import FORMAT
from mlops_platform.registry.locations import is_server
from mlops_platform.settings import Settings
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.home.contents import Turn, files_of
from mlops_platform.usecases.home.copying import copy_files
from mlops_platform.usecases.home.databases import outside_databases
from mlops_platform.usecases.home.manifest import BackupManifest
from mlops_platform.usecases.home.verification import verify_copy, verify_ledger

Report = Callable[[str], None]
SPARE_BYTES: Final = 100_000_000
"""Left free on the disk of a backup."""


@dataclass(frozen=True)
class Backup:
    """A finished backup."""

    path: Path
    manifest: BackupManifest
    bytes: int


def back_up(deployment: Deployment, folder: Path, report: Report = lambda line: None) -> Backup:
    """Copy a home into a new folder below `folder`, and verify the copy; all of it or nothing.

    What refers to something is copied before it (see `Turn`), so that nothing in the copy refers
    to what it lacks; what follows the ledger is brought in line with it when it is restored.

    Args:
        report: told what is being done.

    Raises:
        BackupError: the folder lies in the home, there is no room, or the copy is not whole.
    """
    settings = deployment.settings
    path = folder.resolve() / f"mlops-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}"
    partial = path.with_name(f".{path.name}.partial")
    with explained(f"{settings.home} cannot be backed up to {folder}"):
        _refuse_unusable(settings.home, folder.resolve())
        try:
            partial.mkdir(mode=0o700)
            manifest = _copy_everything(deployment, partial, report)
            report("verifying")
            manifest.verify(partial)
            verify_copy(settings, partial, manifest)
            manifest.write(partial)
            partial.rename(path)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        written = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return Backup(path, manifest, written)


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Tell errors of disks and files in one sentence.

    Raises:
        BackupError: in place of them.
    """
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise BackupError(
            f"{what}: {_reason(error)}. Nothing was left behind; mend it and call the command "
            "again."
        ) from error


def _reason(error: Exception) -> str:
    """What went wrong, and with which file."""
    if isinstance(error, shutil.Error):
        # One of each file; on a full disk, thousands.
        _, target, reason = error.args[0][0]
        return f"{reason} ({target})"
    file = getattr(error, "filename", None)
    reason = getattr(error, "strerror", None) or str(error)
    return f"{reason} ({file})" if file else reason


def _copy_everything(deployment: Deployment, partial: Path, report: Report) -> BackupManifest:
    began, ledger = datetime.now(UTC), deployment.ledger
    newest_hashes = {model: ledger.newest_hashes(model) for model in ledger.models_with_rows()}
    verify_ledger(ledger, newest_hashes)
    files: dict[str, str] = {}
    for turn in Turn:
        report(f"copying: {turn.description}")
        files |= _copy_turn(deployment.settings, turn, partial)
    return BackupManifest(
        made_at=began,
        home_format=FORMAT,
        files=files,
        newest_hashes=newest_hashes,
        not_held=tuple(_not_held(deployment.settings)),
    )


def _copy_turn(settings: Settings, turn: Turn, partial: Path) -> dict[str, str]:
    """Copy what has this turn; returns the SHA-256 of each file by its path in the backup."""
    digests = {}
    for database in outside_databases(settings):
        if database.turn == turn:
            file = database.save(partial)
            digests[file.relative_to(partial).as_posix()] = sha256_of_file(file)
    # The warehouse and what is published of it belong together: builds wait, and are waited for.
    features = turn == Turn.FEATURES and settings.warehouse.is_file()
    lock = build_lock(settings.warehouse)
    with one_process_at_a_time(lock) if features else nullcontext():
        return digests | copy_files(settings.home, turn, partial)


def _refuse_unusable(home: Path, folder: Path) -> None:
    if folder.is_relative_to(home):
        raise BackupError(
            f"{folder} lies in the home {home} that is to be backed up. Name a folder outside of "
            "it, best on another disk."
        )
    for place in (home, folder):
        if not place.is_dir():
            raise BackupError(
                f"there is no folder {place}. Is its disk mounted? Make it, or name another one."
            )
    needed = sum(size for file in files_of(home) if (size := _size(home / file)))
    free = shutil.disk_usage(folder).free - SPARE_BYTES
    if needed > free:
        raise BackupError(
            f"{folder} has room for {max(free, 0) / 1e6:.0f} MB (but for {SPARE_BYTES / 1e6:.0f} "
            f"MB that stay free), and the home {home} takes {needed / 1e6:.0f} MB. Free some, or "
            "name a folder on another disk."
        )


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def _not_held(settings: Settings) -> Iterator[str]:
    if is_server(settings.mlflow_tracking_uri):
        yield "what the MLflow server keeps: runs, versions and their files"
    if settings.online_store_url is not None:
        yield "the online store: its export sensor fills an empty one"
