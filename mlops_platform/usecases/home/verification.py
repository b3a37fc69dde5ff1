"""Whether a copy of a home is whole: databases sound, chains unbroken, released files present."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_platform.data.features.warehouse import require_readable
from mlops_platform.errors import BackupError
from mlops_platform.registry.locations import is_server
from mlops_platform.settings import Settings, sqlite_url
from mlops_platform.usecases.home.contents import is_sqlite
from mlops_platform.usecases.home.databases import outside_databases
from mlops_platform.usecases.home.manifest import HOME_FOLDER, BackupManifest

if TYPE_CHECKING:
    from mlops_platform.ledger.ledger import Ledger


def verify_copy(settings: Settings, backup: Path, manifest: BackupManifest) -> None:
    """Verify what a backup has just written; a dump of Postgres is verified when it is loaded.

    Raises:
        BackupError: a database is damaged, a chain is broken, or the ledger or a released file is
            not there.
        DataError: the warehouse cannot be read.
    """
    from mlops_platform.ledger.ledger import Ledger

    for name in manifest.files:
        if is_sqlite(backup / name):
            _require_sound(backup / name)
    warehouse = backup / HOME_FOLDER / "warehouse" / "warehouse.duckdb"
    if warehouse.is_file():
        require_readable(warehouse)
    ledger_file = _ledger_in(settings, backup)
    if ledger_file is not None:
        ledger = Ledger(sqlite_url(ledger_file))
        verify_ledger(ledger, manifest.newest_hashes)
        if not is_server(settings.mlflow_tracking_uri):
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


def _ledger_in(settings: Settings, backup: Path) -> Path | None:
    """The ledger's SQLite file in a backup; None where it is a dump of Postgres.

    Raises:
        BackupError: there is no ledger.
    """
    copies = {database.url: database for database in outside_databases(settings)}
    if settings.ledger_url in copies:
        outside = copies[settings.ledger_url]
        return None if outside.file is None else outside.copy_in(backup)
    file = backup / HOME_FOLDER / "ledger" / "ledger.db"
    if not file.is_file():
        raise BackupError(
            f"no ledger was found in {settings.home}, and MLOPS_LEDGER_URL names none that could "
            "be copied. Set it as the deployment has it."
        )
    return file


def _require_released_files(ledger: Ledger, manifest: BackupManifest) -> None:
    artifacts = f"{HOME_FOLDER}/registry/artifacts/"
    held = {digest for name, digest in manifest.files.items() if name.startswith(artifacts)}
    for model in ledger.models():
        for release in ledger.releases(model):
            lacking = [name for name, digest in release.digests.items() if digest not in held]
            if lacking:
                raise BackupError(
                    f"files of version {release.version} of {model!r} are not in the home: "
                    f"{', '.join(lacking)}. Restore the artifact store first."
                )


def _require_sound(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        (verdict,) = connection.execute("PRAGMA integrity_check").fetchone()
    if verdict != "ok":
        raise BackupError(f"{database} is damaged: {verdict}. Restore an older backup.")
