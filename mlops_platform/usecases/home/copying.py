"""Copying the files of a home while others write them."""

import shutil
from hashlib import sha256
from pathlib import Path
from typing import Final

from mlops_platform.files import sha256_of_file
from mlops_platform.sqlite_files import copy_database
from mlops_platform.usecases.home.contents import Turn, files_of, is_sqlite, turn_of
from mlops_platform.usecases.home.manifest import HOME_FOLDER

CHUNK_BYTES: Final = 1 << 20


def copy_files(home: Path, turn: Turn, backup: Path) -> dict[str, str]:
    """Copy the files of one turn; returns the SHA-256 of each by its path in the backup.

    A file that is gone when its turn comes was a temporary or an old one. SQLite's databases are
    copied by SQLite, so that a copy is of one moment.
    """
    digests = {}
    for file in files_of(home):
        if turn_of(file) != turn:
            continue
        name = f"{HOME_FOLDER}/{file}"
        _make_folders(home, (backup / name).parent, len(file.parts) - 1)
        try:
            digests[name] = _copy(home / file, backup / name)
        except FileNotFoundError:
            (backup / name).unlink(missing_ok=True)
    return digests


def _make_folders(home: Path, folder: Path, depth: int) -> None:
    """Make a folder and those above it, below the home's copy, as readable as their originals."""
    if folder.is_dir():
        return
    if depth:
        _make_folders(home, folder.parent, depth - 1)
    folder.mkdir(parents=True, exist_ok=True)
    inside = folder.parts[len(folder.parts) - depth :]
    shutil.copymode(home.joinpath(*inside), folder)


def _copy(source: Path, copy: Path) -> str:
    """Copy one file; returns the digest of what was read, or of a database's copy."""
    if is_sqlite(source):
        copy_database(source, copy)
        shutil.copystat(source, copy)
        return sha256_of_file(copy)
    digest = sha256()
    with source.open("rb") as original, copy.open("wb") as written:
        while chunk := original.read(CHUNK_BYTES):
            digest.update(chunk)
            written.write(chunk)
    shutil.copystat(source, copy)
    return digest.hexdigest()
