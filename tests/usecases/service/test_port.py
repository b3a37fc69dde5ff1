"""A port is announced only where it is our own, and who has it is named."""

import os
import socket
import sys

import pytest

from mlops_platform.errors import ServingError
from mlops_platform.usecases.service.port import listens, refuse_taken_port
from tests.ports import free_port


def test_a_taken_port_names_who_has_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as foreign:
        port = foreign.getsockname()[1]
        for host in ("127.0.0.1", "0.0.0.0"):
            with pytest.raises(ServingError, match=f"--port: {port} is taken by") as refused:
                refuse_taken_port(host, port)
            assert f"process {os.getpid()} (`" in str(refused.value)
            assert os.path.basename(sys.executable) in str(refused.value)


def test_a_free_port_is_taken_and_left_free() -> None:
    port = free_port()
    for _ in range(2):
        refuse_taken_port("127.0.0.1", port)


def test_a_port_with_remains_of_ended_connections_is_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            accepted, _ = server.accept()
            accepted.close()  # the side that closes first remains
    refuse_taken_port("127.0.0.1", port)


def test_an_address_of_another_machine_is_refused_with_its_reason() -> None:
    with pytest.raises(ServingError, match=r"192\.0\.2\.1, port 3001 cannot be listened on"):
        refuse_taken_port("192.0.2.1", 3001)


def test_whose_port_it_is_is_known() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert listens(os.getpid(), port)
        # What only connects to it does not listen there.
        with socket.create_connection(("127.0.0.1", port)) as client:
            assert not listens(os.getpid(), client.getsockname()[1])
    assert not listens(os.getpid(), port)
    assert not listens(2**22, port)
