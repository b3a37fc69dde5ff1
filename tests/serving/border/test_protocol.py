"""Attacks before authentication, on real sockets; what they must not cost anybody else."""

import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable

import pytest

from mlops_platform.serving.border.connections import TURNED_AWAY
from mlops_platform.serving.runtime import RuntimeSettings
from tests.e2e.flights import until
from tests.serving.border.conftest import Guarded, MakeGuarded

LIMIT = 64 * 1024
HEAD = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n"
PREDICT = b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


@pytest.mark.fault(
    "a header without end is sent before any token",
    "it is refused after 64 KB, and others are answered meanwhile",
)
def test_an_endless_header_is_refused_and_nobody_waits_for_it(
    guarded: MakeGuarded, observe: Callable[[str], None]
) -> None:
    server = guarded()
    attacker, sent = server.connect(), 0
    attacker.send(HEAD + b"X-Endless: ")
    while sent < 100 * LIMIT and server.ended("head-too-large") == 0:
        attacker.send(b"x" * 4096)
        sent += 4096
    assert server.get("/livez") == 200
    assert LIMIT < sent < 100 * LIMIT
    status, problem = attacker.answer()
    assert (status, problem["type"]) == (431, "urn:mlops-platform:problem:head-too-large")
    assert "MLOPS_SERVING_HEAD_KILOBYTES" in problem["detail"]
    observe("431 `head-too-large`; `/livez` answered 200")


def test_the_byte_too_much_is_refused_though_nothing_follows_it(guarded: MakeGuarded) -> None:
    client = guarded(head_seconds=60).connect()
    client.send(HEAD + b"X-Endless: " + b"x" * LIMIT)
    assert client.answer()[0] == 431


def test_whole_headers_may_not_be_larger_either(guarded: MakeGuarded) -> None:
    server = guarded()
    client = server.connect()
    client.send(HEAD + b"".join(b"X-%d: %s\r\n" % (n, b"x" * 900) for n in range(80)) + b"\r\n")
    assert client.answer()[0] == 431
    client = server.connect()
    client.send(HEAD + b"".join(b"X-%d: %s\r\n" % (n, b"x" * 900) for n in range(60)) + b"\r\n")
    assert client.socket.recv(65536).startswith(b"HTTP/1.1 200")


