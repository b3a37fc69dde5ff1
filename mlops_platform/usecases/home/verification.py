"""Whether a copy of a home is whole: databases sound, chains unbroken, released files present."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_platform.errors import BackupError
from mlops_platform.settings import sqlite_url
from mlops_platform.usecases.home.contents import is_sqlite
from mlops_platform.usecases.home.manifest import HOME_FOLDER, BackupManifest

if TYPE_CHECKING:
    from mlops_platform.ledger.ledger import Ledger


def verify_copy(backup: Path, manifest: BackupManifest) -> None:
    """Verify what a backup has just written of files; a dump of Postgres is verified when loaded.

    Raises:
        BackupError: a database is damaged, a chain is broken, or a released file is not there.
    """
    from mlops_platform.ledger.ledger import Ledger

    home = backup / HOME_FOLDER
    for name in manifest.files:
        if is_sqlite(backup / name):
            _require_sound(backup / name)
    file = home / "ledger" / "ledger.db"
    if file.is_file():
        ledger = Ledger(sqlite_url(file))
        verify_ledger(ledger, manifest.newest_hashes)
        _require_released_files(ledger, manifest)


def verify_ledger(ledger: Ledger, newest_hashes: Mapping[str, Mapping[str, str]]) -> None:
    """Verify every chain, and that it holds what was its newest row when a backup began.

    Raises:
        BackupError: it is another ledger, or one that was changed.
    """
    for model, hashes in newest_hashes.items():
        fault = ledger.verify_chain(model)
        if fault is not None:
            raise BackupError(
                f"the ledger's chain of {model!r} is broken at {fault.table} {fault.row}, which "
                f"{fault.problem}. Restore an older backup."
            )
        lacking = ledger.lacking_hashes(model, hashes)
        if lacking:
            raise BackupError(
                f"the ledger lacks the newest row of {model!r} in {', '.join(lacking)} as it was "
                "when the backup began. Restore an older backup."
            )


def _require_released_files(ledger: Ledger, manifest: BackupManifest) -> None:
    artifacts = f"{HOME_FOLDER}/registry/artifacts/"
    held = {digest for name, digest in manifest.files.items() if name.startswith(artifacts)}
    for model in ledger.models():
        for release in ledger.releases(model):
            lacking = [name for name, digest in release.digests.items() if digest not in held]
            if lacking and not manifest.not_held:
                raise BackupError(
                    f"files of version {release.version} of {model!r} are not in the home: "
                    f"{', '.join(lacking)}. Restore the artifact store first."
                )


def _require_sound(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        (verdict,) = connection.execute("PRAGMA integrity_check").fetchone()
    if verdict != "ok":
        raise BackupError(f"{database} is damaged: {verdict}. Restore an older backup.")
