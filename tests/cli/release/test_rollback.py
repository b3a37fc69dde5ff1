"""`mlops rollback`: the previous champion serves again, and the command says who follows."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlops_platform.artifacts.allow_list import TRUSTED_TYPES
from mlops_platform.artifacts.model_store import load_model, save_model
from mlops_platform.column_kind import KINDS
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.pointer import read_pointer
from mlops_platform.ledger.records import BentoIdentity, NewDecision, VersionIdentity
from mlops_platform.registry.model_files import ModelDescription
from mlops_platform.registry.registry import Registry
from mlops_platform.registry.requirements import pinned_requirements
from mlops_platform.serving.watching.service_events import (
    EventFile,
    EventName,
    ServiceEvent,
    utc_now,
)
from mlops_platform.settings import Settings, settings, sqlite_url
from mlops_platform.tasks import DEFAULT_TASK
from mlops_platform.usecases.deployment import open_deployment
from mlops_platform.usecases.ledger.anchors import accept_losses
from mlops_platform.usecases.release.release import Promotion, release_version
from tests.homes.blank_registry import put_blank_registry
from tests.registry.fetched import fetched_version
from tests.serving.packed import pack_small, small_spec

MODEL = "flight_delay"


@pytest.fixture(scope="module")
def registered(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[VersionIdentity]]:
    """A registry with two versions."""
    from sklearn.linear_model import LogisticRegression

    home = tmp_path_factory.mktemp("registry")
    url = sqlite_url(put_blank_registry(home))
    registry = Registry(url, home / "artifacts")
    rows = pd.DataFrame(np.arange(20.0).reshape(10, 2), columns=["wind", "late"])
    description = ModelDescription(
        input_example=rows.head(2),
        kinds=dict.fromkeys(("wind", "late"), KINDS["numeric"]),
        predict_method=DEFAULT_TASK.predict_method,
        answers=DEFAULT_TASK.answers_of_model,
        requirements=pinned_requirements(),
        trusted_types=TRUSTED_TYPES,
    )
    identities = []
    for name in ("first", "second"):
        digests = save_model(LogisticRegression().fit(rows, rows["wind"] > 5), home / name)
        with registry.training_run(MODEL, name, {}) as run:
            version = registry.register_version(
                MODEL, run.run_id, home / name, digests, description, {}
            )
        identities.append(
            VersionIdentity(
                version=version.version,
                run_id=run.run_id,
                digests=version.digests,
                schema_hash="5c",
                environment_hash="e4",
            )
        )
    return url, identities


@pytest.fixture
def released(
    home: Settings,
    registered: tuple[str, list[VersionIdentity]],
    monkeypatch: pytest.MonkeyPatch,
) -> Ledger:
    """Version 1, then version 2."""
    monkeypatch.setenv("MLOPS_MLFLOW_TRACKING_URI", registered[0])
    settings.cache_clear()
    deployment = open_deployment()
    deployment.ledger.create_schema()
    # The registry knows of what other tests have released.
    accept_losses(deployment, MODEL, "a ledger of another test", "tests")
    for sequence, identity in enumerate(registered[1]):
        promotion = Promotion(
            MODEL,
            identity,
            NewDecision(kind="promote", reason="better", actor="gate"),
            expected_sequence=sequence or None,
        )
        release_version(deployment, promotion)
    return deployment.ledger


@contextmanager
def _worker(
    home: Settings, name: str, answer: EventName | None, detail: str = ""
) -> Iterator[None]:
    """A worker that says `answer` as soon as the pointer changes; None keeps silent."""
    pointer, end = home.release_pointer(MODEL), threading.Event()
    events = EventFile(home.prediction_log(MODEL), name)

    def say(event: EventName) -> None:
        found = read_pointer(pointer)
        events.append(
            ServiceEvent(
                time=utc_now(),
                event=event,
                worker=name,
                model=MODEL,
                version=str(found.version),
                sequence=found.sequence,
                role="champion",
                detail=detail,
            )
        )

    def live() -> None:
        last = read_pointer(pointer)
        while not end.wait(0.02):
            events.touch()
            if (found := read_pointer(pointer)) != last and answer is not None:
                say(answer)
            last = found

    say("started")
    thread = threading.Thread(target=live)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


def _rollback(mlops: Callable[..., Any], *options: str) -> Any:
    return mlops("rollback", MODEL, "--reason", "late rate doubled", *options)


def test_the_previous_champion_serves_again_and_running_workers_are_counted(
    released: Ledger, home: Settings, mlops
) -> None:
    mlops("freeze", MODEL, "--reason", "holidays")  # does not stop a person
    with _worker(home, "a", "swapped"), _worker(home, "b", "swapped"):
        done = _rollback(mlops, "--actor", "alice")
    assert done.exit_code == 0, done.output
    assert "version 1 of flight_delay is the champion again: release 3, rolled back by alice" in (
        done.output
    )
    assert "2 running workers serve it" in done.output
    decision = released.decisions(MODEL)[0]
    assert (decision.kind, decision.actor, decision.reason) == (
        "roll_back",
        "alice",
        "late rate doubled",
    )
    said = released.activations(MODEL)
    assert {(one.worker, one.event, one.sequence) for one in said} == {
        ("a", "started", 2),
        ("b", "started", 2),
        ("a", "swapped", 3),
        ("b", "swapped", 3),
    }


def test_another_release_than_the_one_that_is_meant_is_not_rolled_back(
    released: Ledger, mlops
) -> None:
    refused = _rollback(mlops, "--release", "1")
    assert refused.exit_code == 1
    assert "release 2 serves, version 2, promoted by gate" in refused.output
    assert _rollback(mlops, "--release", "2").exit_code == 0
    again = _rollback(mlops)
    assert again.exit_code == 1
    assert "no earlier champion" in again.output
    assert len(released.releases(MODEL)) == 3


def test_without_a_running_service_nothing_is_waited_for(released: Ledger, mlops) -> None:
    began = time.monotonic()
    done = _rollback(mlops, "--wait", "60")
    assert done.exit_code == 0
    assert "No running service reports" in done.output
    assert time.monotonic() - began < 30
    assert released.current_release(MODEL).version == 1


def test_with_the_registry_down_it_serves_nevertheless(
    released: Ledger, home: Settings, mlops, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry, first = open_deployment().registry, released.releases(MODEL)[0]
    files = fetched_version(registry, MODEL, 1).directory
    rows = pd.DataFrame(np.arange(20.0).reshape(10, 2), columns=["wind", "late"])
    model = load_model(files, first.digests)
    tag = pack_small(home, small_spec(MODEL), first.identity, files, (model, rows))
    released.record_packaging(MODEL, 1, BentoIdentity(tag=tag), "bento")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLOPS_MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    settings.cache_clear()
    with _worker(home, "a", "swapped"):
        done = _rollback(mlops)
    assert done.exit_code == 0, done.output
    assert "1 running workers serve it" in done.output
    assert (
        "MLflow's alias still names another version: the registry cannot be reached" in done.output
    )
    assert read_pointer(home.release_pointer(MODEL)).version == 1


def test_a_worker_that_refuses_is_told_with_its_reason(
    released: Ledger, home: Settings, mlops
) -> None:
    with _worker(home, "a", "swapped"), _worker(home, "b", "refused", "a new Bento is needed"):
        done = _rollback(mlops)
    assert done.exit_code == 1
    assert "1 running workers serve it" in done.output
    assert "worker b goes on serving what it served: a new Bento is needed" in done.output
    assert released.current_release(MODEL).version == 1  # the ledger is rolled back nevertheless


def test_a_worker_that_does_not_follow_in_time_is_told(
    released: Ledger, home: Settings, mlops
) -> None:
    with _worker(home, "a", None):
        done = _rollback(mlops, "--wait", "0.5")
    assert done.exit_code == 1
    assert "worker a has not followed within" in done.output


def test_before_a_second_champion_there_is_nothing_to_go_back_to(new, mlops) -> None:
    new.at("2013-04-01T04:00").release(1, "There is no champion yet.")
    refused = _rollback(mlops)
    assert refused.exit_code == 1
    assert "has no earlier champion" in refused.output


def test_a_reason_is_required(released: Ledger, mlops) -> None:
    assert mlops("rollback", MODEL).exit_code == 2
    assert mlops("rollback", MODEL, "--reason", " ").exit_code == 2
    assert len(released.releases(MODEL)) == 2


def test_status_and_why_tell_what_workers_reported(released: Ledger, home: Settings, mlops) -> None:
    with _worker(home, "a", "swapped"), _worker(home, "b", "refused", "model.skops was changed"):
        _rollback(mlops)
    told = mlops("why", MODEL).output
    assert "What running services reported" in told
    assert "Version 2 (release 2) taken over by 2 workers, the first at" in told
    assert "Version 1 (release 3) taken over by 1 worker, the first at" in told
    assert "Version 1 (release 3) refused by 1 worker" in told
    assert "model.skops was changed" in told
    shown = mlops("status").output
    assert "release 3" in shown
    assert ("workers report" in shown) or ("by a worker" in shown)


def test_the_command_needs_neither_dagster_nor_any_model_definition() -> None:
    import subprocess
    import sys

    program = (
        "import sys, mlops_platform.cli.release.rollback, mlops_platform.cli.service.serve\n"
        "import mlops_platform.usecases.release.roll_back\n"
        "import mlops_platform.usecases.service.await_workers\n"
        "import mlops_platform.usecases.service.serve\n"
        "print([one for one in ('dagster', 'sklearn', 'bentoml') if one in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert found.stdout.strip() == "[]", found.stderr
