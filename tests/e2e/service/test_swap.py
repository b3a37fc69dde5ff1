"""`mlops serve` under load: a release, a broken release, a killed worker, a roll back, the end.

One real server with two workers, a real ledger and a real registry; what happens is told by the
answers alone, and afterwards by the ledger.
"""

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
import pytest

from mlops_platform.artifacts.allow_list import TRUSTED_TYPES
from mlops_platform.artifacts.model_store import save_model
from mlops_platform.column_kind import KINDS
from mlops_platform.ledger.records import BentoIdentity, NewDecision, Release, VersionIdentity
from mlops_platform.registry.model_files import ModelDescription
from mlops_platform.registry.requirements import pinned_requirements
from mlops_platform.serving.contents import PackedRelease
from mlops_platform.serving.golden import choose_golden_rows
from mlops_platform.serving.packing.packaging import BentoRequest, build_bento
from mlops_platform.serving.requirements import environment_hash, serving_requirements
from mlops_platform.settings import Settings, read_settings
from mlops_platform.spec import ServingSpec
from mlops_platform.tasks import DEFAULT_TASK
from mlops_platform.usecases.deployment import deployment_at
from mlops_platform.usecases.release.release import Promotion, release_version
from tests.e2e.flights import FEATURES, MODEL, SCHEMA, fitted, until
from tests.e2e.service.clients import PAUSE_SECONDS, AskingClients
from tests.homes.blank_registry import put_blank_registry
from tests.homes.stamped import write_stamp
from tests.ports import free_port
from tests.serving.packed import form_of

pytestmark = pytest.mark.slow
logger = logging.getLogger(__name__)

HEADERS = {"Content-Type": "application/json"}
MLOPS = Path(sys.executable).with_name("mlops")
WORKERS = 2
SHUTDOWN_DELAY = 2
ROW = {"distance_miles": 1400.0, "carrier": "UA"}


def _rows(seed: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    carriers = np.array(["AA", "UA"], dtype=object)
    rows = pd.DataFrame(
        {
            "flight_id": [f"flight-{position}" for position in range(400)],
            "distance_miles": random.uniform(90, 5000, 400),
            "carrier": random.choice(carriers, 400),
        }
    )
    rows["is_late"] = rows["distance_miles"] + random.normal(0, 1000 * seed, 400) > 2500
    return rows


@dataclass
class ServedHome:
    """A home with a ledger, a registry and a store of Bentos."""

    settings: Settings

    def __post_init__(self) -> None:
        self.deployment = deployment_at(self.settings)
        self.ledger, self.registry = self.deployment.ledger, self.deployment.registry
        self.ledger.create_schema()
        put_blank_registry(self.settings.home)

    def release(
        self, damage: Callable[[Path], None] = lambda bento: None, packages: str | None = None
    ) -> Release:
        """Train, register, pack and release one more version."""
        present = self.ledger.current_release(MODEL)
        sequence = present.sequence + 1 if present else 1
        rows = _rows(sequence)
        model, directory = fitted(rows), self.settings.home / "fitted" / str(sequence)
        digests = save_model(model, directory)
        description = ModelDescription(
            input_example=rows[FEATURES].head(2),
            kinds={"distance_miles": KINDS["numeric"], "carrier": KINDS["categorical"]},
            predict_method=DEFAULT_TASK.predict_method,
            answers=DEFAULT_TASK.answers_of_model,
            requirements=pinned_requirements(),
            trusted_types=TRUSTED_TYPES,
        )
        with self.registry.training_run(MODEL, "run", {}) as run:
            version = self.registry.register_version(
                MODEL, run.run_id, directory, digests, description, {}
            )
        bento = build_bento(
            BentoRequest(
                release=PackedRelease(
                    model=MODEL,
                    version=str(version.version),
                    sequence=sequence,
                    task=DEFAULT_TASK,
                    constants={"threshold": 0.5},
                    training_set_hash="5e7",
                    serving=ServingSpec(timeout_seconds=5, drain_seconds=6),
                    compiled=True,
                ),
                features=SCHEMA,
                model_directory=directory,
                digests=digests,
                golden_rows=choose_golden_rows(SCHEMA, DEFAULT_TASK, model, rows, 10),
                compiled_form=form_of(model, SCHEMA),
            ),
            self.settings.bentoml_home,
        )
        damage(bento.path)
        identity = VersionIdentity(
            version=version.version,
            run_id=run.run_id,
            digests=version.digests,
            schema_hash=SCHEMA.schema_hash,
            environment_hash=packages or environment_hash(serving_requirements()),
        )
        promotion = Promotion(
            MODEL,
            identity,
            NewDecision(kind="promote", reason="better", actor="gate"),
            expected_sequence=present.sequence if present else None,
            bento=BentoIdentity(tag=bento.tag, digest=bento.digest),
        )
        return release_version(self.deployment, promotion)

    def mlops(self, *arguments: str) -> list[str]:
        return [str(MLOPS), *arguments]

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "MLOPS_HOME": str(self.settings.home),
            "MLOPS_SERVING_POLL_SECONDS": "0.2",
            "OMP_NUM_THREADS": "1",
            "COLUMNS": "300",
        }


