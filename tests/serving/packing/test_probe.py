"""Starting Bentos, asking them for their golden rows, and stopping them in every case."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from mlops_platform.errors import ServingError
from mlops_platform.serving.packing.packaging import BuiltBento
from mlops_platform.serving.packing.probe import check_golden_rows
from mlops_platform.serving.packing.server import RunningBento, running_bento

pytestmark = pytest.mark.slow


@pytest.fixture
def copied(bento: BuiltBento, tmp_path: Path) -> Path:
    """A copy of the Bento that a test may damage."""
    return Path(shutil.copytree(bento.path, tmp_path / "copied"))


@pytest.fixture
def servers_of() -> Callable[[Path], list[int]]:
    """Processes that serve the Bento of a folder."""

    def find(bento: Path) -> list[int]:
        return [
            process.pid
            for process in psutil.process_iter(["cmdline"])
            # A process that nobody has reaped yet has no command line any more.
            if str(bento) in (process.info["cmdline"] or ())
        ]

    return find


def test_a_bento_answers_its_golden_rows(
    bento: BuiltBento, servers_of: Callable[[Path], list[int]]
):
    result = check_golden_rows(bento.path)
    assert (result.model, result.version, result.rows) == ("flight_delay", "1", 40)
    assert result.max_difference <= 1e-12
    assert result.max_batch_difference <= 1e-12
    assert 0 < result.start_seconds < result.seconds
    assert servers_of(bento.path) == []


def test_a_bento_with_a_changed_model_does_not_start(
    copied: Path, servers_of: Callable[[Path], list[int]]
):
    with (copied / "src/model/model.skops").open("ab") as file:
        file.write(b"!")
    with pytest.raises(ServingError, match=r"stopped.*(?s:.*)'model\.skops' has SHA-256") as caught:
        check_golden_rows(copied)
    assert "No active process" not in str(caught.value), "a worker was started and had to die"
    assert servers_of(copied) == []


def test_a_worker_that_answers_otherwise_than_the_offline_pipeline_does_not_serve(
    copied: Path, servers_of: Callable[[Path], list[int]]
):
    golden = json.loads((copied / "src/golden_rows.json").read_text())
    golden["rows"][3]["numbers"][0] += 1e-9
    (copied / "src/golden_rows.json").write_text(json.dumps(golden))
    with pytest.raises(ServingError, match=r"stopped.*(?s:.*)1e-09 away from the offline"):
        check_golden_rows(copied)
    assert servers_of(copied) == []


def test_a_server_that_hangs_is_reported_and_killed_even_without_its_supervisor(
    copied: Path, servers_of: Callable[[Path], list[int]]
):
    def ask_a_stopped_worker(server: RunningBento) -> None:
        server.process.kill()
        server.process.wait()
        (worker,) = servers_of(copied)
        psutil.Process(worker).suspend()
        connection = server.connection(timeout=0.5)
        connection.request("GET", "/readyz")
        connection.getresponse()

    reported = r"stopped answering \(TimeoutError(?s:.*)Service flight_delay initialized"
    with pytest.raises(ServingError, match=reported), running_bento(str(copied)) as server:
        ask_a_stopped_worker(server)
    assert servers_of(copied) == []


@pytest.mark.fault(
    "what asks a Bento for its golden rows is killed with -9",
    "its server and all its workers end",
)
def test_a_probe_that_is_killed_leaves_no_server(
    copied: Path, servers_of: Callable[[Path], list[int]], observe: Callable[[str], None]
):
    code = f"""
import sys
from mlops_platform.serving.packing.server import running_bento
with running_bento({str(copied)!r}):
    print("asks for its golden rows", flush=True)
    sys.stdin.read()
"""
    probe = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert probe.stdout.readline() == b"asks for its golden rows\n"
    servers = [psutil.Process(pid) for pid in servers_of(copied)]
    assert servers
    probe.kill()
    probe.wait()
    assert psutil.wait_procs(servers, timeout=60)[1] == []
    assert servers_of(copied) == []
    observe("no process of it is left")


@pytest.mark.fault(
    "a server that was started for a probe is not ready in time",
    "it is told, and nothing of it is left",
)
def test_a_server_that_is_not_ready_in_time_is_stopped(
    copied: Path, servers_of: Callable[[Path], list[int]], observe: Callable[[str], None]
):
    with (
        pytest.raises(ServingError, match="not ready in time"),
        running_bento(str(copied), start_timeout=0.2),
    ):
        pytest.fail("it cannot have been ready")
    assert servers_of(copied) == []
    observe("`... not ready in time`; no process of it is left")


@pytest.mark.fault(
    "`bentoml serve` starts a Bento for which nobody vouches",
    "it ends with the reason and the ways on, instead of starting workers that fail for ever",
)
def test_a_bento_that_nobody_vouches_for_ends_with_one_line(
    copied: Path, observe: Callable[[str], None]
):
    on_a_desk = {"MLOPS_SERVING_TRUST_PACKED": "", "BENTOML_CONTAINERIZED": ""}
    with (
        pytest.raises(ServingError, match="stopped with code 1 before it was ready") as told,
        running_bento(str(copied), environment=on_a_desk),
    ):
        pytest.fail("it cannot have been ready")
    assert f"Error: nothing vouches for {copied}: " in str(told.value)
    assert "MLOPS_SERVING_TRUST_PACKED=true to serve what is packed as it is" in str(told.value)
    assert "Traceback" not in str(told.value)
    observe("code 1; `Error: nothing vouches for ...`, no traceback")


def test_what_a_server_leaves_in_its_temporary_folder_goes_with_it(
    copied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with running_bento(str(copied)):
        assert [path.name for path in tmp_path.glob("bentoml-*")] == []
        assert list(tmp_path.glob("mlops-serving-*/bentoml-*"))
    assert list(tmp_path.glob("*bento*")) == []


# The supervisor is about to start its worker, the worker loads the model, or all is ready already.
@pytest.mark.parametrize("seconds", [0.8, 1.2, 1.6, 2.0])
def test_a_server_that_is_stopped_while_it_starts_leaves_no_worker(
    copied: Path, servers_of: Callable[[Path], list[int]], seconds: float
):
    with suppress(ServingError), running_bento(str(copied), start_timeout=seconds):
        pass
    assert servers_of(copied) == []
