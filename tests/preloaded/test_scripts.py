"""A forked command is one as any other to whoever runs it."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.preloaded.scripts import preloaded_scripts, with_preloaded

TELLS = """
import atexit, os, sys, tempfile, threading

print(__name__, sys.argv[1:], os.getcwd(), os.environ["ASKED"], tempfile.gettempdir())
print(sys.path[0], "mlops_platform" in sys.modules, "dagster" in sys.modules)
print(os.getpgrp() == os.getpid())
print(sys.stdin.read(), file=sys.stderr)
atexit.register(print, "at exit")
threading.Thread(target=print, args=["in a thread"]).start()
"""


def script(folder: Path, text: str) -> Path:
    file = folder / "script.py"
    file.write_text(text)
    return file


def run(file: Path, *arguments: str, **options: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [preloaded_scripts() / "python", file, *arguments],
        capture_output=True,
        text=True,
        check=False,
        input="given",
        cwd=file.parent,
        env={**os.environ, **options},
    )


def test_it_has_the_arguments_folder_environment_and_streams_of_its_caller(tmp_path: Path) -> None:
    done = run(script(tmp_path, TELLS), "a b", "", ASKED="é", TMPDIR=str(tmp_path))

    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        f"__main__ ['a b', ''] {tmp_path} é {tmp_path}",
        f"{tmp_path} False True",
        "True",
        "in a thread",
        "at exit",
    ]
    assert done.stderr == "given\n"


@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        ("raise SystemExit(7)", 7, ""),
        ("raise SystemExit('a sentence')", 1, "a sentence"),
        ("raise ValueError('wrong')", 1, "ValueError: wrong"),
        ("raise SystemExit('')", 1, ""),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM, ""),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL, ""),
    ],
)
def test_it_ends_as_its_script_does(tmp_path: Path, text: str, code: int, told: str) -> None:
    done = run(script(tmp_path, text))

    assert done.returncode == code
    assert told in done.stderr


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_it_does_not_outlive_whoever_asked(tmp_path: Path, end: signal.Signals) -> None:
    """Nor where Ctrl-C ends the whole group of whoever asked."""
    file = script(tmp_path, "import os, time; print(os.getpid(), flush=True); time.sleep(600)")
    with subprocess.Popen(
        [preloaded_scripts() / "python", file],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        process_group=0,
    ) as asking:
        assert asking.stdout is not None
        command = psutil.Process(int(asking.stdout.readline()))
        os.killpg(asking.pid, end)

    command.wait(timeout=60)


def test_a_server_is_in_no_group_that_ctrl_c_ends() -> None:
    server = _server()

    assert os.getpgid(server.pid) == server.pid


def test_who_hangs_up_before_the_end_of_a_request_leaves_nobody_waiting() -> None:
    server = _server()
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(preloaded_scripts() / "socket"))
        socket.send_fds(connection, [b"{"], [0, 1, 2])
        attending = _attending(server)

    deadline = time.monotonic() + 60
    with suppress(psutil.NoSuchProcess):
        while attending.status() != "zombie":
            assert time.monotonic() < deadline
            time.sleep(0.01)


def _server() -> psutil.Process:
    path = str(preloaded_scripts() / "socket")
    [server] = [child for child in psutil.Process().children() if path in child.cmdline()]
    return server


def _attending(server: psutil.Process) -> psutil.Process:
    deadline = time.monotonic() + 60
    while not (living := [child for child in server.children() if child.status() != "zombie"]):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return living[-1]


def test_commands_run_beside_each_other(tmp_path: Path) -> None:
    """Each waits for the other's file."""
    texts = [
        f"import pathlib, time\npathlib.Path('{own}').touch()\n"
        f"while not pathlib.Path('{other}').exists(): time.sleep(0.01)"
        for own, other in (("a", "b"), ("b", "a"))
    ]
    files = [tmp_path / f"{number}.py" for number in range(2)]
    for file, text in zip(files, texts, strict=True):
        file.write_text(text)

    python = preloaded_scripts() / "python"
    processes = [subprocess.Popen([python, file], cwd=tmp_path) for file in files]

    assert [process.wait(timeout=60) for process in processes] == [0, 0]


def test_mlops_is_that_of_the_folder_that_comes_first(tmp_path: Path) -> None:
    package = tmp_path / "mlops_platform" / "cli"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("def main(prog_name): print('another', prog_name)")
    (tmp_path / "mlops_platform" / "__init__.py").touch()
    environment = {**os.environ, **with_preloaded(os.environ)}

    said = [
        subprocess.run(
            ["sh", "-c", "mlops --version"],
            env={**environment, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for path in (str(tmp_path), "")
    ]

    assert said[0] == "another mlops\n"
    assert said[1].startswith("mlops ")


def test_its_server_ends_with_the_process_that_began_it(tmp_path: Path) -> None:
    """Even where that is killed."""
    project = Path(__file__).parents[2]
    file = script(
        tmp_path,
        "import os, signal, pathlib\n"
        "from tests.preloaded.scripts import started_server\n"
        "print(started_server(pathlib.Path('socket')).pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)",
    )
    began = time.time()

    done = subprocess.run(
        [sys.executable, file],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(project)},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )

    with suppress(psutil.NoSuchProcess):
        server = psutil.Process(int(done.stdout))
        if server.create_time() >= began - 1:
            server.wait(timeout=60)