def test_a_large_body_is_no_large_head(guarded: MakeGuarded, row: dict[str, object]) -> None:
    connection = guarded().http()
    body = json.dumps({"rows": [row]}) + " " * (8 * LIMIT)
    for _ in range(2):
        connection.request("POST", "/v1/predict_batch", body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        assert (response.status, len(json.loads(response.read())["predictions"])) == (200, 1)


def test_a_body_cannot_smuggle_endless_headers_in(guarded: MakeGuarded) -> None:
    attacker = (server := guarded()).connect()
    attacker.send(PREDICT + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX-Trailer: ")
    sent = 0
    while sent < 100 * LIMIT and attacker.send(b"x" * 4096):
        sent += 4096
    assert sent < 100 * LIMIT
    assert server.ended("head-too-large") == 1


def test_a_body_in_chunks_may_be_large(guarded: MakeGuarded, row: dict[str, object]) -> None:
    client, body = guarded().connect(), json.dumps(row).encode() + b" " * 3 * LIMIT
    client.send(PREDICT + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(body))
    client.send(body)
    client.send(b"\r\n0\r\n\r\n")
    assert client.socket.recv(65536).startswith(b"HTTP/1.1 200")


def test_a_body_that_nobody_waits_for_keeps_nothing_open(guarded: MakeGuarded) -> None:
    server = guarded(head_seconds=0.5)
    client = server.connect()
    client.send(b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n")
    assert client.socket.recv(65536).startswith(b"HTTP/1.1 404")
    while server.ended("idle") == 0 and client.send(b"x"):
        time.sleep(0.01)
    assert server.ended("idle") == 1


@pytest.mark.fault(
    "headers drip in byte by byte",
    "the connection ends in the time that a head may take",
)
def test_dripping_headers_end_in_time(guarded: MakeGuarded, observe: Callable[[str], None]) -> None:
    server = guarded(head_seconds=0.5)
    client, began = server.connect(), time.monotonic()
    dripping = iter(HEAD + b"X-Slow: " + b"x" * 10_000)
    while server.ended("slow-head") == 0 and client.send(bytes([next(dripping)])):
        time.sleep(0.01)
    assert time.monotonic() - began >= 0.5
    status, problem = client.answer()
    assert (status, problem["type"]) == (408, "urn:mlops-platform:problem:slow-head")
    observe("408 `slow-head`, counted")


def test_the_head_of_a_later_request_is_timed_from_its_own_beginning(guarded: MakeGuarded) -> None:
    server = guarded(head_seconds=0.5)
    connection = server.http()
    for _ in range(2):
        connection.request("GET", "/livez")
        assert connection.getresponse().read()
        time.sleep(0.8)  # between two requests it is uvicorn's keep-alive time that counts
    connection.sock.sendall(HEAD)
    time.sleep(0.2)
    connection.sock.sendall(b"\r\n")
    assert connection.sock.recv(65536).startswith(b"HTTP/1.1 200")


def test_what_is_sent_after_an_answer_and_is_no_request_keeps_nothing_open(
    guarded: MakeGuarded,
) -> None:
    server = guarded(head_seconds=0.5)
    client = server.connect()
    client.send(HEAD + b"\r\n")
    assert client.socket.recv(65536).startswith(b"HTTP/1.1 200")
    while server.ended("slow-head") == 0 and client.send(b"\r\n"):
        time.sleep(0.01)
    assert client.answer()[0] == 408


def test_a_request_may_take_longer_than_its_head(
    guarded: MakeGuarded, row: dict[str, object]
) -> None:
    client = guarded(head_seconds=0.2).connect()
    body = json.dumps(row).encode()
    client.send(PREDICT + b"Content-Length: %d\r\n\r\n" % len(body))
    time.sleep(0.6)
    client.send(body)
    assert client.socket.recv(65536).startswith(b"HTTP/1.1 200")


@pytest.mark.fault(
    "connections are opened that never say anything",
    "they are closed in time, and counted",
)
def test_silent_connections_are_closed(
    guarded: MakeGuarded, observe: Callable[[str], None]
) -> None:
    server = guarded(head_seconds=0.2)
    silent = [server.connect() for _ in range(30)]
    assert [client.rest() for client in silent] == [b""] * 30
    assert server.ended("idle") == 30
    observe("30 of 30 closed without an answer")


@pytest.mark.fault(
    "silent connections fill a worker",
    "those that ask take their places",
)
def test_silent_connections_give_way_to_those_that_ask(
    guarded: MakeGuarded, observe: Callable[[str], None]
) -> None:
    server = guarded(head_seconds=5.0, connections=20)
    for _ in range(20):
        server.connect()
    time.sleep(0.6)  # those that have just come stay
    answers = [server.get("/livez") for _ in range(5)]
    assert answers == [200] * 5
    assert server.ended("too-many-connections") == 0
    assert server.ended("made-room") >= 1
    observe("5 requests answered 200, none turned away")


@pytest.mark.fault(
    "more connections ask at once than a worker may have",
    "the ones too many are told so, the others answered",
)
def test_a_full_worker_says_so_and_answers_those_that_it_has(
    guarded: MakeGuarded, row: dict[str, object], observe: Callable[[str], None]
) -> None:
    server = guarded(connections=20)
    body = json.dumps(row).encode()
    asking = [server.connect() for _ in range(20)]
    for client in asking:
        client.send(PREDICT + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body))
        assert client.socket.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"  # it is being answered
    for _ in range(3):
        turned_away = server.connect()
        turned_away.send(HEAD + b"\r\n")
        status, problem = turned_away.answer()
        assert (status, problem["type"].rpartition(":")[2]) == (503, "too-many-connections")
        assert "20 are open already (`MLOPS_SERVING_MAX_CONNECTIONS`)" in problem["detail"]
    for client in asking:
        client.send(body)
        assert client.socket.recv(65536).startswith(b"HTTP/1.1 200")
    assert server.ended("too-many-connections") == 3
    observe("503 `too-many-connections` three times; 20 answered 200")


def test_of_those_too_many_only_some_are_told(guarded: MakeGuarded) -> None:
    server = guarded(connections=1)
    clients = [server.connect()]
    clients[0].send(PREDICT + b"Expect: 100-continue\r\nContent-Length: 9\r\n\r\n")
    assert clients[0].socket.recv(65536)
    clients += [server.connect() for _ in range(TURNED_AWAY + 10)]
    assert [client.rest() for client in clients[-10:]] == [b""] * 10
    assert server.ended("too-many-connections") == TURNED_AWAY
    assert server.ended("cut-off") == 10


def test_a_flood_does_not_fill_the_log(
    guarded: MakeGuarded, caplog: pytest.LogCaptureFixture
) -> None:
    server = guarded(head_seconds=0.4)
    for client in [server.connect() for _ in range(50)]:
        client.rest()
    until(lambda: _told(caplog) != [], 20)
    lines = _told(caplog)
    assert len(lines) < 5
    assert "idle" in lines[0]
    assert "the latest was from 127.0.0.1" in lines[0]


def _told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [text for text in caplog.messages if text.startswith("ended connections")]


@pytest.mark.fault(
    "all attacks at the border go on at once",
    "others are answered",
)
def test_others_are_answered_while_all_attacks_go_on(
    guarded: MakeGuarded, observe: Callable[[str], None]
) -> None:
    server, over = guarded(connections=200), threading.Event()
    attackers = [threading.Thread(target=_attack, args=(server, over, n)) for n in range(4)]
    for attacker in attackers:
        attacker.start()
    try:
        until(lambda: server.ended("head-too-large") > 0, 20)
        assert [server.get("/livez") for _ in range(50)] == [200] * 50
    finally:
        over.set()
        for attacker in attackers:
            attacker.join()
    observe("every request of the others answered")


def _attack(server: Guarded, over: threading.Event, number: int) -> None:
    while not over.is_set():
        client = server.connect()
        if number % 2:
            client.send(HEAD + b"X: " + b"x" * 2 * LIMIT)
        over.wait(0.05)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:3001", 200),
        ("LOCALHOST", 200),
        ("models.localhost", 200),
        ("127.0.0.1:3001", 200),
        ("[::1]:3001", 200),
        ("192.0.2.7", 200),
        ("models.example.org", 200),
        ("rebound.example.com", 421),
        ("localhost.example.com:3001", 421),
        ("127.0.0.1.example.com", 421),
    ],
)
def test_a_page_of_another_name_cannot_ask_loopback(
    guarded: MakeGuarded, host: str, status: int
) -> None:
    server = guarded(hosts=("models.example.org",))
    assert server.get("/readyz", Host=host) == status
    assert server.ended("unknown-host") == (status == 421)


