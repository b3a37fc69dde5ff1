"""Load on one server: wrk, and what the server's processes took meanwhile."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import psutil

CONNECTIONS = 32
SCRIPT = """
wrk.method = "POST"
%(headers)s
%(delay)s
local bodies, requests, sent = {%(bodies)s}, {}, 0
function init()
  for number, body in ipairs(bodies) do
    requests[number] = wrk.format(nil, nil, nil, body)
  end
end
function request()
  sent = sent %% #requests + 1
  return requests[sent]
end
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    '{"requests": %%d, "microseconds": %%d, "errors": %%d, "p50": %%f, "p95": %%f, "p99": %%f}\\n',
    summary.requests, summary.duration, e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50), latency:percentile(95), latency:percentile(99)))
end
"""
DELAY = "function delay() return %d end"


@dataclass(frozen=True)
class Load:
    """What came of one load.

    Attributes:
        p50, p95, p99: milliseconds.
        errors: answers other than 2xx and 3xx, and connections that broke.
        cpu_seconds: of all processes of the server, per 1,000 requests.
    """

    requests_per_second: float
    p50: float
    p95: float
    p99: float
    errors: int
    cpu_seconds: float


class Request(NamedTuple):
    """What is sent again and again: one body after the other."""

    url: str
    bodies: Sequence[bytes]
    headers: Mapping[str, str]


def put_load(
    request: Request,
    server: psutil.Process,
    scratch: Path,
    *,
    seconds: int,
    delay_milliseconds: int = 0,
) -> Load:
    """Send requests again and again on 32 connections, each after the answer to the last.

    Args:
        delay_milliseconds: each connection's pause before a request; 0 asks for all there is.
    """
    script = scratch / "load.lua"
    lines = {"Content-Type": "application/json", **request.headers}.items()
    script.write_text(
        SCRIPT
        % {
            "bodies": ",".join(_lua(body.decode()) for body in request.bodies),
            "headers": "\n".join(f"wrk.headers[{_lua(k)}] = {_lua(v)}" for k, v in lines),
            "delay": DELAY % delay_milliseconds if delay_milliseconds else "",
        }
    )
    before = cpu_seconds_of(server)
    command = [_wrk(), "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "10s"]
    output = subprocess.run(
        [*command, "-s", str(script), request.url], capture_output=True, text=True, check=True
    ).stdout
    summary = json.loads(output.strip().splitlines()[-1])
    answered = max(summary["requests"] - summary["errors"], 1)
    return Load(
        requests_per_second=answered / summary["microseconds"] * 1e6,
        p50=summary["p50"] / 1000,
        p95=summary["p95"] / 1000,
        p99=summary["p99"] / 1000,
        errors=summary["errors"],
        cpu_seconds=(cpu_seconds_of(server) - before) / answered * 1000,
    )


def cpu_seconds_of(server: psutil.Process) -> float:
    """User and system time of a server and its workers."""
    return sum(sum(process.cpu_times()[:2]) for process in _tree(server))


def cpu_nanoseconds_of(server: psutil.Process) -> int:
    """The same, finer: `cpu_times` counts in hundredths of a second."""
    return sum(
        int(schedule.read_text().split()[0])
        for process in _tree(server)
        for schedule in Path(f"/proc/{process.pid}/task").glob("*/schedstat")
    )


def proportional_megabytes(server: psutil.Process) -> float:
    """Memory of a server and its workers; a page that some share counts in part for each."""
    return sum(process.memory_full_info().pss for process in _tree(server)) / 1e6


def _tree(server: psutil.Process) -> list[psutil.Process]:
    return [server, *server.children(recursive=True)]


def _wrk() -> str:
    found = shutil.which("wrk")
    if found is None:
        raise RuntimeError("The load generator wrk is missing: `apt-get install wrk`.")
    return found


def _lua(text: str) -> str:
    return json.dumps(text)
