"""An online store in one SQLite file, which each export replaces whole."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from mlops_platform.serving.online.source import (
    Pattern,
    StoredFeatures,
    StoredRow,
    unavailable,
)
from mlops_platform.spec.online_layout import EXPORT, FEATURES, OnlineExport

CHECK_SECONDS = 1.0
"""How often the file is looked at: a newer export is noticed this late at most."""
ROW = f"SELECT event_time, features FROM {FEATURES} WHERE entity = ?"  # noqa: S608 - constants
MATCHING = f"SELECT 1 FROM {FEATURES} WHERE entity GLOB ? LIMIT 1"  # noqa: S608 - constants
DOCUMENT = f"SELECT document FROM {EXPORT}"  # noqa: S608 - constants

Identity = tuple[int, int, int]

logger = logging.getLogger("mlops_platform.serving")


@dataclass(frozen=True)
class _File:
    """One export, open: its inode lives on when a newer one takes its name."""

    identity: Identity
    connection: sqlite3.Connection
    export: OnlineExport


class SqliteSource:
    """Reads one export until the file is another one.

    A newer file that cannot be read, or no file at all, leaves the last good export in place: it
    becomes stale in its time.
    """

    is_remote = False

    def __init__(self, path: Path) -> None:
        self._path, self._lock = path, Lock()
        self._file: _File | None = None
        self._refused: Identity | None = None
        self._look_again = 0.0

    def find(self, entities: Sequence[str]) -> StoredFeatures:
        """Read the rows of entities, all of one export.

        Raises:
            StoreUnavailable: there is no readable file.
        """
        with self._lock:
            file = self._current()
            found = [self._first(file, ROW, entity) for entity in entities]
        return StoredFeatures(file.export, tuple(row and StoredRow(*row) for row in found))

    def holds(self, pattern: Pattern) -> bool:
        """Whether any entity is made so.

        Raises:
            StoreUnavailable: there is no readable file.
        """
        glob = "".join("*" if piece is None else _literally(piece) for piece in pattern)
        with self._lock:
            return self._first(self._current(), MATCHING, glob) is not None

    def _first(self, file: _File, query: str, parameter: str) -> Any:
        try:
            return file.connection.execute(query, (parameter,)).fetchone()
        except sqlite3.Error as error:
            raise unavailable(self._path, error) from error

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._file is not None:
                self._file.connection.close()
            self._file = None

    def _current(self) -> _File:
        now = time.monotonic()
        if self._file is not None and now < self._look_again:
            return self._file
        self._look_again = now + CHECK_SECONDS
        try:
            self._follow()
        except (OSError, sqlite3.Error, ValueError) as error:
            if self._file is None:
                raise unavailable(self._path, error) from error
            self._warn_once(error)
        assert self._file is not None
        return self._file

    def _follow(self) -> None:
        identity = _identity(self._path)
        if self._file is not None and self._file.identity == identity:
            return
        newer = _open(self._path, identity)
        if self._file is not None:
            self._file.connection.close()
        self._file, self._refused = newer, None

    def _warn_once(self, error: Exception) -> None:
        identity = _identity(self._path) if self._path.exists() else (0, 0, 0)
        if identity != self._refused:
            self._refused = identity
            logger.warning("online store: %s; the last good export stays: %s", self._path, error)


def _literally(piece: str) -> str:
    """The text as GLOB matches it."""
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in piece)


def _identity(path: Path) -> Identity:
    stat = path.stat()
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


def _open(path: Path, identity: Identity) -> _File:
    # Immutable: no locks and no look for a journal, because exports replace the file whole.
    address = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    connection = sqlite3.connect(address, uri=True, check_same_thread=False)
    try:
        (document,) = connection.execute(DOCUMENT).fetchone()
        return _File(identity, connection, OnlineExport.model_validate_json(document))
    except BaseException:
        connection.close()
        raise
