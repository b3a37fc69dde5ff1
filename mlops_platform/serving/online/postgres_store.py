"""An online store in Postgres, where an export replaces a model's rows in one transaction."""

from __future__ import annotations

import time
from collections.abc import Sequence
from threading import Lock
from typing import Any

from mlops_platform.errors import ServingError
from mlops_platform.serving.online.source import (
    Pattern,
    StoredFeatures,
    StoredRow,
    unavailable,
)
from mlops_platform.spec.online_layout import (
    POSTGRES_EXPORT,
    POSTGRES_FEATURES,
    OnlineExport,
    libpq_url,
)

CONNECT_SECONDS = 2
STATEMENT_MILLISECONDS = 1000
RETRY_SECONDS = 1.0
"""After a connection failed, lookups fail at once for this long instead of waiting each."""
# One statement sees one export, however many are written meanwhile.
FIND = (
    "SELECT export.document, features.entity, features.event_time, "  # noqa: S608 - constants
    f"features.features FROM {POSTGRES_EXPORT} AS export "
    f"LEFT JOIN {POSTGRES_FEATURES} AS features "
    "ON features.model = export.model AND features.entity = ANY(%s) WHERE export.model = %s"
)
MATCHING = (
    f"SELECT 1 FROM {POSTGRES_FEATURES} WHERE entity LIKE %s ESCAPE '!' "  # noqa: S608 - constants
    "AND model = %s LIMIT 1"
)


class PostgresSource:
    """Reads from one connection, made again when it breaks.

    Raises:
        ServingError: the driver is not installed.
    """

    is_remote = True

    def __init__(self, url: str, model: str) -> None:
        self._url, self._model, self._lock = url, model, Lock()
        self._driver = _driver()
        self._connection: Any = None
        self._try_again = 0.0
        self._parsed: tuple[str, OnlineExport] | None = None

    def find(self, entities: Sequence[str]) -> StoredFeatures:
        """Read the rows of entities, all of one export.

        Raises:
            StoreUnavailable: Postgres does not answer, or holds no export of the model.
            ValueError: an entity is no text for Postgres, because of a NUL.
        """
        with self._lock:
            found = self._rows(FIND, list(entities))
            if not found:
                raise unavailable(self._url, f"no export of {self._model}")
            rows = {entity: StoredRow(*row) for _, entity, *row in found if entity is not None}
            export = self._export(found[0][0])
            return StoredFeatures(export, tuple(rows.get(entity) for entity in entities))

    def holds(self, pattern: Pattern) -> bool:
        """Whether any entity is made so.

        Raises:
            StoreUnavailable, ValueError: as `find`.
        """
        like = "".join("%" if piece is None else _literally(piece) for piece in pattern)
        with self._lock:
            return bool(self._rows(MATCHING, like))

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._disconnect()

    def _rows(self, query: str, asked: str | list[str]) -> list[Any]:
        reused = self._connection is not None
        try:
            with self._connected().cursor() as cursor:
                cursor.execute(query, (asked, self._model))
                rows: list[Any] = cursor.fetchall()
                return rows
        except self._driver.Error as error:
            broken = self._connection is not None and bool(self._connection.closed)
            self._disconnect()
            if reused and broken:  # the server started again, or ended an idle connection
                return self._rows(query, asked)
            raise unavailable(self._url, _first_line(error)) from error

    def _connected(self) -> Any:
        if self._connection is None:
            if time.monotonic() < self._try_again:
                raise unavailable(self._url, "connecting failed a moment ago")
            self._try_again = time.monotonic() + CONNECT_SECONDS + RETRY_SECONDS
            self._connection = self._driver.connect(
                libpq_url(self._url),
                connect_timeout=CONNECT_SECONDS,
                options=f"-c statement_timeout={STATEMENT_MILLISECONDS}",
            )
            self._connection.set_session(readonly=True, autocommit=True)
            self._try_again = 0.0
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _export(self, document: str) -> OnlineExport:
        """Parse the export, once for as long as it stays."""
        if self._parsed is None or self._parsed[0] != document:
            self._parsed = document, OnlineExport.model_validate_json(document)
        return self._parsed[1]


def _literally(piece: str) -> str:
    """The text as LIKE matches it."""
    return "".join(f"!{sign}" if sign in "!%_" else sign for sign in piece)


def _driver() -> Any:
    try:
        import psycopg2
    except ImportError as error:
        raise ServingError(
            "online store: psycopg2 is needed for Postgres and not installed; "
            "install psycopg2-binary beside the Bento's requirements."
        ) from error
    return psycopg2


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
