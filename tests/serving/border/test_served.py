"""The border of a real Bento, under `bentoml serve` with two workers."""

import socket

from mlops_platform.serving.packing.server import RunningBento
from tests.serving.border.conftest import Client
from tests.serving.conftest import Ask


def _connected(server: RunningBento) -> Client:
    return Client(socket.create_connection(("127.0.0.1", server.port), timeout=20))


def test_every_worker_of_bentoml_keeps_the_limits(server: RunningBento, ask: Ask) -> None:
    for _ in range(6):  # whichever worker takes it
        attacker = _connected(server)
        attacker.send(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Endless: " + b"x" * 70_000)
        attacker.send(b"x" * 70_000)
        assert attacker.answer()[0] == 431
    assert 'mlops_connections_ended_total{model="flight_delay",reason="head-too-large"} 6.0' in (
        ask("GET", "/metrics").text
    )


def test_a_rebound_name_reaches_no_page_of_bentoml_either(server: RunningBento) -> None:
    for path in ("/v1/model", "/metrics", "/static_content/swagger-ui.css"):
        client = _connected(server)
        client.send(f"GET {path} HTTP/1.1\r\nHost: rebound.example.com\r\n\r\n".encode())
        assert client.answer()[0] == 421
