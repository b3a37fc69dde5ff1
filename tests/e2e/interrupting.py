"""Ctrl-C on the terminal of a demo."""

import os
import pty
import subprocess
import sys
import time
from contextlib import suppress

import psutil

from tests.e2e.conftest import DEADLINE_SECONDS, SMALL_DEMO, Deployment

INTERRUPTED = "Interrupted: what was finished is kept, and `mlops demo` again goes on where it was."


def interrupt_demo_in(deployment: Deployment, step: str, *arguments: str) -> None:
    """Press Ctrl-C while a step runs.

    Raises:
        AssertionError: it does not end with one sentence and code 130, or leaves a process behind.
    """
    code, output = _interrupted(deployment, step, *arguments)
    assert code == 130, output
    assert "Traceback" not in output
    assert "Warning" not in output
    assert output.rstrip().endswith(INTERRUPTED)
    marked = f"MLOPS_HOME={deployment.home}"
    assert not [
        process
        for process in psutil.process_iter()
        if marked in [f"{name}={text}" for name, text in _environment(process).items()]
    ]


def _interrupted(deployment: Deployment, step: str, *arguments: str) -> tuple[int, str]:
    terminal, shown_to_it = pty.openpty()
    process = subprocess.Popen(
        ["setsid", "--ctty", "--wait", sys.executable, str(SMALL_DEMO), *arguments],
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


def _environment(process: psutil.Process) -> dict[str, str]:
    try:
        return process.environ()
    except (psutil.Error, OSError):
        return {}
