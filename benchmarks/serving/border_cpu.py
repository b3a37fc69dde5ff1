"""What the border costs a request: CPU of a server with uvicorn's own protocol, and with ours.

    .venv/bin/python -m benchmarks.serving.border_cpu

Two servers of one process each, with the same small application, are asked in turn on one kept
connection; their CPU time is the operating system's.
"""

import asyncio
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any

import psutil
import uvicorn

from benchmarks.processes import ROOT
from benchmarks.report import circumstances, markdown_table, write_report
from mlops_platform.serving.border.connections import Connections
from mlops_platform.serving.border.limits import BorderLimits
from mlops_platform.serving.border.protocol import guard_connections

TURNS, REQUESTS = 9, 10_000
BODY = b'{"distance_miles": 1400.0, "carrier": "UA", "air_time": 180.0, "origin": "JFK"}'
REQUEST = (
    b"POST /v1/predict HTTP/1.1\r\nHost: 127.0.0.1:3001\r\nAccept: */*\r\nUser-Agent: bench\r\n"
    b"Authorization: Bearer 0123456789abcdef\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n" % len(BODY)
) + BODY
ANSWER = b'{"probability":0.25,"decision":false,"model":"flight_delay","version":"3"}'
HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(ANSWER))]
PROTOCOLS = ("uvicorn's", "ours")


async def answer(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    """Take a body, and answer always the same."""
    while (await receive())["more_body"]:
        pass
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": ANSWER})


def serve(protocol: str, descriptor: int) -> None:
    """Answer on an open socket until the process is ended."""
    if protocol == "ours":
        worker: Any = SimpleNamespace(is_draining=False)
        guard_connections(Connections(BorderLimits(), worker))
    config = uvicorn.Config(answer, lifespan="off", log_config=None, server_header=False)
    asyncio.run(uvicorn.Server(config).serve([socket.socket(fileno=descriptor)]))


def main() -> None:
    """Measure both, turn by turn, and write a table."""
    start = circumstances("python -m benchmarks.serving.border_cpu")
    with ExitStack() as servers:
        ports, processes = zip(*(_started(name, servers) for name in PROTOCOLS), strict=True)
        turns = [
            [_cpu(port, process) for port, process in zip(ports, processes, strict=True)]
            for _ in range(TURNS + 1)
        ][1:]
    rows = [
        [name, f"{1e6 * median(seconds):.2f}", f"{1e6 * min(seconds):.2f}"]
        for name, seconds in zip(PROTOCOLS, zip(*turns, strict=True), strict=True)
    ]
    differences = [ours - theirs for theirs, ours in turns]
    spread = f"{1e6 * min(differences):.2f} to {1e6 * max(differences):.2f}"
    rows.append(["difference of a turn", f"{1e6 * median(differences):.2f}", spread])
    write_report(
        ROOT / "benchmarks" / "results" / "border_cpu.md",
        "CPU time that the limits of connections cost a request",
        f"One small answer to a POST of {len(BODY)} bytes, in microseconds of the server's CPU; "
        f"{TURNS} turns of {REQUESTS:,} requests each, both servers one after the other.",
        markdown_table(["protocol", "median", "least (of the difference: range)"], rows),
        start,
    )


def _started(protocol: str, servers: ExitStack) -> tuple[int, psutil.Process]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        server = subprocess.Popen(
            [sys.executable, "-m", __spec__.name, protocol, str(listener.fileno())],
            cwd=ROOT,
            pass_fds=(listener.fileno(),),
        )
    servers.callback(server.wait, 20)
    servers.callback(server.terminate)
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", "/", BODY)  # waits in the backlog until it has started
    assert connection.getresponse().status == 200
    connection.close()
    return port, psutil.Process(server.pid)


def _cpu(port: int, process: psutil.Process) -> float:
    """CPU seconds of the server by request."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        before = _used(process)
        for _ in range(REQUESTS):
            connection.sendall(REQUEST)
            text = b""
            while not text.endswith(ANSWER):  # the head comes alone
                text += connection.recv(4096)
        return (_used(process) - before) / REQUESTS


def _used(process: psutil.Process) -> float:
    # Nanoseconds of its only busy thread; `cpu_times` counts in hundredths of a second.
    return int(Path(f"/proc/{process.pid}/schedstat").read_text().split()[0]) / 1e9


if __name__ == "__main__":
    if len(sys.argv) == 3:
        serve(sys.argv[1], int(sys.argv[2]))
    else:
        main()
