"""What is wrong with a table is told whatever the task is: cases of `docs/refusals.md`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from mlops_platform.errors import MlopsError
from mlops_platform.serving.runtime import RuntimeSettings
from mlops_platform.serving.worker import Worker
from mlops_platform.settings import Settings, read_settings
from mlops_platform.spec.consistency import inconsistencies
from tests.documents.cases import documented
from tests.serving.conftest import Service
from tests.usecases.bad_tables.cases import (
    DECLARED,
    REQUESTS,
    TRAININGS,
    WINDOWS,
    BadTable,
    table_of,
    tried,
)
from tests.usecases.bad_tables.world import (
    OUTCOMES,
    TASKS,
    TRAINED_DAYS,
    TrainedTable,
    contents_of,
    publish,
    publish_faulty,
    spec_of,
    train,
    watch,
)

pytestmark = pytest.mark.filterwarnings("ignore")
SECTION = "Tables of every task"


@dataclass(frozen=True)
class Good:
    """A sound table of a task, trained once and served."""

    place: Settings
    trained: TrainedTable
    service: Service


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    services: list[Service] = []

    @cache
    def made(task: str) -> Good:
        place = read_settings({"MLOPS_HOME": str(tmp_path_factory.mktemp(task))})
        publish(place, task, TRAINED_DAYS + 7)
        trained = train(place, spec_of(task))
        assert trained.verdict.outcome == "promote", trained.verdict.reason
        worker = Worker(
            contents_of(trained, place.home / "packed"), RuntimeSettings(trust_packed="true")
        )
        worker.start()
        services.append(Service(worker))
        return Good(place, trained, services[-1])

    yield made
    for service in services:
        service.worker.stop()


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Where a sound table of a task is published, as it is trained on."""

    @cache
    def made(task: str) -> Settings:
        place = read_settings({"MLOPS_HOME": str(tmp_path_factory.mktemp(task))})
        publish(place, task, TRAINED_DAYS)
        return place

    return made


def faulty(sound: Settings, folder: Path, *faults: str) -> Settings:
    """Where a faulty table is published."""
    place = read_settings({"MLOPS_HOME": str(folder)})
    publish_faulty(sound, place, *faults)
    return place


def sql_of(case: BadTable, task: str) -> str:
    fault: str = case.fault
    return fault.replace("{outcome}", OUTCOMES.get(task, ""))


@pytest.mark.slow
@pytest.mark.parametrize(("case", "task"), tried(TRAININGS))
def test_a_training_on_a_bad_table_says_so(
    case: BadTable, task: str, sound: Any, tmp_path: Path
) -> None:
    place = faulty(sound(task), tmp_path, sql_of(case, task))
    try:
        read = train(place, spec_of(task)).told
    except MlopsError as error:
        read = str(error)
    assert case.words[task] in read


@pytest.mark.slow
@pytest.mark.parametrize(("case", "task"), tried(DECLARED))
def test_a_training_that_asks_for_more_than_there_is_says_so(
    case: BadTable, task: str, sound: Any
) -> None:
    spec = spec_of(task, **case.fault)
    read = "\n".join(map(str, inconsistencies(spec)))
    if not read:
        try:
            read = train(sound(task), spec).verdict.reason
        except MlopsError as error:
            read = str(error)
    assert case.words[task] in read


@pytest.mark.parametrize(("case", "task"), tried(WINDOWS))
def test_a_window_of_a_bad_table_says_so(
    case: BadTable, task: str, good: Any, tmp_path: Path
) -> None:
    place = faulty(good(task).place, tmp_path, sql_of(case, task))
    try:
        read = watch(place, good(task).trained)
    except MlopsError as error:
        read = str(error)
    assert case.words[task] in read


@pytest.mark.parametrize("task", TASKS)
def test_a_window_of_a_sound_table_has_nothing_to_say_of_its_columns(task: str, good: Any) -> None:
    read = watch(good(task).place, good(task).trained)
    assert "drift" not in read
    assert "cannot be judged" not in read


@pytest.mark.parametrize(("case", "task"), tried(REQUESTS))
def test_a_request_of_bad_values_is_answered_in_words(case: BadTable, task: str, good: Any) -> None:
    service, row = good(task).service, good(task).trained.row
    if case.fault is None:
        answer = service.ask("POST", "/v1/predict_batch", {"rows": []})
    else:
        asked = {**row, **{name: value for name, value in case.fault.items() if name in row}}
        answer = service.ask("POST", "/v1/predict", json.dumps(asked).encode())
    assert answer.status in (200, 422)
    assert case.words[task] in answer.text


@pytest.mark.parametrize("cases", [TRAININGS, DECLARED, WINDOWS, REQUESTS])
def test_the_document_shows_every_case(cases: list[BadTable]) -> None:
    assert table_of(cases) in documented(SECTION).split("\n\n"), (
        f"docs/refusals.md, section {SECTION}, must show this table:\n{table_of(cases)}"
    )
