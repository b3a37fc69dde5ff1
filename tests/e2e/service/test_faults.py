"""What a served Bento promises while things break: one real server with two workers, under load."""

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
import pytest

from mlops_platform.artifacts.bentos import bento_digest
from mlops_platform.artifacts.model_store import save_model
from mlops_platform.data.online.writers import write_sqlite
from mlops_platform.serving.contents import PackedRelease, read_contents
from mlops_platform.serving.golden import choose_golden_rows
from mlops_platform.serving.packing.packaging import BentoRequest, BuiltBento, build_bento
from mlops_platform.serving.requirements import environment_hash
from mlops_platform.spec import ServingSpec
from mlops_platform.spec.online_layout import OnlineExport
from mlops_platform.tasks import DEFAULT_TASK
from tests.e2e.flights import MODEL, SCHEMA, fitted, until
from tests.e2e.service.clients import PAUSE_SECONDS, AskingClients
from tests.ports import free_port
from tests.serving.packed import form_of
from tests.serving.pointing import write_pointer

pytestmark = pytest.mark.slow

WORKERS, TIMEOUT_SECONDS, DRAIN_SECONDS = 2, 10, 12
ROW = {"distance_miles": 1400.0, "carrier": "UA"}
SLOW_ROWS = 20_000
JSON = {"Content-Type": "application/json"}
ASKING_FIRST = {"Expect": "100-continue"}
"""A client that sends its body when the application has said that it waits for it."""
SERVING = {
    "workers": WORKERS,
    "max_batch_rows": SLOW_ROWS,
    "max_body_kilobytes": 50_000,
    "timeout_seconds": TIMEOUT_SECONDS,
    "drain_seconds": DRAIN_SECONDS,
    "online_store": {},
}


@pytest.fixture(scope="module")
def bento(tmp_path_factory: pytest.TempPathFactory) -> BuiltBento:
    folder, random = tmp_path_factory.mktemp("bento"), np.random.default_rng(0)
    rows = pd.DataFrame(
        {
            "flight_id": [f"flight-{position}" for position in range(200)],
            "distance_miles": random.uniform(90, 5000, 200),
            "carrier": random.choice(np.array(["AA", "UA"], dtype=object), 200),
        }
    )
    rows["is_late"] = random.random(200) < rows["distance_miles"] / 5000
    model = fitted(rows)
    return build_bento(
        BentoRequest(
            release=PackedRelease(
                model=MODEL,
                version="1",
                sequence=1,
                task=DEFAULT_TASK,
                constants={"threshold": 0.5},
                training_set_hash="5e7",
                serving=ServingSpec.model_validate(SERVING),
                compiled=True,
            ),
            features=SCHEMA,
            model_directory=folder / "model",
            digests=save_model(model, folder / "model"),
            golden_rows=choose_golden_rows(SCHEMA, DEFAULT_TASK, model, rows, 10),
            compiled_form=form_of(model, SCHEMA),
        ),
        folder / "home",
    )


def _is_worker(process: psutil.Process) -> bool:
    try:
        return "_bentoml_impl.worker.service" in process.cmdline()
    except psutil.ZombieProcess:  # killed, and not missed yet
        return False


