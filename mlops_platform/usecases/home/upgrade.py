"""An older home becomes one of today's format, or stays exactly what it was."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mlops_platform.files import write_json
from mlops_platform.formats.home_stamp import (
    FORMAT_KEY,
    PATH_KEY,
    STAMP_FILE,
    HomeStamp,
    read_stamp,
    refuse_newer_home,
    stamp_content,
)
from mlops_platform.formats.number import FORMAT
from mlops_platform.settings import Settings
from mlops_platform.sqlite_files import copy_database, database_file, put_back
from mlops_platform.usecases.home.records import relocated_records

if TYPE_CHECKING:
    from mlops_platform.ledger.ledger import Ledger
    from mlops_platform.registry.registry import Registry

JOURNAL: Final = "upgrade.json"
"""Names, while an upgrade is under way, what puts the home back."""
UPGRADED_RECORDS: Final = ".records.upgraded"
LEDGER_COPY, REGISTRY_COPY = "ledger.db", "mlflow.db"


def upgrade_home(settings: Settings, ledger: Ledger, registry: Registry) -> Path | None:
    """Bring ledger, registry and records to today's format; nothing where they are.

    A new home gets its databases. Where anything fails, and where the process dies and set-up is
    called again, everything is put back first. A database on a server is not: its changes are one
    transaction each, and an older version of the platform can go on with them.

    Returns:
        The folder of what was saved; None where nothing was upgraded.

    Raises:
        FormatError: a newer version of the platform has written this home.
    """
    refuse_newer_home(settings.home)
    undo_interrupted_upgrade(settings)
    stamp = read_stamp(settings.home)
    if stamp is None or (stamp.format == FORMAT and not ledger.needs_migration()):
        ledger.create_schema(backups=settings.home / "backups")
        registry.initialise()
        return None
    saved = _save(settings, ledger)
    write_json(settings.home / JOURNAL, {"saved": saved.relative_to(settings.home).as_posix()})
    try:
        _upgrade(settings, ledger, registry, stamp)
    except BaseException:
        undo_interrupted_upgrade(settings)
        raise
    (settings.home / JOURNAL).unlink()
    return saved


def undo_interrupted_upgrade(settings: Settings) -> None:
    """Put everything back that an upgrade had changed when it failed or its process died."""
    journal = settings.home / JOURNAL
    if not journal.is_file():
        return
    saved = settings.home / json.loads(journal.read_bytes())["saved"]
    for name, live in _databases(settings).items():
        if (saved / name).is_file():
            put_back(saved / name, live)
    shutil.rmtree(settings.home / UPGRADED_RECORDS, ignore_errors=True)
    if (saved / "records").is_dir():
        shutil.rmtree(settings.records, ignore_errors=True)
        (saved / "records").rename(settings.records)
    write_json(settings.home / STAMP_FILE, json.loads((saved / STAMP_FILE).read_bytes()))
    journal.unlink()


def _upgrade(settings: Settings, ledger: Ledger, registry: Registry, stamp: HomeStamp) -> None:
    home = settings.home
    journal = json.loads((home / JOURNAL).read_bytes())
    ledger.create_schema()
    registry.initialise()
    former = dict.fromkeys((home, stamp.path, *registry.former_homes()))
    if settings.records.is_dir():
        upgraded = settings.home / UPGRADED_RECORDS
        relocated_records(settings.records, list(former), upgraded)
        settings.records.rename(home / journal["saved"] / "records")
        upgraded.rename(settings.records)
    # Last, because on a server nothing puts it back.
    registry.relocate(list(former))
    content = stamp_content(home) | {FORMAT_KEY: FORMAT, PATH_KEY: str(home)}
    write_json(home / STAMP_FILE, content)


def _save(settings: Settings, ledger: Ledger) -> Path:
    moment = datetime.now(UTC)
    folder = f"{moment:%Y%m%dT%H%M%S%fZ}-before-format-{FORMAT}"
    saved = settings.home / "backups" / folder
    saved.mkdir(parents=True)
    ledger.back_up(saved)
    registry = _databases(settings).get(REGISTRY_COPY)
    if registry is not None:
        copy_database(registry, saved / REGISTRY_COPY)
    shutil.copy2(settings.home / STAMP_FILE, saved / STAMP_FILE)
    return saved


def _databases(settings: Settings) -> dict[str, Path]:
    """Files of ledger and registry by the names of their copies; none that are on a server."""
    urls = (settings.ledger_url, settings.mlflow_tracking_uri)
    files = zip((LEDGER_COPY, REGISTRY_COPY), map(_file_of, urls), strict=True)
    return {name: file for name, file in files if file is not None and file.is_file()}


def _file_of(url: str) -> Path | None:
    return None if url.startswith(("http://", "https://")) else database_file(url)