def test_a_refused_name_is_told_which_setting_allows_it(guarded: MakeGuarded) -> None:
    client = guarded().connect()
    client.send(b"GET / HTTP/1.1\r\nHost: rebound.example.com\r\n\r\n")
    status, problem = client.answer()
    assert status == 421
    assert "MLOPS_SERVING_HOSTS" in problem["detail"]
    assert "rebound.example.com" in problem["detail"]


def test_while_it_drains_it_is_not_ready_and_keeps_no_connection(
    guarded: MakeGuarded, tmp_path_factory: pytest.TempPathFactory
) -> None:
    drain_file = tmp_path_factory.mktemp("home") / "draining"
    server = guarded(RuntimeSettings(drain_file=drain_file), head_seconds=0.5)
    assert server.get("/readyz") == 200
    drain_file.touch()
    assert server.get("/readyz") == 503  # at once
    time.sleep(0.2)
    connection = server.http()
    connection.request("GET", "/livez")
    response = connection.getresponse()
    assert (response.status, response.getheader("connection")) == (200, "close")


@pytest.mark.parametrize(
    ("limits", "wanted", "most", "files"),
    [
        ((1024, 1024), 5000, 832, 1024),
        ((1024, 1024), 500, 500, 1024),
        ((1024, 4096), 1000, 1000, 2128),
        ((1024, 4096), 5000, 3904, 4096),
    ],
)
def test_no_more_connections_than_files_are_taken(
    limits: tuple[int, int], wanted: int, most: int, files: int
) -> None:
    # In a process of its own: a limit that was lowered can hardly be raised again.
    code = f"""
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, {limits})
from mlops_platform.serving.border.connections import Connections
from mlops_platform.serving.border.limits import BorderLimits
most = Connections(BorderLimits(connections={wanted}), None).most
print(most, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.split() == [str(most), str(files)]


@pytest.mark.fault(
    "more than twice as many connections as a worker may have ask in one moment",
    "as many are told that there are too many as are answered; what is beyond is cut, and counted",
)
def test_of_a_burst_as_many_are_told_as_are_answered(
    guarded: MakeGuarded, row: dict[str, object], observe: Callable[[str], None]
) -> None:
    server = guarded(connections=200)
    waiting = PREDICT + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    answered = [server.connect() for _ in range(199)]
    for client in answered:
        client.send(waiting)
        assert client.socket.recv(65536).startswith(b"HTTP/1.1 100")
    known, body = server.connect(), json.dumps(row).encode()
    request = PREDICT + b"Content-Length: %d\r\n\r\n" % len(body) + body
    known.send(request)
    assert known.socket.recv(65536).startswith(b"HTTP/1.1 200")
    server.goes_on.clear()  # what comes now comes in one moment
    known.send(request)
    burst = [server.connect() for _ in range(250)]
    for client in burst:
        client.send(HEAD + b"\r\n")
    server.goes_on.set()
    assert known.socket.recv(65536).startswith(b"HTTP/1.1 200")
    said = Counter(client.rest()[:12] for client in burst)
    told, cut = said[b"HTTP/1.1 503"], said[b""]
    assert told >= 200
    assert told + cut == len(burst)
    assert (server.ended("too-many-connections"), server.ended("cut-off")) == (told, cut)
    for client in answered:
        client.send(b"{}")
        assert client.socket.recv(65536).startswith(b"HTTP/1.1 422")
    observe("200 answered, 200 times 503 at least of 250 more")