@dataclass(frozen=True)
class Service:
    """A running server and the files that it reads and writes."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    @property
    def workers(self) -> list[psutil.Process]:
        children = psutil.Process(self.process.pid).children(recursive=True)
        return [one for one in children if _is_worker(one)]

    def ask(self, method: str, route: str, body: Any = None) -> tuple[int, Any]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, route, body if body is None else json.dumps(body), JSON)
            response = connection.getresponse()
            text = response.read().decode()
            is_json = "json" in str(response.getheader("Content-Type"))
            return response.status, json.loads(text) if is_json else text
        finally:
            connection.close()

    def counted(self, metric: str) -> float:
        _, text = self.ask("GET", "/metrics")
        lines = [line for line in text.splitlines() if line.startswith(metric + "{")]
        assert lines, f"{metric} is no metric"
        return sum(float(line.rpartition(" ")[2]) for line in lines)

    def is_ready(self) -> bool:
        try:
            return self.ask("GET", "/readyz")[0] == 200
        except (OSError, HTTPException):
            return False

    def logged(self) -> set[str]:
        """Request ids of all whole lines of the prediction log."""
        lines = [
            line
            for file in self.folder.glob("log/predictions-*.jsonl")
            for line in file.read_text().split("\n")[:-1]
        ]
        return {json.loads(line)["request_id"] for line in lines if line.endswith("}")}


@contextmanager
def serving(bento: BuiltBento, folder: Path, **environment: str) -> Iterator[Service]:
    """The Bento as `mlops serve` starts it, until the block ends."""
    port = free_port()
    export(folder)
    point(bento, folder / "pointers" / "release.json")
    with (folder / "server.log").open("wb") as output:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "bentoml", "serve", str(bento.path)),
                *("--host", "127.0.0.1", "--port", str(port)),
                *("--timeout-graceful-shutdown", str(DRAIN_SECONDS)),
            ],
            env=environment_of(bento, folder) | environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    service, left = Service(folder, port, process), []
    try:
        until(lambda: service.is_ready() and started(service) == WORKERS, 120)
        left = service.workers
        yield service
    finally:
        if process.poll() is None:
            left = [*left, *service.workers]
            process.terminate()
        try:
            process.wait(DRAIN_SECONDS + 15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for worker in psutil.wait_procs(left, timeout=1)[1]:
            worker.kill()


def point(bento: BuiltBento, pointer: Path) -> None:
    """Name the Bento as release 1, as the platform does."""
    source = bento.path / "src"
    contents = read_contents(source)
    write_pointer(
        pointer,
        {
            "model": contents.release.model,
            "version": int(contents.release.version),
            "sequence": 1,
            "digests": contents.digests,
            "schema_hash": contents.features.schema_hash,
            "environment_hash": environment_hash((source / "requirements.txt").read_text()),
            "bento_tag": bento.tag,
            "bento_digest": bento_digest(bento.path),
        },
    )


def environment_of(bento: BuiltBento, folder: Path) -> dict[str, str]:
    ours = ("MLOPS", "BENTOML")
    outside = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return outside | {
        "BENTOML_HOME": str(folder / "home"),
        "BENTOML_DO_NOT_TRACK": "True",
        "MLOPS_SERVING_LOG": str(folder / "log"),
        "MLOPS_SERVING_POINTER": str(folder / "pointers" / "release.json"),
        "MLOPS_SERVING_CHALLENGER": str(folder / "pointers" / "challenger.json"),
        "MLOPS_SERVING_BENTOS": str(bento.path.parents[2]),
        "MLOPS_SERVING_ONLINE_STORE": str(folder / "online.sqlite"),
        "MLOPS_SERVING_POLL_SECONDS": "0.1",
    }


@pytest.fixture(scope="module")
def service(bento: BuiltBento, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A server for all tests that leave it as they found it."""
    with serving(bento, tmp_path_factory.mktemp("service")) as service:
        yield service


@pytest.fixture
def doomed(bento: BuiltBento, tmp_path: Path) -> Iterator[Service]:
    """A server that does not outlive its test."""
    with serving(bento, tmp_path) as service:
        yield service


def export(folder: Path) -> None:
    """An online store with one flight."""
    now = datetime.now(UTC)
    described = OnlineExport(
        model=MODEL,
        entity="flight_id",
        numeric=("distance_miles",),
        categorical=("carrier",),
        feature_snapshot="5e7",
        rows=1,
        oldest=now,
        newest=now,
        as_of=now,
        exported_at=now,
    )
    row = ("flight-7", now.isoformat(), json.dumps(ROW))
    write_sqlite(folder / "online.sqlite", [row], lambda: described)


def started(service: Service) -> int:
    """How many workers have said that they serve."""
    events = "".join(file.read_text() for file in service.folder.glob("log/events-*.jsonl"))
    return events.count('"started"')


