"""What a newcomer sees of the demo: on a terminal, where Ctrl-C is pressed, and through a pipe."""

import os
import re
import subprocess
import time
import urllib.request
from contextlib import suppress

import pytest

from tests.e2e.conftest import DEADLINE_SECONDS
from tests.e2e.interrupting import interrupt_demo_in
from tests.ports import free_port

pytestmark = pytest.mark.slow

PHASES = [
    *("land", "build features", "train, judge and release"),
    *("2013-01-28", "2013-02-04", "sum up"),
]
PHASE = re.compile(r"✓ (.+?) +([\d.]+ s)")


def test_ctrl_c_is_one_sentence_and_code_130(untrained) -> None:
    interrupt_demo_in(untrained, "flight_delay__candidate", "--windows", "1")


def test_a_piped_demo_is_a_line_per_phase_and_one_screen_whose_last_line_serves(
    first_demo, tmp_path
) -> None:
    deployment, lines = first_demo

    phases, summary = lines[: len(PHASES)], lines[len(PHASES) + 1 :]
    assert [PHASE.fullmatch(line)[1] for line in phases] == PHASES
    assert lines[len(PHASES)] == ""
    assert len(summary) <= 40
    paths = [line for line in summary if str(deployment.home) in line]
    assert [line for line in summary if len(line) > 80 and line not in paths] == []
    tables = (deployment.settings.demo / "summary.txt").read_text()
    for text in ("criterion of the gate", "log loss by window", "retrainings"):
        assert text in tables

    port = free_port()
    serve = re.sub(r"--port \d+", f"--port {port}", lines[-1])
    assert serve != lines[-1]
    (home,) = [line for line in summary if line.lstrip().startswith("export MLOPS_HOME=")]
    # As they stand, in a folder and an environment that know nothing of the platform.
    known = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
    with (
        (tmp_path / "service.log").open("w") as log,
        subprocess.Popen(
            f"{home}; exec {serve} --shutdown-delay 0",
            shell=True,
            cwd=tmp_path,
            stdout=log,
            stderr=log,
            env={**known, "PATH": deployment.environment["PATH"]},
        ) as service,
    ):
        try:
            _wait_until_ready(service, port)
        finally:
            service.terminate()


def _wait_until_ready(service: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        assert service.poll() is None
        assert time.monotonic() < deadline
        with suppress(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5).close()
            return
        time.sleep(0.3)
