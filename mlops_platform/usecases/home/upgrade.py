"""An older home becomes one of today's format, or stays exactly what it was."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from mlops_platform.errors import BackupError
from mlops_platform.files import one_process_at_a_time, write_json, write_text
from mlops_platform.formats.home_path import HomePath
from mlops_platform.formats.home_stamp import (
    FORMAT_KEY,
    PATH_KEY,
    STAMP_FILE,
    HomeStamp,
    read_stamp,
    refuse_half_restored,
    refuse_newer_home,
)
from mlops_platform.formats.number import FORMAT
from mlops_platform.record import Record
from mlops_platform.registry.locations import is_server
from mlops_platform.registry.relocation import Relocation
from mlops_platform.sqlite_files import copy_database, database_file
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.home.records import put_records_back, relocate_records

JOURNAL_FILE: Final = "upgrade.json"
LASTING: Final = ("records", "ledger", "registry")
"""Folders that only a home in use has."""
SHARED_CLOCK: Final = "replayed_moment"
"""The moment that a replay had reached, and at which every model was, before format 6."""


class UpgradeJournal(Record):
    """What an upgrade is about to change, written before it does: the way back.

    Args:
        saved: folder of what was saved before.
        former: every place where the home is or was.
        relocations: of MLflow's tables.
    """

    saved: HomePath
    former: tuple[Path, ...]
    relocations: tuple[Relocation, ...]


def upgrade_home(deployment: Deployment) -> Path | None:
    """Bring records, registry and ledger to today's format; nothing where they are.

    A new home gets its databases. Where anything fails, and where the process dies and set-up is
    called again, every change is taken back first, value by value, so that nothing is lost that
    others wrote meanwhile. The ledger comes last: its migration is one transaction, and an older
    version of the platform can go on with what it makes.

    Returns:
        The folder of what was saved; None where nothing was upgraded.

    Raises:
        FormatError: a newer version of the platform has written this home.
    """
    home, ledger, registry = deployment.settings.home, deployment.ledger, deployment.registry
    with one_process_at_a_time(home / ".setup.lock"):
        refuse_newer_home(home)
        refuse_half_restored(home)
        undo_interrupted_upgrade(deployment)
        stamp = _stamp(home)
        if stamp is None or (stamp.format == FORMAT and not ledger.needs_migration()):
            ledger.create_schema(backups=home / "backups")
            registry.initialise()
            # MLflow has made its default experiment wherever this was called.
            registry.relocate(registry.planned_relocations([home]))
            return None
        registry.initialise()
        journal = _prepare(deployment, stamp)
        try:
            _upgrade(deployment, journal)
        except BaseException:
            undo_interrupted_upgrade(deployment)
            raise
        return journal.saved


def undo_interrupted_upgrade(deployment: Deployment) -> None:
    """Take back what an upgrade had changed when it failed or its process died."""
    settings = deployment.settings
    file = settings.home / JOURNAL_FILE
    if not file.is_file():
        return
    try:
        journal = UpgradeJournal.from_stored(file.read_bytes(), settings.home)
    except ValidationError as error:
        raise BackupError(
            f"an upgrade of {settings.home} was interrupted, and {file} cannot be read: {error}. "
            "Restore the home from a backup."
        ) from error
    deployment.registry.relocate([change.undone for change in journal.relocations])
    put_records_back(settings.records, journal.former, journal.saved / "records")
    if (journal.saved / SHARED_CLOCK).is_file():
        shutil.copy2(journal.saved / SHARED_CLOCK, settings.home / SHARED_CLOCK)
        shutil.rmtree(settings.replay_clocks, ignore_errors=True)
    stamp = settings.home / STAMP_FILE
    if (journal.saved / STAMP_FILE).is_file():
        shutil.copy2(journal.saved / STAMP_FILE, stamp)
    else:
        stamp.unlink(missing_ok=True)
    file.unlink()


def _stamp(home: Path) -> HomeStamp | None:
    """The stamp of the home; a home that has lost it is taken for the oldest."""
    stamp = read_stamp(home)
    if stamp is None and any(True for part in LASTING for _ in home.glob(f"{part}/*")):
        return HomeStamp(0, home)
    return stamp


def _prepare(deployment: Deployment, stamp: HomeStamp) -> UpgradeJournal:
    """Save what is about to change, and write down how to take it back."""
    home, registry = deployment.settings.home, deployment.registry
    saved = home / "backups" / f"{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}-before-format-{FORMAT}"
    deployment.ledger.back_up(saved)
    _save_registry(deployment.settings.mlflow_tracking_uri, saved)
    for file in (STAMP_FILE, SHARED_CLOCK):
        if (home / file).is_file():
            shutil.copy2(home / file, saved / file)
    former = tuple(dict.fromkeys((home, stamp.path, *registry.former_homes())))
    journal = UpgradeJournal(
        saved=saved, former=former, relocations=tuple(registry.planned_relocations(former))
    )
    write_text(home / JOURNAL_FILE, journal.to_stored(home))
    return journal


def _upgrade(deployment: Deployment, journal: UpgradeJournal) -> None:
    home = deployment.settings.home
    relocate_records(deployment.settings.records, journal.former, journal.saved / "records")
    deployment.registry.relocate(journal.relocations)
    deployment.ledger.create_schema()
    _share_out_clock(deployment)
    # Nothing else of it: what follows in set-up is not done yet, and is where this is all it says.
    write_json(home / STAMP_FILE, {FORMAT_KEY: FORMAT, PATH_KEY: str(home)})
    (home / JOURNAL_FILE).unlink()


def _share_out_clock(deployment: Deployment) -> None:
    """Give the moment at which all models were to each of those that have a history."""
    settings = deployment.settings
    shared = settings.home / SHARED_CLOCK
    if not shared.is_file():
        return
    for model in deployment.ledger.models():
        write_text(settings.replay_clock(model), shared.read_text(encoding="utf-8"))
    shared.unlink()


def _save_registry(tracking_uri: str, saved: Path) -> None:
    """Copy MLflow's database where it is a file; on a server its changes are one transaction."""
    file = None if is_server(tracking_uri) else database_file(tracking_uri)
    if file is not None and file.is_file():
        copy_database(file, saved / "mlflow.db")
