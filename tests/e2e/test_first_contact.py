"""What a newcomer sees of the demo: on a terminal, where Ctrl-C is pressed, and through a pipe."""

import os
import pty
import re
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress

import psutil
import pytest

from tests.e2e.conftest import DEADLINE_SECONDS, SMALL_DEMO

pytestmark = pytest.mark.slow

INTERRUPTED = "Interrupted: what was finished is kept, and `mlops demo` again goes on where it was."
PHASE = re.compile(r"✓ (land|build features|train, judge and release|2013-01-28|sum up) +(\S.*)")


def _interrupted_on_a_terminal(deployment, step: str) -> tuple[int, str]:
    """Exit code and output of a demo on a terminal of which Ctrl-C is pressed while a step runs."""
    terminal, shown_to_it = pty.openpty()
    process = subprocess.Popen(
        ["setsid", "--ctty", "--wait", sys.executable, str(SMALL_DEMO), "--windows", "1"],
        cwd=deployment.project,
        env={**deployment.environment, "COLUMNS": "80", "TERM": "xterm"},
        stdin=shown_to_it,
        stdout=shown_to_it,
        stderr=shown_to_it,
    )
    os.close(shown_to_it)
    output, deadline, pressed = b"", time.monotonic() + DEADLINE_SECONDS, False
    with suppress(OSError):  # the terminal is gone when the process is
        while block := os.read(terminal, 65536):
            output += block
            assert time.monotonic() < deadline, output
            if step.encode() in output and not pressed:
                os.write(terminal, b"\x03")
                pressed = True
    os.close(terminal)
    return process.wait(60), output.decode()


@pytest.mark.parametrize("step", ["flight_delay__candidate", "flight_delay__bento"])
def test_ctrl_c_is_one_sentence_and_code_130(untrained, step: str) -> None:
    code, output = _interrupted_on_a_terminal(untrained, step)
    assert code == 130, output
    assert "Traceback" not in output
    assert "Warning" not in output
    assert output.rstrip().endswith(INTERRUPTED)
    marked = f"MLOPS_HOME={untrained.home}"
    assert not [
        process
        for process in psutil.process_iter()
        if marked in [f"{name}={text}" for name, text in _environment(process).items()]
    ]


def _environment(process: psutil.Process) -> dict[str, str]:
    try:
        return process.environ()
    except (psutil.Error, OSError):
        return {}


def test_a_piped_demo_is_a_line_per_phase_and_one_screen_whose_last_line_serves(
    untrained, tmp_path
) -> None:
    program = (sys.executable, str(SMALL_DEMO), "--windows", "1")
    lines = untrained.run(*program, COLUMNS="80").splitlines()

    phases, summary = lines[:5], lines[6:]
    assert [PHASE.fullmatch(line)[2] for line in phases[:2]] == ["done before"] * 2
    assert all(re.fullmatch(r"[\d.]+ s", PHASE.fullmatch(line)[2]) for line in phases[2:])
    assert lines[5] == ""
    assert len(summary) <= 40
    paths = [line for line in summary if str(untrained.home) in line]
    assert [line for line in summary if len(line) > 80 and line not in paths] == []
    tables = (untrained.settings.demo / "summary.txt").read_text()
    for text in ("criterion of the gate", "log loss by window", "retrainings"):
        assert text in tables

    serve = re.sub(r"--port \d+", f"--port {untrained.mlflow_port}", lines[-1])
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
            env={**known, "PATH": untrained.environment["PATH"]},
        ) as service,
    ):
        try:
            _wait_until_ready(service, untrained.mlflow_port)
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
