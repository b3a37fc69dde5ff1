"""Processes of a server are found by their mark, and end with the process that started them."""

import subprocess
import sys
import textwrap
from pathlib import Path

import psutil

from mlops_platform.serving.packing.keeper import kept
from mlops_platform.serving.packing.processes import MARK, kill_marked, left_servers, new_mark

SLEEP = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]
SECONDS = 60


def _sleeper(mark: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    command = [*SLEEP, *arguments]
    sleeper = subprocess.Popen(command, env=mark, stdout=subprocess.PIPE, text=True)
    assert sleeper.stdout.readline() == "up\n"
    return sleeper


def _starter(body: str) -> subprocess.Popen[str]:
    """A program that starts a kept sleeper, says its process id, and goes on as `body` says."""
    code = f"""
        import subprocess, sys, threading, time
        from mlops_platform.serving.packing.keeper import kept
        from mlops_platform.serving.packing.processes import new_mark

        def start():
            context.__enter__()
            sleeper = subprocess.Popen({SLEEP!r}, env=mark, stdout=subprocess.PIPE, text=True,
                                       start_new_session=True)
            sleeper.stdout.readline()
            print(sleeper.pid, flush=True)

        mark = new_mark()
        context = kept(mark)
        {body}
    """
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_server_ends_with_a_starter_that_is_killed() -> None:
    starter = _starter("start(); time.sleep(600)")
    server = psutil.Process(int(starter.stdout.readline()))
    starter.kill()
    starter.wait()
    assert psutil.wait_procs([server], timeout=SECONDS)[1] == []


def test_a_server_outlives_the_thread_that_started_it() -> None:
    body = "t = threading.Thread(target=start); t.start(); t.join(); print('joined', flush=True)"
    starter = _starter(f"{body}; sys.stdin.read(); context.__exit__(None, None, None)")
    server = psutil.Process(int(starter.stdout.readline()))
    assert starter.stdout.readline() == "joined\n"
    # Kept to the end of the starter, which here does not end its server: that is its caller's.
    starter.communicate()
    assert starter.returncode == 0
    assert server.is_running()
    server.kill()


def test_a_process_that_is_about_to_become_a_server_is_found() -> None:
    """Between two programs a process has no environment, as this one in its first second."""
    mark = new_mark()
    arguments = f"'sleep', ['sleep', '600'], {mark!r}"
    becoming = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import os, time; print('up', flush=True); time.sleep(0.3); os.execvpe({arguments})",
        ],
        env={},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert becoming.stdout.readline() == "up\n"
    kill_marked(mark, grace_seconds=0, kill_seconds=SECONDS)
    becoming.wait(SECONDS)


def test_only_the_processes_of_the_mark_end() -> None:
    mine, other = new_mark(), new_mark()
    sleepers = [_sleeper(mark) for mark in (mine, mine, other)]
    kill_marked(mine, grace_seconds=0, kill_seconds=SECONDS)
    for ended in sleepers[:2]:
        ended.wait(SECONDS)
    assert sleepers[2].poll() is None
    kill_marked(other, grace_seconds=0, kill_seconds=SECONDS)
    sleepers[2].wait(SECONDS)


def test_servers_whose_starter_is_gone_are_told(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    with kept(orphaned := {MARK: f"{gone.pid}-{tmp_path.name}"}):
        bento = str(tmp_path / "bentos" / "v1")
        left, own = _sleeper(orphaned, bento), _sleeper(new_mark(), bento)
        other = _sleeper(orphaned, "/elsewhere/bentos/v1")
        servers = left_servers(tmp_path)
        assert set(servers) == {left.pid}
        assert servers[left.pid].endswith(bento)
        for sleeper in (left, own, other):
            sleeper.kill()
            sleeper.wait()
