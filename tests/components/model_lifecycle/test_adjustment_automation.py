"""Every morning the days that ended are built, and the champion's constants follow."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pytest

from mlops_platform.clock import move_to
from mlops_platform.components.model_lifecycle.adjustment.automation import ADJUST, MOST_ATTEMPTS
from mlops_platform.components.model_lifecycle.automation.requests import stage_request
from mlops_platform.components.model_lifecycle.automation.windows import window_request
from mlops_platform.components.model_lifecycle.lifecycle_model import LifecycleModel
from mlops_platform.components.models import declared_lifecycle
from mlops_platform.components.stages import Stage
from mlops_platform.data.features.published import Manifest
from mlops_platform.data.windows import window_named
from mlops_platform.definitions import defs
from mlops_platform.files import write_text
from mlops_platform.ledger.records import NewDecision, VersionIdentity
from mlops_platform.settings import Settings
from mlops_platform.spec import SchedulesSpec
from mlops_platform.usecases.deployment import open_deployment
from tests.data.landing.landed import put_day

MODEL = "arrival_delay"
ADJUSTMENT = dg.AssetKey([MODEL, "adjustment"])
MORNING = datetime(2013, 6, 5, 9, tzinfo=UTC)  # five o'clock in New York
YESTERDAY = date(2013, 6, 4)
STAGES: tuple[Stage, ...] = ("watch", "adjust")


@pytest.fixture
def model(home: Settings) -> LifecycleModel:
    move_to(home.replay_clock(MODEL), MORNING)
    publish_until(home, YESTERDAY - timedelta(days=2))
    return declared_lifecycle(MODEL)


@pytest.fixture
def released(model: LifecycleModel) -> LifecycleModel:
    ledger = open_deployment().ledger
    ledger.create_schema()
    ledger.release(
        MODEL,
        VersionIdentity(
            version=1, run_id="r", digests={"m": "0"}, schema_hash="s", environment_hash="e"
        ),
        NewDecision(kind="promote", reason="better", actor="gate"),
        expected_sequence=None,
    )
    return model


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def look(
    model: LifecycleModel, instance: dg.DagsterInstance, before: dg.SensorResult | None = None
) -> dg.SensorResult:
    """One tick of the sensor over one model, after another one or as the first."""
    cursor = before.cursor if before else None
    with dg.build_sensor_context(instance, cursor=cursor) as context:
        answer = ADJUST.over([model])(context)
    assert isinstance(answer, dg.SensorResult)
    return answer


def asked(result: dg.SensorResult) -> list[dg.RunRequest]:
    return list(result.run_requests or ())


def run_of(instance: dg.DagsterInstance, request: dg.RunRequest) -> dg.DagsterRun:
    return instance.create_run_for_job(
        defs().resolve_job_def(str(request.job_name)),
        tags=dict(request.tags),
        status=dg.DagsterRunStatus.STARTED,
    )


def land(home: Settings, model: LifecycleModel, *days: str) -> None:
    for source in model.store.sources:
        land_table(home, source, *days)


def land_table(home: Settings, source: str, *days: str) -> None:
    for day in days:
        put_day(home.landing, source, date.fromisoformat(day))


def publish_until(home: Settings, day: date) -> None:
    table = declared_lifecycle(MODEL).spec.features.table
    state = {day.isoformat(): {"rows": 900, "digest": "d"}}
    manifest = {"partition_column": "local_date", "partitions": state}
    file = home.published / table / "_manifest.json"
    write_text(file, Manifest.model_validate(manifest).model_dump_json())


def test_before_the_first_release_nothing_is_asked_for(
    model: LifecycleModel, instance: dg.DagsterInstance
) -> None:
    open_deployment().ledger.create_schema()
    assert "Nothing is released" in str(look(model, instance).skip_reason)


def test_the_days_that_ended_are_built_and_then_it_is_adjusted(
    released: LifecycleModel, instance: dg.DagsterInstance
) -> None:
    [request] = asked(look(released, instance))

    assert set(request.asset_selection or ()) == {*released.store.assets, ADJUSTMENT}
    config = request.run_config["ops"][released.store.build_op]["config"]
    assert config == {"start_day": "2013-06-03", "end_day": "2013-06-04"}
    assert request.tags["mlops/stage"] == "adjust"


def test_where_yesterday_is_built_only_the_adjustment_is_asked_for(
    released: LifecycleModel, home: Settings, instance: dg.DagsterInstance
) -> None:
    publish_until(home, YESTERDAY)

    [request] = asked(look(released, instance))

    assert request.asset_selection == [ADJUSTMENT]


def test_it_is_asked_for_once_a_day_and_not_before_five(
    released: LifecycleModel, home: Settings, instance: dg.DagsterInstance
) -> None:
    first = look(released, instance)
    same_day = look(released, instance, first)
    move_to(home.replay_clock(MODEL), MORNING + timedelta(hours=23, minutes=59))
    night = look(released, instance, same_day)
    move_to(home.replay_clock(MODEL), MORNING + timedelta(days=1))
    next_day = look(released, instance, night)

    assert [len(asked(result)) for result in (first, same_day, night, next_day)] == [1, 0, 0, 1]
    assert asked(next_day)[0].run_key != asked(first)[0].run_key


def test_a_day_that_has_not_landed_is_waited_for(
    released: LifecycleModel, home: Settings, instance: dg.DagsterInstance
) -> None:
    land(home, released, "2013-06-02", "2013-06-03")

    waiting = look(released, instance)
    assert not asked(waiting)
    assert "has not landed yet" in str(waiting.skip_reason)
    land(home, released, "2013-06-04")
    [request] = asked(look(released, instance, waiting))

    assert request.run_config["ops"][released.store.build_op]["config"]["end_day"] == "2013-06-04"


def test_a_source_that_is_not_landed_daily_is_not_waited_for(
    released: LifecycleModel, home: Settings, instance: dg.DagsterInstance
) -> None:
    planes, *daily = released.store.sources
    for source in daily:
        land_table(home, source, "2013-06-02", "2013-06-03", "2013-06-04")
    land_table(home, planes, "2013-01-01")

    assert len(asked(look(released, instance))) == 1


def test_a_run_that_fails_is_asked_for_again_some_times(
    released: LifecycleModel, instance: dg.DagsterInstance
) -> None:
    last, keys = None, []
    for _ in range(MOST_ATTEMPTS):
        last = look(released, instance, last)
        [request] = asked(last)
        keys.append(request.run_key)
        run = run_of(instance, request)
        assert not asked(look(released, instance, last))  # while it runs
        instance.report_run_failed(run)

    assert len(set(keys)) == MOST_ATTEMPTS
    assert not asked(look(released, instance, last))


def test_after_the_last_window_has_matured_nothing_is_asked_for(
    released: LifecycleModel, home: Settings, instance: dg.DagsterInstance
) -> None:
    end = released.spec.window.end
    assert end is not None
    publish_until(home, end - timedelta(days=1))
    move_to(home.replay_clock(MODEL), datetime(2014, 1, 7, 12, tzinfo=UTC))
    assert len(asked(look(released, instance))) == 1
    move_to(home.replay_clock(MODEL), datetime(2014, 2, 1, 12, tzinfo=UTC))
    assert "last window" in str(look(released, instance).skip_reason)


@pytest.mark.parametrize("stage", STAGES)
def test_it_waits_for_a_run_that_builds_the_same_days(
    released: LifecycleModel, instance: dg.DagsterInstance, stage: Stage
) -> None:
    run = run_of(instance, stage_request(MODEL, stage))

    waiting = look(released, instance)

    assert not asked(waiting)
    assert "Another run" in str(waiting.skip_reason)
    instance.report_run_failed(run)
    assert len(asked(look(released, instance, waiting))) == 1


def test_only_models_whose_constants_follow_are_looked_at() -> None:
    for name, follows in (("arrival_delay", True), ("flight_delay", False)):
        spec = declared_lifecycle(name).spec
        on = spec.model_copy(update={"schedules": SchedulesSpec(windows=True)})
        off = spec.model_copy(update={"schedules": SchedulesSpec(windows=False)})
        assert (ADJUST.is_on(on), ADJUST.is_on(off)) == (follows, False)


@pytest.mark.parametrize(("name", "adjusted"), [("arrival_delay", True), ("flight_delay", False)])
def test_a_window_is_scored_after_its_adjustments(name: str, adjusted: bool) -> None:
    model = declared_lifecycle(name)
    window = window_named(model.spec.window, "2013-05-27")

    request = window_request(model, window, MORNING)

    graph = defs().get_repository_def().asset_graph
    upstream = graph.get(dg.AssetKey([name, "predictions"])).parent_keys
    assert (dg.AssetKey([name, "adjustment"]) in upstream) is adjusted
    assert (dg.AssetKey([name, "adjustment"]) in (request.asset_selection or ())) is adjusted


def test_a_served_model_is_adjusted_before_its_windows_too() -> None:
    model = declared_lifecycle(MODEL)
    spec = model.spec.model_copy(
        update={"window": model.spec.window.model_copy(update={"source": "served"})}
    )
    request = window_request(
        replace(model, spec=spec), window_named(spec.window, "2013-05-27"), MORNING
    )
    assert {ADJUSTMENT, dg.AssetKey([MODEL, "served_predictions"])} <= set(
        request.asset_selection or ()
    )
