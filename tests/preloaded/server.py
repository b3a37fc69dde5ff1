"""The process that commands are forked from, until its input ends.

`python server.py SOCKET [PACKAGE ...]`

Nothing of the project stays imported, whose copies in other folders are what commands run.
"""

import gc
import json
import os
import runpy
import selectors
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import numpy

PROJECT = Path(__file__).parents[2]
MOST_BYTES = 1 << 16


class Request(NamedTuple):
    """A command: a script and its arguments, and what it inherits."""

    arguments: list[str]
    environment: dict[str, str]
    folder: str


def serve(path: str, packages: Sequence[str]) -> Request | None:
    """Import packages, and fork for each connection.

    Returns:
        In the process of a command what it is to be; else None, when the input has ended.
    """
    for name in packages:
        import_module(name)
    # MLflow has loaded the project's plugin, whose code is the same wherever it is copied to.
    for name in [name for name in sys.modules if name.partition(".")[0] == "mlops_platform"]:
        del sys.modules[name]
    gc.collect()
    gc.freeze()
    with socket.socket(socket.AF_UNIX) as listener, selectors.DefaultSelector() as ready:
        listener.bind(path)
        listener.listen()
        ready.register(listener, selectors.EVENT_READ)
        ready.register(sys.stdin, selectors.EVENT_READ)
        os.write(sys.stdout.fileno(), b"ready\n")
        while [key.fileobj for key, _ in ready.select()] == [listener]:
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            connection, _ = listener.accept()
            with connection:
                if os.fork() == 0:
                    return _attend(connection)
    return None


def _attend(connection: socket.socket) -> Request:
    """Fork the command of a connection; kill its group where the other end goes first."""
    received, descriptors, *_ = socket.recv_fds(connection, MOST_BYTES, 3)
    while not received.endswith(b"\n"):
        more = connection.recv(MOST_BYTES)
        if not more:
            os._exit(0)
        received += more
    command = os.fork()
    if command == 0:
        _inherit(descriptors)
        return Request(**json.loads(received))
    with suppress(PermissionError):  # it leads one already, and a session of its own
        os.setpgid(command, command)
    for descriptor in descriptors:
        os.close(descriptor)
    with selectors.DefaultSelector() as ready:
        ready.register(os.pidfd_open(command), selectors.EVENT_READ)
        ready.register(connection, selectors.EVENT_READ)
        if connection in [key.fileobj for key, _ in ready.select()]:
            with suppress(ProcessLookupError):
                os.killpg(command, signal.SIGKILL)
    _, status = os.waitpid(command, 0)
    with suppress(BrokenPipeError):
        connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _inherit(descriptors: Sequence[int]) -> None:
    """Lead a group of its own, with the streams of whoever asked."""
    os.setpgid(0, 0)
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)


def become(request: Request) -> int | str:
    """Run the script as an interpreter that has just begun would, up to its exit code."""
    os.chdir(request.folder)
    os.environ.clear()
    os.environ.update(request.environment)
    time.tzset()
    tempfile.tempdir = None
    numpy.random.seed()
    paths = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    sys.argv = request.arguments
    sys.path[:1] = [str(Path(sys.argv[0]).absolute().parent), *paths]
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
    except SystemExit as ended:
        return 0 if ended.code is None else ended.code
    return 0


if __name__ == "__main__":
    leaving = runpy.run_path(str(PROJECT / "mlops_platform" / "__main__.py"))["Leaving"]()
    leaving.register()
    request = serve(sys.argv[1], sys.argv[2:])
    leaving.code = 0 if request is None else become(request)
    sys.exit(leaving.code)
