"""Who listens on a port: a service is announced only where it is our own."""

from __future__ import annotations

import errno
import shlex
import socket
from collections.abc import Iterable
from typing import TYPE_CHECKING

from mlops_platform.errors import ServingError

if TYPE_CHECKING:
    import psutil


def refuse_taken_port(host: str, port: int) -> None:
    """Refuse a port that cannot be listened on, naming who has it.

    Args:
        host: an IP address.

    Raises:
        ServingError: another process listens on it, or the address is none of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        # As the server does: what is left of connections that have ended is in nobody's way.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise ServingError(
                    f"--host, --port: {host}, port {port} cannot be listened on "
                    f"({error.strerror}). Give an address of this machine and a port from 1024."
                ) from error
            raise ServingError(
                f"--port: {port} is taken by {_listener(port)}. End it, or give another port."
            ) from error


def listens(process_id: int, port: int) -> bool:
    """Whether a process, or one that it has started, listens on a port."""
    import psutil

    try:
        process = psutil.Process(process_id)
        family = [process, *process.children(recursive=True)]
    except psutil.Error:
        return False
    return any(_has(member, port) for member in family)


def _has(process: psutil.Process, port: int) -> bool:
    import psutil

    try:
        return _on_port(process.net_connections("tcp"), port)
    except (psutil.Error, OSError):
        return False  # it has ended, or is somebody else's


def _on_port(connections: Iterable[psutil._ntuples.pconn], port: int) -> bool:
    import psutil

    return any(
        connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
        for connection in connections
    )


def _listener(port: int) -> str:
    import psutil

    for process in psutil.process_iter():
        if _has(process, port):
            try:
                return f"process {process.pid} (`{shlex.join(process.cmdline())}`)"
            except psutil.Error:
                break
    return "a process of another user"
