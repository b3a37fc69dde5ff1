"""DuckDB as the platform opens it: bounded in memory, and in private wherever nothing is shared."""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mlops_platform.errors import DataError
from mlops_platform.settings import settings

if TYPE_CHECKING:
    import duckdb


MEMORY, WAREHOUSE, CATALOGUE = "memory", "warehouse", "catalogue"
"""Engines that one process may have at once."""
ABANDONED_SECONDS: Final = 24 * 3600
"""A query that spills writes all the time: a folder that has not changed for so long has none."""


def open_engine(engine: str, file: Path | None = None) -> duckdb.DuckDBPyConnection:
    """Open an engine that is bounded in memory.

    Args:
        file: opened for reading; in memory where None.
    """
    import duckdb

    place = ":memory:" if file is None else str(file)
    return duckdb.connect(place, read_only=file is not None, config={**engine_config(engine)})


def engine_config(engine: str) -> dict[str, str]:
    """How much memory an engine takes before it spills, and where to, as DuckDB calls it.

    Where there is no home yet nothing is to be worked on, and no folder is made.
    """
    place = settings()
    spill = (
        {"temp_directory": str(spill_folder(place.spill, engine))} if place.home.is_dir() else {}
    )
    return {"memory_limit": place.memory_limit, **spill}


def spill_folder(root: Path, engine: str) -> Path:
    """The folder of one engine of this process, below a root that is made.

    DuckDB makes it when it has to spill, and removes it when the engine is closed. What engines
    left there that were killed is removed now.

    Args:
        engine: a name, because two of them must not share a folder; it is not open yet.
    """
    root.mkdir(parents=True, exist_ok=True)
    own = root / f"{_host()}{os.getpid()}.{engine}"
    for folder in root.iterdir():
        if folder == own or _is_abandoned(folder):
            shutil.rmtree(folder, ignore_errors=True)
    return own


def _is_abandoned(folder: Path) -> bool:
    """Whether its process is gone; of other machines, which share the home, by its age."""
    import psutil

    if folder.name.startswith(_host()):
        pid = folder.name.removeprefix(_host()).partition(".")[0]
        return not (pid.isdecimal() and psutil.pid_exists(int(pid)))
    try:
        changed = max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
    except OSError:
        return False  # Its engine has just removed it, or a file of it.
    return time.time() - changed > ABANDONED_SECONDS


def _host() -> str:
    return f"{socket.gethostname()}-"


@contextmanager
def private_duckdb(timezone: str = "UTC") -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a connection in memory, in which naive times are read in `timezone`.

    Every connection has temporary tables and views of its own, and nobody makes others: starting
    an engine for each of them would take 18 ms against 0.2 ms.

    Raises:
        DataError: there is no such time zone.
    """
    with _engine().cursor() as connection:
        read_times_in(timezone, connection)
        yield connection


def read_times_in(timezone: str, connection: duckdb.DuckDBPyConnection) -> None:
    """Let naive times be read in a time zone.

    Raises:
        DataError: there is no such time zone.
    """
    import duckdb

    try:
        connection.execute(f"SET TimeZone = {literal(timezone)}")
    except duckdb.Error as error:
        raise DataError(
            f"time zone '{timezone}' is unknown. Use an IANA name such as 'America/New_York'."
        ) from error


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    """The in-memory engine of this process."""
    # One that outlives the interpreter's modules complains on stderr.
    atexit.register(_engine.cache_clear)
    return open_engine(MEMORY)


def literal(value: str | Path) -> str:
    """`value` as a SQL string."""
    return "'" + str(value).replace("'", "''") + "'"


def identifier(name: str) -> str:
    """`name` as a SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def not_finite(column: str) -> str:
    """SQL condition: a value is NaN or infinite.

    By its text: Arrow leaves NaN out of the statistics of a Parquet file, and by these DuckDB 2.0
    takes `isfinite` for true and `isnan` for false of the whole file, without a look.
    """
    return f"CAST({column} AS VARCHAR) IN ('nan', 'inf', '-inf')"
