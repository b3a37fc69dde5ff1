"""Copying the files of a home while others write them."""

import shutil
import time
from hashlib import sha256
from pathlib import Path
from typing import Final

from mlops_platform.data.warehouse import no_build_meanwhile
from mlops_platform.errors import BackupError
from mlops_platform.files import sha256_of_file
from mlops_platform.settings import Settings
from mlops_platform.sqlite_files import copy_database
from mlops_platform.usecases.home.contents import Turn, files_of, is_sqlite, turn_of
from mlops_platform.usecases.home.manifest import HOME_FOLDER

PATIENCE_SECONDS: Final = 900.0
"""For a build of features to end: dbt's own are minutes."""
SETTLING_TRIES: Final = 60
CHUNK_BYTES: Final = 1 << 20


def copy_files(settings: Settings, turn: Turn, target: Path) -> dict[str, str]:
    """Copy the files of one turn; returns the SHA-256 of each by its path in the backup.

    A file that is gone when its turn comes was a temporary or an old one. Databases are copied by
    SQLite itself, so that a copy is of one moment.
    """
    digests = {}
    for file in files_of(settings.home):
        if turn_of(file) != turn:
            continue
        source, copy = settings.home / file, target / file
        copy.parent.mkdir(parents=True, exist_ok=True)
        try:
            digests[f"{HOME_FOLDER}/{file}"] = _copy(source, copy)
        except FileNotFoundError:
            copy.unlink(missing_ok=True)
    return digests


def copy_features(settings: Settings, turn: Turn, target: Path) -> dict[str, str]:
    """Copy the warehouse and what is published of it as they belong together.

    No build can begin meanwhile. One that has ended may still publish: then everything is copied
    once more.

    Raises:
        DataError: a build did not end.
        BackupError: published tables did not come to rest.
    """
    with no_build_meanwhile(settings.warehouse, PATIENCE_SECONDS):
        for _ in range(SETTLING_TRIES):
            before = _claims(settings.published)
            shutil.rmtree(target / "lake" / "features", ignore_errors=True)
            digests = copy_files(settings, turn, target)
            if _claims(settings.published) == before:
                return digests
            time.sleep(1.0)
    raise BackupError(
        f"{settings.published} was being written for {SETTLING_TRIES} copies. Try again when the "
        "build has ended."
    )


def _claims(published: Path) -> dict[str, bytes]:
    """What the manifests of published tables say."""
    return {str(file): file.read_bytes() for file in published.glob("*/_manifest.json")}


def _copy(source: Path, copy: Path) -> str:
    """Copy one file; returns the digest of what was read, or of a database's copy."""
    if is_sqlite(source):
        copy_database(source, copy)
        return sha256_of_file(copy)
    digest = sha256()
    with source.open("rb") as original, copy.open("wb") as written:
        while chunk := original.read(CHUNK_BYTES):
            digest.update(chunk)
            written.write(chunk)
    shutil.copystat(source, copy)
    return digest.hexdigest()
