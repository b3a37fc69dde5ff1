"""Databases that are not in the home: on a Postgres server, or SQLite files elsewhere."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from mlops_platform.errors import BackupError
from mlops_platform.files import replacing_file
from mlops_platform.registry.locations import is_server
from mlops_platform.settings import Settings
from mlops_platform.sqlite_files import copy_database, database_file
from mlops_platform.usecases.home.contents import Turn

FOLDER = "databases"


@dataclass(frozen=True)
class OutsideDatabase:
    """A database of a deployment outside of its home.

    Args:
        name: of its copy in a backup, without ending.
        turn: when it is copied.
        url: SQLAlchemy's.
    """

    name: str
    turn: Turn
    url: str

    @property
    def file(self) -> Path | None:
        """Where it is, if it is SQLite's."""
        return database_file(self.url)

    def copy_in(self, backup: Path) -> Path:
        """Where its copy lies in a backup."""
        return backup / FOLDER / f"{self.name}.{'dump' if self.file is None else 'sqlite'}"

    def save(self, backup: Path) -> Path:
        """Copy it as of one moment into a backup; returns the file.

        Raises:
            BackupError: pg_dump is missing or refuses.
        """
        target = self.copy_in(backup)
        target.parent.mkdir(parents=True, exist_ok=True)
        if self.file is not None:
            copy_database(self.file, target)
            return target
        with replacing_file(target) as temporary:
            self._run("pg_dump", "--format=custom", "--no-owner", f"--file={temporary}")
        return target

    def is_empty(self) -> bool:
        """Whether it has no table, so that it can be restored."""
        from sqlalchemy import create_engine, inspect

        if self.file is not None:
            return not self.file.exists()
        engine = create_engine(self.url)
        try:
            return not inspect(engine).get_table_names()
        finally:
            engine.dispose()

    def load(self, backup: Path) -> None:
        """Fill it, while it is empty, from its copy in a backup; in one transaction.

        Raises:
            BackupError: pg_restore is missing or refuses.
        """
        if self.file is not None:
            copy_database(self.copy_in(backup), self.file)
            return
        options = ("--single-transaction", "--no-owner", "--exit-on-error")
        self._run("pg_restore", *options, str(self.copy_in(backup)))

    def _run(self, program: str, *arguments: str) -> None:
        """Run a tool of Postgres; the password is in no argument, which others can see."""
        executable = shutil.which(program)
        if executable is None:
            raise BackupError(
                f"{program} is not on the PATH. Install the client tools of Postgres "
                "(Debian: postgresql-client), in the server's version or a newer one."
            )
        finished = subprocess.run(  # noqa: S603 - a tool of Postgres, on our own URL
            [executable, f"--dbname={_database_of(self.url)}", *arguments],
            env=os.environ | _connection_of(self.url),
            capture_output=True,
            text=True,
            check=False,
        )
        if finished.returncode:
            raise BackupError(f"{program} of the {self.name}'s database: {finished.stderr.strip()}")


def outside_databases(settings: Settings) -> list[OutsideDatabase]:
    """Those of a deployment; one that several parts share is there once."""
    urls = (
        ("dagster", Turn.REFERRING, settings.dagster_database_url),
        ("ledger", Turn.LEDGER, settings.ledger_url),
        ("registry", Turn.REGISTRY, settings.mlflow_tracking_uri),
    )
    outside: dict[object, OutsideDatabase] = {}
    for name, turn, url in urls:
        if url and not is_server(url) and not _is_in(settings.home, url):
            outside.setdefault(_place_of(url), OutsideDatabase(name, turn, url))
    return list(outside.values())


def _is_in(home: Path, url: str) -> bool:
    file = database_file(url)
    # Not resolved: a folder of the home may be a symlink to another disk.
    return file is not None and file.is_relative_to(home)


def _place_of(url: str) -> object:
    from sqlalchemy import make_url

    parsed = make_url(url)
    return parsed.host, parsed.port, str(parsed.query.get("host", "")), parsed.database


def _database_of(url: str) -> str:
    """Name of the database with the options of its URL, such as `sslmode`, as libpq takes it."""
    from sqlalchemy import make_url

    parsed = make_url(url)
    options = {name: value for name, value in parsed.query.items() if name != "host"}
    bare = parsed.set(drivername="postgresql", username=None, password=None, host=None, port=None)
    return bare.set(query=options).render_as_string()


def _connection_of(url: str) -> dict[str, str]:
    from sqlalchemy import make_url

    parsed = make_url(url)
    variables = {
        "PGHOST": parsed.host or str(parsed.query.get("host", "")),
        "PGPORT": str(parsed.port or ""),
        "PGUSER": parsed.username or "",
        "PGPASSWORD": parsed.password or "",
    }
    return {name: value for name, value in variables.items() if value}