@dataclass
class Load(AskingClients):
    """Clients that ask one request after the other, each on a connection that is kept."""

    port: int
    clients: int = 3
    answers: list[tuple[float, float, int]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def _ask(self, _: int) -> None:
        connection, asked = HTTPConnection("127.0.0.1", self.port, timeout=30), 0
        while not self._end.is_set():
            asked += 1
            if asked % 50 == 0:
                connection.close()  # the next one may come to another worker
            began = time.perf_counter()
            try:
                connection.request("POST", "/v1/predict", json.dumps(ROW), HEADERS)
                response = connection.getresponse()
                answer = json.loads(response.read())
                if response.status != 200:
                    raise HTTPException(f"{response.status} {answer}")
            except (OSError, HTTPException, ValueError) as error:
                self.failures.append(repr(error))
                connection.close()
                continue
            now = time.perf_counter()
            self.answers.append((now, now - began, answer["sequence"]))
            time.sleep(PAUSE_SECONDS)

    def wait_for(self, sequence: int, seconds: float = 30) -> float:
        """Seconds until everybody, for half a second, gets answers of one release only."""
        began = time.perf_counter()
        while time.perf_counter() < began + seconds:
            time.sleep(0.05)
            horizon = time.perf_counter() - 0.5
            latest = {seq for at, _, seq in self.answers[-5000:] if at > horizon}
            if latest == {sequence}:
                others = [at for at, _, seq in self.answers if seq != sequence]
                return max(0.0, max(others, default=began) - began)
        raise AssertionError(f"not everybody got release {sequence}, but {latest}")


@dataclass
class BalancedLoad(AskingClients):
    """Clients behind a balancer: a new connection for each request, none once it is not ready."""

    port: int
    clients: int = 8
    answered: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    unready: list[float] = field(default_factory=list)

    def _ask(self, number: int) -> None:
        while not (self._end.is_set() or self.unready):
            if number == 0:
                self._probe()
                continue
            connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
            try:
                connection.request("POST", "/v1/predict", json.dumps(ROW), HEADERS)
                assert connection.getresponse().status == 200
                self.answered.append(time.perf_counter())
            except (OSError, HTTPException, AssertionError) as error:
                self.failures.append(repr(error))
            finally:
                connection.close()
            time.sleep(PAUSE_SECONDS)

    def _probe(self) -> None:
        time.sleep(0.1)
        if not _ready(self.port):
            self.unready.append(time.perf_counter())


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> ServedHome:
    home = tmp_path_factory.mktemp("swap") / ".mlops"
    write_stamp(home)
    return ServedHome(read_settings({"MLOPS_HOME": str(home)}))


@pytest.fixture
def server(home: ServedHome, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """`mlops serve`, which the test ends."""
    with _serving(home, tmp_path) as serving:
        yield serving


@pytest.fixture(scope="module")
def lasting_server(
    home: ServedHome, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """`mlops serve` for the tests that leave it as they found it, but for what it serves."""
    with _serving(home, tmp_path_factory.mktemp("lasting")) as serving:
        yield serving


@contextmanager
def _serving(home: ServedHome, folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """`mlops serve` with two workers, ready."""
    if home.ledger.current_release(MODEL) is None:
        home.release()
    before = _running(home)  # a worker that was killed could not say that it stopped
    port = free_port()
    output = (folder / "serve.log").open("wb")
    process = subprocess.Popen(
        home.mlops(
            *("serve", MODEL, "--port", str(port), "--workers", str(WORKERS)),
            *("--shutdown-delay", str(SHUTDOWN_DELAY)),
        ),
        env=home.environment,
        stdout=output,
        stderr=subprocess.STDOUT,
    )
    try:
        until(lambda: _ready(port) or process.poll() is not None, 90)
        assert process.poll() is None, (folder / "serve.log").read_text()
        until(lambda: _running(home) == before + WORKERS, 60)
        yield process, port
    finally:
        workers = _workers(process)
        process.terminate()
        process.wait(60)
        for worker in psutil.wait_procs(workers, timeout=5)[1]:
            worker.kill()
        output.close()


def _ready(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _running(home: ServedHome) -> int:
    said = home.ledger.activations(MODEL, limit=1000)
    started = {one.worker for one in said if one.event == "started"}
    return len(started - {one.worker for one in said if one.event == "stopped"})


def _damage(bento: Path) -> None:
    model = bento / "src" / "model" / "model.skops"
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1
    model.write_bytes(content)


def _roll_back(home: ServedHome) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        home.mlops("rollback", MODEL, "--reason", "late rate doubled", "--actor", "alice"),
        env=home.environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_releases_and_roll_backs_reach_every_worker_without_one_failed_request(
    home: ServedHome, server: tuple[subprocess.Popen[bytes], int]
) -> None:
    process, port = server
    with Load(port) as load:
        load.wait_for(1)
        second = home.release()
        logger.info("followed a release after %.2f s", load.wait_for(second.sequence))
        assert second.sequence == 2

        broken = home.release(_damage)
        until(lambda: len(_refusals(home, broken)) == WORKERS, 20)
        load.wait_for(2)
        assert "load_failures_total" in _got(port, "/metrics")
        assert _ready(port)

        began = time.perf_counter()
        again = _roll_back(home)
        logger.info("rolled back in %.2f s: %s", time.perf_counter() - began, again.stdout)
        assert again.returncode == 0, again.stdout + again.stderr
        assert f"{WORKERS} running workers serve it" in again.stdout
        load.wait_for(4)

        home.release()  # the fifth
        load.wait_for(5)
        older = _roll_back(home)
        load.wait_for(6)
        assert older.returncode == 0, older.stdout + older.stderr
    assert load.failures == []
    slowest = max(seconds for _, seconds, _ in load.answers)
    logger.info("%d answers, the slowest after %.0f ms", len(load.answers), 1000 * slowest)
    # A reload would have taken ten; a busy machine may take some.
    assert slowest < 5.0
    # The versions that the ledger says actually served, as each worker reported them.
    served = {(one.sequence, one.version) for one in _champions(home, "swapped")}
    assert served == {(2, 2), (4, 2), (5, 4), (6, 2)}
    assert home.ledger.verify_chain(MODEL) is None

    with BalancedLoad(port) as balanced:
        until(lambda: len(balanced.answered) > 50, 30)
        process.send_signal(signal.SIGTERM)
        stopped = time.perf_counter()
        assert process.wait(30) == 0
        took = time.perf_counter() - stopped
    # Its end is announced by readiness first, and nobody who goes by that is cut off.
    assert balanced.failures == []
    assert max(balanced.answered) > stopped
    assert took > SHUTDOWN_DELAY
    [unready] = balanced.unready
    assert unready < stopped + SHUTDOWN_DELAY
    assert _running(home) == 0


def test_a_killed_worker_is_replaced_and_serves_what_the_pointer_says(
    home: ServedHome, lasting_server: tuple[subprocess.Popen[bytes], int]
) -> None:
    process, port = lasting_server
    released = home.release()
    with Load(port) as load:
        load.wait_for(released.sequence)
        started = len(_champions(home, "started"))
        [worker, *_] = _workers(process)
        worker.kill()
        until(lambda: len(_champions(home, "started")) > started, 60)
        load.wait_for(released.sequence)
    newest = _champions(home, "started")[0]
    assert (newest.sequence, newest.version) == (released.sequence, released.version)
    # Only what the killed worker had taken in is lost.
    assert len(load.failures) <= load.clients


def test_a_release_that_needs_other_packages_is_asked_for_and_not_taken_over(
    home: ServedHome, lasting_server: tuple[subprocess.Popen[bytes], int]
) -> None:
    _, port = lasting_server
    present = home.ledger.current_release(MODEL)
    with Load(port) as load:
        load.wait_for(present.sequence)
        home.release(packages="e4")
        until(lambda: "a new Bento is needed" in _got(port, "/readyz"), 20)
        load.wait_for(present.sequence)
        again = _roll_back(home)
        assert again.returncode == 0, again.stdout + again.stderr
        load.wait_for(present.sequence + 2)
        assert _ready(port)
    assert load.failures == []


def _workers(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    if process.poll() is not None:
        return []
    children = psutil.Process(process.pid).children(recursive=True)
    return [one for one in children if "_bentoml_impl.worker.service" in one.cmdline()]


def _champions(home: ServedHome, event: str) -> list[Any]:
    said = home.ledger.activations(MODEL, limit=1000)
    return [one for one in said if (one.event, one.role) == (event, "champion")]


def _refusals(home: ServedHome, release: Release) -> list[Any]:
    refused = _champions(home, "refused")
    return [one for one in refused if one.sequence == release.sequence]


def _got(port: int, path: str) -> str:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", path)
    text = connection.getresponse().read().decode()
    connection.close()
    return text
