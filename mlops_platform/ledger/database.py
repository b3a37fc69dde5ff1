"""Connections to the ledger's database, with writers one after the other."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from mlops_platform.errors import LedgerError
from mlops_platform.ledger.revisions import absent, require_current

BUSY_SECONDS = 30.0
_ADVISORY_LOCK = 0x6D6C6F7073  # "mlops"
_WRITES = "ledger_writes"


class Database:
    """One ledger database. Connections are kept only on request, so that no fork shares one.

    SQLite keeps its default rollback journal: the ledger is written some times an hour, and one
    plain file is easier to copy and works on more file systems than WAL's three.
    """

    def __init__(self, url: str) -> None:
        self._url = _checked(url)
        self.is_sqlite = self._url.get_backend_name() == "sqlite"
        self._engine = _sqlite_engine(self._url) if self.is_sqlite else _engine(self._url)
        self._keeps_open = False
        self._open: Connection | None = None

    @property
    def name(self) -> str:
        """URL without its password, for messages."""
        return self._url.render_as_string()

    def exists(self) -> bool:
        """Whether there is a database: to connect to a SQLite file would create it.

        An empty file is none: to read a ledger that was deleted left one behind.
        """
        file = Path(self._url.database) if self.is_sqlite and self._url.database else None
        return file is None or (file.is_file() and file.stat().st_size > 0)

    def make_room(self) -> None:
        """Create the folder of a SQLite file."""
        if self.is_sqlite and self._url.database:
            Path(self._url.database).parent.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def kept_open(self) -> Iterator[None]:
        """Read through one connection until the end, in this thread: many reads cost far less.

        Each read is a transaction of its own all the same, so that it sees what was written before
        it and stands in no writer's way. The schema is checked at the first one alone.
        """
        self._keeps_open = True
        try:
            yield
        finally:
            self._keeps_open = False
            if self._open is not None:
                self._open.close()
                self._open = None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection for consistent reads of a ledger that is set up.

        Raises:
            LedgerError: it is not set up by this version of the platform.
            FormatError: it was by a newer one.
        """
        self._require_there()
        if not self._keeps_open:
            with self.reading_any_schema() as connection:
                require_current(connection, self.name)
                yield connection
            return
        with self._explained():
            if self._open is None:
                self._open = self._checked_connection()
            with self._open.begin():
                yield self._open

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Yield a connection whose transaction excludes every other writer from its start.

        Raises:
            LedgerError: the ledger is not set up by this version of the platform.
            FormatError: it was by a newer one.
        """
        self._require_there()
        with self.writing_any_schema() as connection:
            require_current(connection, self.name)
            yield connection

    @contextmanager
    def reading_any_schema(self) -> Iterator[Connection]:
        """As `reading`, of whatever the database holds."""
        with self._explained(), self._reader() as connection:
            yield connection

    @contextmanager
    def writing_any_schema(self) -> Iterator[Connection]:
        """As `writing`, to whatever the database holds."""
        with self._explained(), self._engine.connect() as connection:
            connection.execution_options(**{_WRITES: True})
            with connection.begin():
                if not self.is_sqlite:
                    connection.execute(
                        text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK}
                    )
                yield connection

    def _require_there(self) -> None:
        if not self.exists():
            raise LedgerError(absent(self.name))

    def _reader(self) -> Connection:
        connection = self._engine.connect()
        if not self.is_sqlite:
            connection.execution_options(isolation_level="REPEATABLE READ")
        return connection

    def _checked_connection(self) -> Connection:
        connection = self._reader()
        try:
            with connection.begin():
                require_current(connection, self.name)
        except BaseException:
            connection.close()
            raise
        return connection

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            raise LedgerError(
                f"ledger {self.name}: {getattr(error, 'orig', error)}. "
                "Check MLOPS_LEDGER_URL and that `mlops setup` has run."
            ) from error


def _checked(url: str) -> URL:
    """Parse the URL; its text is in no message, because it may hold a password."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = None
    if parsed is None or parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise LedgerError(
            "the ledger's URL names neither SQLite nor Postgres. Set MLOPS_LEDGER_URL to "
            "sqlite:////absolute/path or postgresql+psycopg2://user@host/database."
        )
    return parsed


def _engine(url: URL) -> Engine:
    try:
        return create_engine(url, poolclass=NullPool)
    except ModuleNotFoundError as error:
        raise LedgerError(
            f"the ledger is on Postgres, and {error.name} is not installed: "
            "pip install 'mlops-platform[postgres]'"
        ) from error


def _sqlite_engine(url: URL) -> Engine:
    """Engine whose BEGIN is ours: sqlite3 itself would delay it to the first write.

    A writer that reads before it has the write lock can act on what another one changes.
    """
    engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _: object) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
