"""Rows past the parser: what they are told, and what is left to it."""

import json
import random
import re
import time
from pathlib import Path
from typing import Any

import pytest

from mlops_platform.serving.border.shortcut import LONGEST_HEAD, MOST_HEADS, Shortcut
from mlops_platform.serving.runtime import RuntimeSettings
from tests.e2e.flights import until
from tests.serving.border.conftest import Client, MakeGuarded
from tests.serving.quick.test_quick_rows import MOMENT, bodies_of

ADDRESS = ("127.0.0.1", 3000)
BODY = b'{"a":1}'
HEADERS = [
    (b"host", b"localhost"),
    (b"content-type", b"application/json"),
    (b"content-length", b"%d" % len(BODY)),
]
UNREPEATED = re.compile(rb'"request_id":"[^"]+"|x-request-id: [^\r]+|date: [^\r]+')
BODIES = 2000


def request_of(body: bytes, *headers: str, length: int | None = None) -> bytes:
    """A row as a client sends it in one piece."""
    lines = ["POST /v1/predict HTTP/1.1", "Host: localhost", "Content-Type: application/json"]
    lines += [f"Content-Length: {len(body) if length is None else length}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def asked(client: Client, request: bytes) -> bytes:
    """The whole answer, as it came over the wire."""
    client.send(request)
    answer, rest = answer_of(client)
    assert rest == b""
    return answer


def answer_of(client: Client, got: bytes = b"") -> tuple[bytes, bytes]:
    """The next answer, and what came with it of the one after that.

    Args:
        got: what has come of it already.
    """
    while True:
        head, end, rest = got.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        if end and length is not None and len(rest) >= int(length[1]):
            size = len(head) + len(end) + int(length[1])
            return got[:size], got[size:]
        part = client.socket.recv(65536)
        assert part, got
        got += part


@pytest.fixture
def body(row: dict[str, Any]) -> bytes:
    """A usual row."""
    return json.dumps(row).encode()


def test_thousands_of_requests_are_answered_and_logged_as_by_the_application(
    guarded: MakeGuarded, usual_rows: list[dict[str, Any]], tmp_path: Path
) -> None:
    rng, bodies = random.Random(5), bodies_of(usual_rows, BODIES)
    odd = ["Accept: */*", "X-Request-Id: a-1", "Content-Encoding: gzip", "Connection: keep-alive"]
    headers = [[rng.choice(odd)] if rng.random() < 0.2 else [] for _ in bodies]
    told, servers = [], []
    for name in ("short", "long"):
        server = guarded(RuntimeSettings(log=tmp_path / name))
        server.service.worker.roles.champion.scorer.require_pipeline()  # it rounds otherwise
        client, answers = server.connect(), []
        for body, own in zip(bodies, headers, strict=True):
            # An id is never the same again, so that the parser sees it.
            sent = own if name == "short" else [*own, f"X-Trace: {len(answers)}"]
            answers.append(UNREPEATED.sub(b"", asked(client, request_of(body, *sent))))
        lines = [
            MOMENT.sub(b"", UNREPEATED.sub(b"", line))
            for file in (tmp_path / name).glob("predictions-*.jsonl")
            for line in file.read_bytes().splitlines()
        ]
        told.append((answers, lines))
        servers.append(server)
    assert told[0] == told[1]
    assert len(servers[0].unparsed) > 0.5 * BODIES
    assert servers[1].unparsed == []
    for name in ("mlops_requests_total", "mlops_predictions_total", "mlops_missing_values_total"):
        short, long = (server.service.metric(name) for server in servers)
        assert short == long > 0
    assert len({answer[:12] for answer in told[0][0]}) > 2


def test_a_head_is_known_on_every_connection_once_it_was_parsed(
    guarded: MakeGuarded, body: bytes
) -> None:
    server = guarded()
    for _ in range(3):
        assert asked(server.connect(), request_of(body)).startswith(b"HTTP/1.1 200 OK\r\n")
    assert server.unparsed == [body, body]


def test_what_comes_in_parts_or_together_is_parsed(guarded: MakeGuarded, body: bytes) -> None:
    server, request = guarded(), request_of(body)
    client = server.connect()
    asked(client, request)
    for at in (10, len(request) - len(body), len(request) - 1):
        client.send(request[:at])
        time.sleep(0.05)
        assert asked(client, request[at:]).startswith(b"HTTP/1.1 200")
    client.send(request + request)
    # They may come in one piece, too.
    first, begun = answer_of(client)
    second, rest = answer_of(client, begun)
    assert [answer[:12] for answer in (first, second)] == [b"HTTP/1.1 200"] * 2
    assert rest == b""
    assert server.unparsed == []


def test_a_token_that_is_taken_away_is_refused_though_its_head_is_known(
    guarded: MakeGuarded, body: bytes, tmp_path: Path
) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text("one\n")
    server = guarded(RuntimeSettings(tokens_file=tokens))
    client, request = server.connect(), request_of(body, "Authorization: Bearer one")
    for _ in range(2):
        assert asked(client, request).startswith(b"HTTP/1.1 200")
    assert len(server.unparsed) == 1
    assert asked(client, request_of(body)).startswith(b"HTTP/1.1 401")
    tokens.write_text("another\n")
    until(lambda: asked(client, request).startswith(b"HTTP/1.1 401"), 20)


def test_a_connection_that_only_asks_past_the_parser_is_kept_and_closed_in_time(
    guarded: MakeGuarded, body: bytes
) -> None:
    server = guarded(keep_alive=1)
    asked(server.connect(), request_of(body))
    client, began = server.connect(), time.monotonic()
    while time.monotonic() - began < 2.5:
        asked(client, request_of(body))
        time.sleep(0.1)
    asked_last = time.monotonic()
    assert client.rest() == b""
    assert 0.5 < time.monotonic() - asked_last < 5
    assert len(server.unparsed) > 10
    assert server.ended("idle") == 0


def test_a_service_that_drains_keeps_no_connection_for_known_heads_either(
    guarded: MakeGuarded, body: bytes, tmp_path: Path
) -> None:
    drain_file = tmp_path / "draining"
    server = guarded(RuntimeSettings(drain_file=drain_file), head_seconds=0.5)
    client = server.connect()
    for _ in range(2):
        asked(client, request_of(body))
    drain_file.touch()
    until(lambda: b"connection: close" in asked(server.connect(), request_of(body)), 20)


def test_a_head_is_forgotten_rather_than_kept_without_end() -> None:
    shortcut = Shortcut("/v1/predict", lambda scope, body: b"\r\n" + body)
    for number in range(MOST_HEADS + 1):
        remember(shortcut, request_of(BODY, f"X-Own: {number}"), (b"x-own", b"%d" % number))
    assert shortcut.answer(request_of(BODY, "X-Own: 0"), ADDRESS, []) is None
    assert shortcut.answer(request_of(BODY, f"X-Own: {MOST_HEADS}"), ADDRESS, []) is not None


def remember(shortcut: Shortcut, request: bytes, *headers: tuple[bytes, bytes]) -> None:
    scope = {"type": "http", "method": "POST", "path": "/v1/predict", "server": ADDRESS}
    shortcut.remember(request, scope | {"headers": [*HEADERS, *headers]})


@pytest.mark.parametrize(
    "header",
    [
        "Transfer-Encoding: chunked",
        "Expect: 100-continue",
        "Upgrade: h2c",
        "Connection: close",
        "X-Request-Id: one",
        "Host: localhost",
        f"X-Long: {'x' * LONGEST_HEAD}",
    ],
)
def test_an_odd_head_is_not_remembered(header: str) -> None:
    shortcut = Shortcut("/v1/predict", lambda scope, body: b"\r\n" + body)
    request = request_of(BODY, header)
    name, _, value = header.partition(": ")
    remember(shortcut, request, (name.lower().encode(), value.encode()))
    assert shortcut.answer(request, ADDRESS, []) is None


def test_the_body_is_as_long_as_the_head_says_and_came_in_on_the_same_address() -> None:
    shortcut = Shortcut("/v1/predict", lambda scope, body: b"\r\n" + body)
    request = request_of(BODY)
    remember(shortcut, request)
    assert shortcut.answer(request, ADDRESS, [(b"server", b"x")]) == (
        b"HTTP/1.1 200 OK\r\nserver: x\r\n\r\n" + BODY
    )
    assert shortcut.answer(request + b" ", ADDRESS, []) is None
    assert shortcut.answer(request[:-1], ADDRESS, []) is None
    assert shortcut.answer(request, ("10.0.0.7", 3000), []) is None


def test_a_head_that_lies_about_its_length_is_not_remembered() -> None:
    shortcut = Shortcut("/v1/predict", lambda scope, body: b"\r\n" + body)
    request = request_of(BODY + b"GET / HTTP/1.1", length=len(BODY))
    remember(shortcut, request)
    assert shortcut.answer(request, ADDRESS, []) is None
