"""Databases on a Postgres server: dumped and restored by its own tools."""

import os
import shutil
import subprocess
from pathlib import Path

from mlops_platform.errors import BackupError
from mlops_platform.files import replacing_file


def is_postgres(url: str) -> bool:
    """Whether a SQLAlchemy URL names a Postgres."""
    from sqlalchemy import make_url

    is_server = url.startswith(("http://", "https://"))
    return not is_server and make_url(url).get_backend_name() == "postgresql"


def dump(url: str, target: Path) -> None:
    """Write a database as of one moment to a file, whole or not at all.

    Raises:
        BackupError: pg_dump is missing or refuses.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with replacing_file(target) as temporary:
        _run("pg_dump", url, "--format=custom", "--no-owner", f"--file={temporary}")


def load(source: Path, url: str) -> None:
    """Put a dump into an empty database, in one transaction.

    Raises:
        BackupError: pg_restore is missing or refuses, for example because the tables exist.
    """
    _run("pg_restore", url, "--single-transaction", "--no-owner", "--exit-on-error", str(source))


def _run(program: str, url: str, *arguments: str) -> None:
    """Run a tool on the database of a URL; the password is in no argument, which others can see."""
    from sqlalchemy import make_url

    found = shutil.which(program)
    if found is None:
        raise BackupError(
            f"{program} is not on the PATH. Install the client tools of Postgres "
            "(Debian: postgresql-client), in the server's version or a newer one."
        )
    parsed = make_url(url)
    where = {
        "PGHOST": parsed.host or str(parsed.query.get("host", "")),
        "PGPORT": str(parsed.port or ""),
        "PGUSER": parsed.username or "",
        "PGPASSWORD": parsed.password or "",
    }
    finished = subprocess.run(  # noqa: S603 - a tool of Postgres, on our own URL
        [found, f"--dbname={parsed.database}", *arguments],
        env=os.environ | {name: value for name, value in where.items() if value},
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode:
        raise BackupError(f"{program} of {parsed.database}: {finished.stderr.strip()}")
