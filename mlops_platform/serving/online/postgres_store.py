"""An online store in Postgres, where an export replaces a model's rows in one transaction."""

from __future__ import annotations

import time
from threading import Lock
from typing import Any

from mlops_platform.errors import ServingError
from mlops_platform.serving.online.source import StoredFeatures, unavailable
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
    "SELECT export.document, features.event_time, features.features "  # noqa: S608 - constants
    f"FROM {POSTGRES_EXPORT} AS export LEFT JOIN {POSTGRES_FEATURES} AS features "
    "ON features.model = export.model AND features.entity = %s WHERE export.model = %s"
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

    def find(self, entity: str) -> StoredFeatures:
        """Read one entity's row.

        Raises:
            StoreUnavailable: Postgres does not answer, or holds no export of the model.
            ValueError: the entity is no text for Postgres, because of a NUL.
        """
        with self._lock:
            row = self._row(entity)
            if row is None:
                raise unavailable(self._url, f"no export of {self._model}")
            return StoredFeatures(self._export(row[0]), *row[1:])

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._disconnect()

    def _row(self, entity: str) -> Any:
        reused = self._connection is not None
        try:
            with self._connected().cursor() as cursor:
                cursor.execute(FIND, (entity, self._model))
                return cursor.fetchone()
        except self._driver.Error as error:
            broken = self._connection is not None and bool(self._connection.closed)
            self._disconnect()
            if reused and broken:  # the server started again, or ended an idle connection
                return self._row(entity)
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
