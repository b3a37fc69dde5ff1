"""A command's process ends at once, with nothing lost that an interpreter would have done."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ENDED = """
import atexit, sys, threading, time
from mlops_platform.__main__ import Leaving

leaving = Leaving()
leaving.register()


class TakenApart:
    def __del__(self):
        print("taken apart")


def later():
    time.sleep(0.2)
    print("the thread ended")


taken_apart = TakenApart()
atexit.register(print, "what was registered was called")
threading.Thread(target=later).start()
print("not flushed yet", end=" ")
leaving.code = {code!r}
sys.exit(leaving.code)
"""


def ended(code: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", ENDED.format(code=code)], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("code", [0, 3])
def test_threads_and_what_was_registered_are_waited_for(code: int) -> None:
    done = ended(code)

    assert done.returncode == code
    assert done.stdout == "not flushed yet the thread ended\nwhat was registered was called\n"
    assert done.stderr == ""


def test_what_no_number_says_is_left_to_the_interpreter() -> None:
    done = ended("a sentence")

    assert done.returncode == 1
    assert done.stderr == "a sentence\n"
    assert done.stdout.endswith("what was registered was called\ntaken apart\n")


def test_output_that_cannot_be_written_is_told_by_the_interpreter() -> None:
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", ENDED.format(code=0)],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env=buffered,
        )

    assert done.returncode == 120
    assert "No space left on device" in done.stderr


def test_a_closed_stream_is_nobodys_fault() -> None:
    done = subprocess.run(
        ["sh", "-c", '"$0" -c "$1" >&-', sys.executable, ENDED.format(code=0)],
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "code", "stream"),
    [(["--version"], 0, "stdout"), (["nonsense"], 2, "stderr")],
    ids=["told", "refused"],
)
def test_the_script_and_the_module_are_the_command(
    arguments: list[str], code: int, stream: str
) -> None:
    script = Path(sys.executable).with_name("mlops")
    for command in ([str(script)], [sys.executable, "-m", "mlops_platform"]):
        done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == code
        assert getattr(done, stream)
