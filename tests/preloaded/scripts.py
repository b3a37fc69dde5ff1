"""A folder of scripts that commands find before those of the environment."""

import atexit
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from mlops_platform.registry.connection import QUIET

HERE = Path(__file__).parent
FORKED = {"mlops": [HERE / "mlops.py"], "dg": [Path(sys.executable).with_name("dg")], "python": []}
"""What each script runs; `python` runs the file that it is given."""
PACKAGES = (
    *("scipy.special", "scipy.stats", "pandas", "duckdb", "sqlglot", "networkx", "rich"),
    *("sklearn.compose", "sklearn.ensemble", "sklearn.inspection", "skops.io", "optuna"),
    *("mlflow", "mlflow.store.tracking.sqlalchemy_store", "alembic"),
    *("dagster", "dagster_dbt", "dbt.cli.main", "dbt.adapters.duckdb"),
    *("evidently", "matplotlib.pyplot"),
)
"""Not BentoML: it reads from the environment where its home is, as it is imported."""


def started_server(socket: Path, packages: Sequence[str] = ()) -> "subprocess.Popen[bytes]":
    """A server that is ready."""
    server = subprocess.Popen(
        [sys.executable, str(HERE / "server.py"), str(socket), *packages],
        env={**QUIET, **{name: os.environ[name] for name in os.environ if name != "PYTHONPATH"}},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,  # or Ctrl-C would end whoever ends the commands
    )
    assert server.stdout is not None
    assert server.stdout.readline() == b"ready\n"
    return server


@cache
def preloaded_scripts() -> Path:
    """Folder with `mlops`, `dg` and `python FILE`, for `PATH`; its server ends with this process.

    It ends with it whatever becomes of it, because it reads from a pipe that nobody else holds.
    """
    folder = Path(tempfile.mkdtemp(prefix="preloaded-"))
    socket = folder / "socket"
    server = started_server(socket, PACKAGES)
    atexit.register(_end, server, folder)
    for name, script in FORKED.items():
        client = map(str, (sys.executable, "-IS", HERE / "client.py", socket, *script))
        file = folder / name
        file.write_text(f'#!/bin/sh\nexec {shlex.join(client)} "$@"\n')
        file.chmod(0o700)
    return folder


def with_preloaded(environment: Mapping[str, str]) -> dict[str, str]:
    """The `PATH` of an environment, with these scripts before all others."""
    return {"PATH": os.pathsep.join([str(preloaded_scripts()), environment["PATH"]])}


def _end(server: "subprocess.Popen[bytes]", folder: Path) -> None:
    with server:
        assert server.stdin is not None
        server.stdin.close()
    shutil.rmtree(folder)