@dataclass
class Load(AskingClients):
    """Clients that ask one request after the other, each on a connection that it keeps."""

    port: int
    clients: int = 4
    route: str = "/v1/predict"
    body: dict[str, Any] = field(default_factory=lambda: dict(ROW))
    answered: list[tuple[str, float]] = field(default_factory=list)
    refused: list[tuple[int, Any]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def _ask(self, _: int) -> None:
        connection, text = HTTPConnection("127.0.0.1", self.port, timeout=30), json.dumps(self.body)
        while not self._end.is_set():
            began = time.perf_counter()
            try:
                connection.request("POST", self.route, text, JSON)
                response = connection.getresponse()
                status, answer = response.status, json.loads(response.read())
            except (OSError, HTTPException) as error:
                self.broken.append(repr(error))
                connection.close()
                time.sleep(0.01)
                continue
            if status == 200:
                self.answered.append((answer["request_id"], time.perf_counter() - began))
            else:
                self.refused.append((status, answer))
            time.sleep(PAUSE_SECONDS)
        connection.close()

    @property
    def ids(self) -> set[str]:
        return {request_id for request_id, _ in self.answered}

    def more(self, count: int = 80, seconds: float = 30) -> None:
        """Wait until so many more requests were answered."""
        goal = len(self.answered) + count
        until(lambda: len(self.answered) >= goal, seconds)


@pytest.mark.fault(
    "a worker under load is killed with -9",
    "one request of each client fails at most, nothing that was answered is lost; it is replaced",
)
def test_a_killed_worker_costs_what_it_had_taken_in_and_nothing_that_it_answered(
    service: Service, record_property: Callable[[str, object], None], observe: Callable[[str], None]
) -> None:
    before = started(service)
    with Load(service.port) as load:
        load.more()
        busiest = max(service.workers, key=lambda worker: len(worker.net_connections()))
        busiest.kill()
        killed_at = time.perf_counter()
        load.more()  # the other worker goes on
        until(lambda: started(service) == before + 1, 60)
        record_property("replaced_after_seconds", time.perf_counter() - killed_at)
        load.more()
    # One request of each client at most, and none was answered wrongly.
    assert 1 <= len(load.broken) <= load.clients
    assert load.refused == []
    # Every line was with the operating system before its answer was sent.
    assert load.ids <= service.logged()
    assert len(load.ids) == len(load.answered)
    record_property("broken", len(load.broken))
    observe("one broken request a client at most; every answered one is in the log")


@pytest.mark.fault(
    "the disk of the prediction log is full",
    "answers go on, and lost lines are counted to the last one",
)
def test_a_full_disk_costs_lines_of_the_log_and_no_answer(
    service: Service, observe: Callable[[str], None]
) -> None:
    with Load(service.port) as load:
        load.more()
        set_file_limit(service, 0)
        load.more(400)
        time.sleep(1.5)  # one attempt to begin another file, in vain
        load.more()
        set_file_limit(service, resource.RLIM_INFINITY)
        before = len(service.logged())
        until(lambda: len(service.logged()) > before + 50, 40)
    assert (load.refused, load.broken) == ([], [])
    dropped = service.counted("mlops_log_drops_total")
    assert dropped >= 400
    # Each answer is a line of the log or a counted loss.
    assert len(load.ids & service.logged()) + dropped == len(load.answered)
    observe("no request failed; lines and counted losses add up to the answers")


def set_file_limit(service: Service, most_bytes: int) -> None:
    """Let no file of the workers grow beyond a size: what a full disk looks like to them."""
    for worker in service.workers:
        worker.rlimit(psutil.RLIMIT_FSIZE, (most_bytes, resource.RLIM_INFINITY))


@pytest.mark.fault(
    "the pointers of a running service are gone or unreadable",
    "what serves goes on serving, and stays ready",
)
@pytest.mark.parametrize("breakage", ["absent", "a file", "garbage", "null"])
def test_without_pointer_ledger_or_registry_the_service_goes_on(
    service: Service, breakage: str, observe: Callable[[str], None]
) -> None:
    pointers, aside = service.folder / "pointers", service.folder / f"pointers {breakage}"
    whole = service.folder / "whole pointers"
    with Load(service.port) as load:
        load.more()
        pointers.rename(whole)
        if breakage == "a file":
            pointers.write_text("")
        elif breakage != "absent":
            pointers.mkdir()
            content = {"garbage": "\x00\xff{", "null": "null"}[breakage]
            (pointers / "release.json").write_text(content)
            (pointers / "challenger.json").write_text(content)
        time.sleep(1)  # ten looks of each worker
        load.more()
        assert service.is_ready()
        if breakage != "absent":
            pointers.rename(aside)
        whole.rename(pointers)
    assert (load.refused, load.broken) == ([], [])
    observe("no request failed; ready all the time")


@pytest.mark.parametrize("breakage", ["deleted", "garbage", "replaced"])
def test_the_online_store_may_break_or_change_under_load(service: Service, breakage: str) -> None:
    entity = {"flight_id": "flight-7"}
    export(service.folder)
    time.sleep(1.1)  # the workers look at the file once a second
    with Load(service.port, route="/v1/predict_by_entity", body=entity) as load:
        load.more()
        if breakage == "deleted":
            (service.folder / "online.sqlite").unlink()
        elif breakage == "garbage":
            broken = service.folder / "broken"
            broken.write_bytes(b"no database" * 1000)
            broken.replace(service.folder / "online.sqlite")
        else:
            for _ in range(20):
                export(service.folder)
                time.sleep(0.1)
        time.sleep(1.5)
        load.more()
    assert (load.refused, load.broken) == ([], [])


def test_requests_in_flight_at_sigterm_are_answered_and_then_no_new_one_is_taken(
    doomed: Service, record_property: Callable[[str, object], None]
) -> None:
    batch = json.dumps({"rows": [ROW] * SLOW_ROWS})
    in_flight: list[HTTPConnection] = []
    answers: list[int] = []
    ended: list[float] = []

    def ask() -> None:
        connection = HTTPConnection("127.0.0.1", doomed.port, timeout=60)
        connection.putrequest("POST", "/v1/predict_batch")
        for name, value in (JSON | {"Content-Length": str(len(batch)), **ASKING_FIRST}).items():
            connection.putheader(name, value)
        connection.endheaders()
        # The application says that it waits for the body: from now on its request is in flight.
        assert connection.sock.recv(1, socket.MSG_PEEK)
        in_flight.append(connection)
        connection.send(batch.encode())
        response = connection.getresponse()
        body = json.loads(response.read())
        ended.append(time.perf_counter())
        answers.append(len(body["predictions"]) if response.status == 200 else 0)

    clients = [threading.Thread(target=ask) for _ in range(3)]
    for client in clients:
        client.start()
    until(lambda: len(in_flight) == len(clients), 30)
    stopped = time.perf_counter()
    doomed.process.send_signal(signal.SIGTERM)
    for client in clients:
        client.join()
    assert answers == [SLOW_ROWS] * 3
    assert max(ended) > stopped  # else nothing was in flight
    assert doomed.process.wait(DRAIN_SECONDS + 10) == 0
    record_property("stopped_after_seconds", time.perf_counter() - stopped)
    assert len(doomed.logged()) == 3
    with pytest.raises(OSError, match="refused"):
        doomed.ask("GET", "/livez")


def taken_in(service: Service) -> int:
    """How many connections its workers have accepted and not closed."""
    return sum(
        connection.status == psutil.CONN_ESTABLISHED and connection.laddr.port == service.port
        for worker in service.workers
        for connection in worker.net_connections("tcp")
    )


def test_a_client_that_never_ends_its_request_is_told_so_and_delays_the_end_until_then(
    doomed: Service, record_property: Callable[[str, object], None]
) -> None:
    with socket.create_connection(("127.0.0.1", doomed.port)) as endless:
        endless.sendall(
            b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b'Content-Length: 1000\r\n\r\n{"distance_miles"'
        )
        until(lambda: taken_in(doomed) == 1, 30)
        stopped = time.perf_counter()
        doomed.process.send_signal(signal.SIGTERM)
        assert doomed.process.wait(DRAIN_SECONDS + 10) == 0
        took = time.perf_counter() - stopped
        answer = b"".join(iter(lambda: endless.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 408")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["type"].endswith(":slow-body")
    record_property("stopped_after_seconds", took)
    assert took < DRAIN_SECONDS + 5


def test_in_a_container_a_killed_worker_is_missed_and_the_last_one_ends_the_server(
    bento: BuiltBento, tmp_path: Path
) -> None:
    """BentoML leaves restarts to the container's supervisor: so one worker per container."""
    with serving(bento, tmp_path, BENTOML_CONTAINERIZED="1") as service:
        first, second = service.workers
        first.kill()
        time.sleep(3)
        assert service.workers == [second]
        with Load(service.port) as load:
            load.more()
        assert load.refused == []
        second.kill()
        service.process.wait(30)


@pytest.mark.fault(
    "the supervisor of the workers is killed with -9",
    "the workers go on answering, and end when they are told to",
)
def test_workers_go_on_without_their_supervisor(
    doomed: Service, observe: Callable[[str], None]
) -> None:
    """Nobody replaces or stops them then: the container, or systemd, must end what is left."""
    workers = doomed.workers
    doomed.process.kill()
    doomed.process.wait()
    with Load(doomed.port) as load:
        load.more()
    assert (load.refused, load.broken) == ([], [])
    for worker in workers:
        worker.terminate()
    assert psutil.wait_procs(workers, timeout=DRAIN_SECONDS + 10)[1] == []
    observe("no request failed; all ended by SIGTERM")
