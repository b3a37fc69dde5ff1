"""Dagster's SQLite event log with its connections kept open.

Dagster opens a database, commits and closes it again up to four times for every event, and closing
the last connection of a database in WAL mode also checkpoints it. Landing ninety days writes some
six hundred events: kept open, that takes 2.3 times less, and the first champion 1.18 times less
(`benchmarks/results/event_storage.md`); the data on disk are the same.
"""

import os
import shutil
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
from dagster import EventLogEntry

# Dagster exports its storages nowhere else; its dagster.yaml documents this very path.
from dagster._core.storage.event_log import SqliteEventLogStorage
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy.pool import QueuePool

from mlops_platform.files import replacing_file
from mlops_platform.settings import settings

MAX_OPEN_DATABASES = 16
BUSY_SECONDS = 30
INDEX = "index"
EMPTY = f"empty-{dg.__version__}.sqlite"
"""A run's database without events; another version of Dagster may want other tables."""


class PooledSqliteEventLogStorage(SqliteEventLogStorage):
    """`SqliteEventLogStorage` that keeps the latest databases open between events."""

    def __init__(self, base_dir: str, inst_data: Any = None) -> None:
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        self._known_tables: set[str] = set()
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> "PooledSqliteEventLogStorage":
        """Made by Dagster from `dagster.yaml`, which does not say where it is: homes are moved.

        A tool that is started without DAGSTER_HOME reads the one of the working folder; its events
        belong to the deployment all the same.
        """
        dagster_home = Path(os.environ.get("DAGSTER_HOME") or settings().dagster_home)
        return cls(str(dagster_home / "history" / "runs"), inst_data)

    @classmethod
    def config_type(cls) -> Any:
        """Nothing to configure."""
        return {}

    def store_event(self, event: EventLogEntry) -> None:
        """Store an event, and touch the file that the watcher of a live run looks at."""
        super().store_event(event)
        # A commit in WAL mode leaves the database file itself untouched.
        os.utime(self.path_for_shard(event.run_id))

    def has_table(self, table_name: str) -> bool:
        """Whether the index has a table; asked for at every asset and check event, and never gone.

        Dagster opens the database anew for each answer.
        """
        if table_name not in self._known_tables and super().has_table(table_name):
            self._known_tables.add(table_name)
        return table_name in self._known_tables

    def wipe(self) -> None:
        """Delete everything; what is open would be written to files that are gone."""
        self._close()
        self._known_tables.clear()
        super().wipe()

    def run_connection(self, run_id: str | None = None) -> AbstractContextManager[Connection]:
        """A transaction on the database of one run."""
        create = super().run_connection
        return self._transaction(str(run_id), lambda: create(run_id))

    def index_connection(self) -> AbstractContextManager[Connection]:
        """A transaction on the database of asset events of all runs."""
        return self._transaction(INDEX, super().index_connection)

    def dispose(self) -> None:
        """Close what is open."""
        self._close()
        super().dispose()

    def _close(self) -> None:
        while self._engines:
            self._engines.popitem()[1].dispose()

    @contextmanager
    def _transaction(
        self, shard: str, first: Callable[[], AbstractContextManager[Connection]]
    ) -> Iterator[Connection]:
        if shard not in self._engines:
            self._create(shard, first)
        with self._db_lock, self._engine(shard).begin() as connection:
            yield connection

    def _create(self, shard: str, first: Callable[[], AbstractContextManager[Connection]]) -> None:
        """Create a database where there is none: as a copy of an empty one, once one was made.

        Dagster creates each run's tables through Alembic, which takes longer than most steps.
        """
        path, empty = Path(self.path_for_shard(shard)), Path(self._base_dir) / EMPTY
        creates_run = shard != INDEX and not path.exists()
        if creates_run and empty.is_file():
            with replacing_file(path) as temporary:
                shutil.copyfile(empty, temporary)
            return
        with first():
            pass
        if creates_run and not empty.is_file():
            with replacing_file(empty) as temporary:
                shutil.copyfile(path, temporary)

    def _engine(self, shard: str) -> Engine:
        """The engine of a database; the one that was longest unused makes room for a new one."""
        if shard not in self._engines:
            self._engines[shard] = _open(self.conn_string_for_shard(shard))
            if len(self._engines) > MAX_OPEN_DATABASES:
                self._engines.popitem(last=False)[1].dispose()
        self._engines.move_to_end(shard)
        return self._engines[shard]


def _open(url: str) -> Engine:
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=1,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
    )

    @sqlalchemy_event.listens_for(engine, "connect")
    def _sync_at_checkpoints(connection: Any, _record: Any) -> None:
        # In WAL mode this loses at most the last events at a power cut, and corrupts nothing.
        connection.execute("PRAGMA synchronous = NORMAL")

    return engine
