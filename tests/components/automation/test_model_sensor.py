"""One sensor for many models: each is looked at by itself, and none stops the others."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from mlops_platform.components.model_lifecycle.automation import model_sensor
from mlops_platform.components.model_lifecycle.automation.model_sensor import (
    Look,
    LookAtModel,
    ModelSensor,
    Tick,
)
from mlops_platform.components.model_lifecycle.automation.requests import stage_request
from mlops_platform.components.model_lifecycle.automation.sensor_cursor import (
    LastLook,
    SensorCursor,
)
from mlops_platform.components.model_lifecycle.lifecycle_model import LifecycleModel
from mlops_platform.components.models import declared_lifecycle
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.settings import Settings
from mlops_platform.usecases.deployment import open_deployment
from mlops_platform.usecases.ledger.retirement import record_retirement, reinstate

NAMES = ("apples", "pears", "plums")


@pytest.fixture(scope="module")
def models() -> list[LifecycleModel]:
    declared = declared_lifecycle("flight_delay")
    return [
        replace(declared, spec=declared.spec.model_copy(update={"name": name})) for name in NAMES
    ]


@pytest.fixture(autouse=True)
def ledger(home: Settings) -> Ledger:
    """Sensors ask it which models are retired."""
    ledger = open_deployment().ledger
    ledger.create_schema()
    return ledger


def sensor(look: LookAtModel) -> ModelSensor:
    def begin(tick: Tick) -> LookAtModel:
        return look

    return ModelSensor(
        name="harvest",
        description="Looks at fruit.",
        switch="schedules.retraining",
        is_on=lambda spec: spec.name != "plums",
        begin=begin,
    )


def tick(definition: dg.SensorDefinition, cursor: str | None = None) -> dg.SensorResult:
    with (
        dg.DagsterInstance.ephemeral() as instance,
        dg.build_sensor_context(instance, cursor=cursor) as context,
    ):
        answer = definition(context)
    assert isinstance(answer, dg.SensorResult)
    return answer


def remembered(look: Callable[[str, str | None], str]) -> LookAtModel:
    """A look that leaves something to the next one."""
    return lambda model, memory: Look(f"{model.name} hang", memory=look(model.name, memory))


def test_each_model_remembers_what_its_own_look_left(
    home: Settings, models: list[LifecycleModel]
) -> None:
    harvest = sensor(remembered(lambda name, memory: f"{memory or ''}{name[0]}")).over(models)
    first = tick(harvest)
    second = SensorCursor.of(tick(harvest, first.cursor).cursor)
    assert {name: last.memory for name, last in second.models.items()} == {
        "apples": "aa",
        "pears": "pp",
        "plums": "pp",
    }
    assert first.skip_reason is not None
    assert str(first.skip_reason.skip_message).splitlines() == [
        f"{name}: {name} hang" for name in NAMES
    ]


def test_a_model_that_cannot_be_looked_at_stops_no_other_and_keeps_its_memory(
    home: Settings, models: list[LifecycleModel]
) -> None:
    broken: set[str] = set()

    def look(model: LifecycleModel, memory: str | None) -> Look:
        if model.name in broken:
            raise ValueError("worm")
        return Look("", [stage_request(model.name, "train", model.name)], memory="ripe")

    harvest = sensor(look).over(models)
    before = tick(harvest)
    broken.add("pears")
    after = tick(harvest, before.cursor)
    assert [request.tags["mlops/model"] for request in after.run_requests or ()] == [
        "apples",
        "plums",
    ]
    then, now = SensorCursor.of(before.cursor), SensorCursor.of(after.cursor)
    assert now.models["pears"].failing_since == now.models["pears"].looked_at
    assert now.models["pears"].memory == "ripe"
    assert now.models["pears"].looked_at > then.models["pears"].looked_at


def test_a_tick_in_which_no_look_succeeds_fails(
    home: Settings, models: list[LifecycleModel]
) -> None:
    def look(model: LifecycleModel, memory: str | None) -> Look:
        raise ValueError(f"worm in {model.name}")

    with pytest.raises(ValueError, match="worm in apples"):
        tick(sensor(look).over(models))


def test_a_tick_that_takes_too_long_stops_and_the_next_one_goes_on(
    home: Settings, models: list[LifecycleModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_sensor, "LONGEST_TICK_SECONDS", 0.0)
    looked_at: list[str] = []
    harvest = sensor(remembered(lambda name, memory: looked_at.append(name) or "")).over(models)
    cursor = None
    for _ in range(4):
        cursor = tick(harvest, cursor).cursor
    assert looked_at == ["apples", "pears", "plums", "apples"]


def test_a_slow_model_that_fails_keeps_nobody_from_the_others(
    home: Settings, models: list[LifecycleModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_sensor, "LONGEST_TICK_SECONDS", 0.0)
    looked_at: list[str] = []

    def look(model: LifecycleModel, memory: str | None) -> Look:
        looked_at.append(model.name)
        if model.name == "apples":
            raise ValueError("worm")
        return Look("fine")

    harvest, cursor = sensor(look).over(models), None
    for _ in range(4):
        cursor = tick(harvest, cursor).cursor
    assert looked_at == ["apples", "pears", "plums", "apples"]


def test_a_model_is_well_while_it_waits_and_not_while_it_fails() -> None:
    now = datetime.now(UTC)
    hour = timedelta(hours=1)
    waiting = LastLook(looked_at=now - hour)
    failing = waiting.failed(now - hour / 2).failed(now)
    cursor = SensorCursor(ticked_at=now, models={"apples": waiting, "pears": failing})
    assert cursor.well_until("apples") == cursor.well_until("plums") == now
    assert cursor.well_until("pears") == now - hour / 2
    assert failing.succeeded(now, None).failing_since is None
    assert SensorCursor().well_until("apples") is None


def test_ticks_are_unbroken_until_the_daemon_pauses() -> None:
    now = datetime.now(UTC)
    minute, since = timedelta(minutes=1), now - timedelta(hours=1)
    assert SensorCursor().unbroken_at(now) == now
    cursor = SensorCursor(ticked_at=now - minute, unbroken_since=since)
    assert cursor.unbroken_at(now) == since
    assert cursor.unbroken_at(now + 4 * minute) == now + 4 * minute


def test_runs_are_asked_for_in_portions(
    home: Settings, models: list[LifecycleModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_sensor, "MOST_REQUESTS", 2)

    def look(model: LifecycleModel, memory: str | None) -> Look:
        return Look("", [stage_request(model.name, "train", model.name)])

    harvest = sensor(look).over(models)
    first = tick(harvest)
    second = tick(harvest, first.cursor)
    asked = [
        [request.tags["mlops/model"] for request in answer.run_requests or ()]
        for answer in (first, second)
    ]
    assert asked == [["apples", "pears"], ["plums", "apples"]]


def test_only_models_whose_yaml_says_so_are_looked_at(
    home: Settings, models: list[LifecycleModel]
) -> None:
    harvest = sensor(remembered(lambda name, memory: name)).definition(models)
    assert harvest.default_status == dg.DefaultSensorStatus.RUNNING
    assert set(SensorCursor.of(tick(harvest).cursor).models) == {"apples", "pears"}

    unwanted = sensor(remembered(lambda name, memory: name)).definition(models[2:])
    assert unwanted.default_status == dg.DefaultSensorStatus.STOPPED
    assert "`schedules.retraining: true`" in str(tick(unwanted).skip_reason)


def test_a_model_that_is_gone_is_forgotten(home: Settings, models: list[LifecycleModel]) -> None:
    harvest = sensor(remembered(lambda name, memory: name))
    cursor = tick(harvest.over(models)).cursor
    assert set(SensorCursor.of(tick(harvest.over(models[:1]), cursor).cursor).models) == {"apples"}


@pytest.mark.parametrize(
    "cursor", [None, "", "{", '{"models": 3}', "an older cursor", "zlib:", "zlib:a b"]
)
def test_a_cursor_that_is_none_of_ours_is_an_empty_one(cursor: str | None) -> None:
    assert SensorCursor.of(cursor) == SensorCursor()


def test_what_is_remembered_of_many_models_is_told_in_few_lines(
    home: Settings, models: list[LifecycleModel]
) -> None:
    many = [
        replace(models[0], spec=models[0].spec.model_copy(update={"name": f"tree_{number}"}))
        for number in range(50)
    ]
    answer = tick(sensor(remembered(lambda name, memory: name)).over(many))
    assert answer.skip_reason is not None
    lines = str(answer.skip_reason.skip_message).splitlines()
    assert len(lines) == 21
    assert lines[-1] == "and 30 more models"


def test_the_cursor_of_five_hundred_models_is_short(
    home: Settings, models: list[LifecycleModel]
) -> None:
    many = [
        replace(models[0], spec=models[0].spec.model_copy(update={"name": f"tree_{number}"}))
        for number in range(500)
    ]
    harvest = sensor(remembered(lambda name, memory: f"{memory or ''}{name}")).over(many)
    first = tick(harvest)
    second = tick(harvest, first.cursor)
    assert second.cursor is not None
    assert len(second.cursor) < 20_000
    memories = {name: last.memory for name, last in SensorCursor.of(second.cursor).models.items()}
    assert memories == {f"tree_{number}": f"tree_{number}" * 2 for number in range(500)}


def test_a_look_says_when_it_was(home: Settings, models: list[LifecycleModel]) -> None:
    answer = tick(sensor(remembered(lambda name, memory: name)).over(models[:1]))
    cursor = SensorCursor.of(answer.cursor)
    assert cursor.ticked_at is not None
    assert datetime.now(UTC) - cursor.ticked_at < timedelta(minutes=1)
    assert cursor.ticked_at >= cursor.looked_at("apples")


def test_nobody_looks_at_a_retired_model_and_the_others_are_looked_at(
    ledger: Ledger, models: list[LifecycleModel]
) -> None:
    looked: list[str] = []
    harvest = sensor(remembered(lambda name, memory: looked.append(name) or "seen")).over(models)
    record_retirement(ledger, "pears", "the orchard is sold", "alice")
    answer = tick(harvest)
    assert looked == ["apples", "plums"]
    assert answer.skip_reason is not None
    told = str(answer.skip_reason.skip_message)
    assert "pears: It is retired, by alice since" in told
    assert "the orchard is sold" in told


def test_a_model_that_is_taken_back_is_looked_at_as_for_the_first_time(
    ledger: Ledger, models: list[LifecycleModel]
) -> None:
    memories: list[tuple[str, str | None]] = []
    look = remembered(lambda name, memory: memories.append((name, memory)) or "seen")
    harvest = sensor(look).over(models[:1])
    first = tick(harvest)
    record_retirement(ledger, "apples", "sold", "alice")
    retired = tick(harvest, first.cursor)
    reinstate(ledger, "apples", "bought again", "bob")
    tick(harvest, retired.cursor)
    assert memories == [("apples", None), ("apples", None)]
