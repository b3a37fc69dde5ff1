"""A backup: everything of a home as of about one moment, taken while it is in use."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mlops_platform.errors import BackupError
from mlops_platform.files import sha256_of_file
from mlops_platform.formats.number import FORMAT
from mlops_platform.settings import Settings
from mlops_platform.usecases.home.contents import Turn, files_of
from mlops_platform.usecases.home.copying import copy_features, copy_files
from mlops_platform.usecases.home.manifest import DUMPS_FOLDER, HOME_FOLDER, BackupManifest
from mlops_platform.usecases.home.postgres import dump, is_postgres
from mlops_platform.usecases.home.verification import verify_copy

if TYPE_CHECKING:
    from mlops_platform.ledger.ledger import Ledger

Report = Callable[[str], None]
SPARE_BYTES: Final = 100_000_000
"""Left free on the disk of a backup."""


@dataclass(frozen=True)
class Backup:
    """A finished backup."""

    path: Path
    manifest: BackupManifest
    bytes: int


def back_up(
    settings: Settings, ledger: Ledger, folder: Path, report: Report = lambda line: None
) -> Backup:
    """Copy a home into a new folder below `folder`, and verify the copy; all of it or nothing.

    What refers to something is copied before it (see `Turn`), so that nothing in the copy refers
    to what it lacks; what follows the ledger is brought in line with it when it is restored.

    Args:
        report: told what is being done.

    Raises:
        BackupError: the folder lies in the home, there is no room, or the copy is not whole.
    """
    moment = datetime.now(UTC)
    path = folder.resolve() / f"mlops-{moment:%Y%m%dT%H%M%S%fZ}"
    _refuse_unusable(settings.home, path)
    partial = path.with_name(f".{path.name}.partial")
    try:
        newest_hashes = {model: ledger.newest_hashes(model) for model in ledger.models()}
        files: dict[str, str] = {}
        for turn in Turn:
            report(f"copying: {turn.description}")
            files |= _copy_turn(settings, turn, partial)
        manifest = BackupManifest(
            made_at=moment,
            home_format=FORMAT,
            files=files,
            newest_hashes=newest_hashes,
            not_held=tuple(_not_held(settings)),
        )
        report("verifying")
        manifest.verify(partial)
        verify_copy(partial, manifest)
        manifest.write(partial)
        partial.rename(path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    written = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return Backup(path, manifest, written)


def databases(settings: Settings) -> dict[str, tuple[Turn, str]]:
    """Databases on Postgres by the names of their dumps: when they are copied, and their URLs."""
    urls = {
        "dagster": (Turn.REFERRING, settings.dagster_database_url),
        "ledger": (Turn.LEDGER, settings.ledger_url),
        "registry": (Turn.REGISTRY, settings.mlflow_tracking_uri),
    }
    return {name: (turn, url) for name, (turn, url) in urls.items() if url and is_postgres(url)}


def dump_file(backup: Path, name: str) -> Path:
    """Where the dump of a database on Postgres lies in a backup."""
    return backup / DUMPS_FOLDER / f"{name}.dump"


def _copy_turn(settings: Settings, turn: Turn, partial: Path) -> dict[str, str]:
    """Copy what has this turn; returns the SHA-256 of each file by its path in the backup."""
    dumps = {}
    for name, (its_turn, url) in databases(settings).items():
        if its_turn == turn:
            file = dump_file(partial, name)
            dump(url, file)
            dumps[file.relative_to(partial).as_posix()] = sha256_of_file(file)
    copy = copy_features if turn == Turn.FEATURES else copy_files
    return dumps | copy(settings, turn, partial / HOME_FOLDER)


def _refuse_unusable(home: Path, path: Path) -> None:
    if path.is_relative_to(home):
        raise BackupError(
            f"{path.parent} lies in the home {home} that is to be backed up. Name a folder outside "
            "of it, best on another disk."
        )
    if not home.is_dir():
        raise BackupError(f"there is no home at {home}. Set MLOPS_HOME to the one that is meant.")
    path.parent.mkdir(parents=True, exist_ok=True)
    needed = sum(size for file in files_of(home) if (size := _size(home / file)))
    free = shutil.disk_usage(path.parent).free - SPARE_BYTES
    if needed > free:
        raise BackupError(
            f"{path.parent} has room for {max(free, 0) / 1e9:.1f} GB, and the home {home} takes "
            f"{needed / 1e9:.1f} GB. Free some, or name a folder on another disk."
        )


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def _not_held(settings: Settings) -> Iterator[str]:
    if settings.mlflow_tracking_uri.startswith(("http://", "https://")):
        yield "what the MLflow server keeps: runs, versions and their files"
    if settings.online_store_url is not None:
        yield "the online store: its export sensor fills an empty one"
