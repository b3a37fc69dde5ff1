"""The online store of the deployed model: exported whole, checked apart, refreshed."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
import duckdb
import pytest

from mlops_platform.clock import move_to
from mlops_platform.components.model_lifecycle.automation.requests import ANY_ASSETS
from mlops_platform.components.model_lifecycle.lifecycle import build_lifecycle
from mlops_platform.components.model_lifecycle.service import online_assets
from mlops_platform.components.model_lifecycle.service.automation import EXPORT_ONLINE
from mlops_platform.components.model_lifecycle.service.online_assets import (
    online_features_asset,
    online_freshness_check,
)
from mlops_platform.components.models import declared_lifecycle, declared_spec
from mlops_platform.data.features.published import publish_table
from mlops_platform.definitions import defs
from mlops_platform.serving.online.store import OnlineStore, UnknownEntity
from mlops_platform.serving.schema import CategoricalColumn, FeatureSchema, NumericColumn
from mlops_platform.settings import Settings
from mlops_platform.spec import ModelSpec, ServingSpec
from mlops_platform.spec.online_layout import OnlineExport
from mlops_platform.usecases.deployment import deployment_at
from mlops_platform.usecases.service.export_online import export_online, store_freshness

if TYPE_CHECKING:
    from tests.components.conftest import Tick

MODEL = "flight_delay"
EXPORT, CHECK = dg.AssetKey([MODEL, "online_features"]), "online_features_are_fresh"
FEATURES = dg.AssetKey(["features", "flight_features"])
NOW = datetime(2013, 4, 1, 10, tzinfo=UTC)


@pytest.fixture(scope="module")
def definitions() -> dg.Definitions:
    return defs()


@pytest.fixture(scope="module")
def spec() -> ModelSpec:
    return declared_spec(MODEL)


@pytest.fixture
def published(home: Settings, spec: ModelSpec, tmp_path: Path) -> Settings:
    """Sixty flights, one every six hours, as dbt would have published them."""
    move_to(home.replay_clock(MODEL), NOW)
    publish(home, spec, tmp_path / "warehouse.duckdb", flights=60)
    return home


def publish(home: Settings, spec: ModelSpec, warehouse: Path, flights: int) -> None:
    numbers = ", ".join(f"flight * 0.25 AS {name}" for name in spec.features.numeric)
    strings = ", ".join(f"'UA' AS {name}" for name in spec.features.categorical)
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(
            f"CREATE OR REPLACE TABLE {spec.features.table} AS SELECT 'f' || flight AS flight_id, "
            "TIMESTAMPTZ '2013-04-01 08:00:00+00' - to_hours(flight * 6) AS event_time, "
            f"event_time::DATE AS local_date, {numbers}, {strings} "
            f"FROM range({flights}) AS flights (flight)"
        )
    table = spec.features.table
    publish_table(warehouse, table, "local_date", home.published, ["flight_id"])


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def run(
    definitions: dg.Definitions, instance: dg.DagsterInstance, job: str, **arguments: object
) -> dg.ExecuteInProcessResult:
    return definitions.resolve_job_def(job).execute_in_process(instance=instance, **arguments)  # type: ignore[arg-type]


def test_the_export_takes_the_days_that_are_kept(
    published: Settings, definitions: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    result = run(definitions, instance, ANY_ASSETS, asset_selection=[EXPORT])
    (made,) = result.asset_materializations_for_node(f"{MODEL}__online_features")
    assert made.metadata["dagster/row_count"].value == 28  # four a day, for seven days
    assert made.metadata["newest_event_time"].value == "2013-04-01 08:00:00+00:00"
    assert instance.get_latest_materialization_event(EXPORT)


def test_a_model_whose_last_window_has_ended_keeps_the_days_before_that(
    home: Settings, definitions: dg.Definitions, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    """It lives by the machine's clock: nothing of 2013 is of the last week."""
    spec = declared_spec(MODEL)
    end = date(2013, 4, 2)
    over = spec.model_copy(update={"window": spec.window.model_copy(update={"end": end})})
    publish(home, spec, tmp_path / "warehouse.duckdb", flights=60)
    exported = export_online(deployment_at(home), over, datetime.now(UTC))
    assert exported.as_of == datetime(2013, 4, 2, 4, tzinfo=UTC)  # midnight in New York
    assert exported.newest == datetime(2013, 4, 1, 8, tzinfo=UTC)
    assert exported.rows == 25
    assert store_freshness(deployment_at(home), over, datetime.now(UTC)).fresh


def test_an_export_without_a_row_fails_the_check_with_the_days_it_looked_at(
    published: Settings, definitions: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    move_to(published.replay_clock(MODEL), NOW + timedelta(days=30))
    result = run(definitions, instance, ANY_ASSETS, asset_selection=[EXPORT])
    (check,) = result.get_asset_check_evaluations()
    assert not check.passed
    assert check.metadata["reason"].value == (
        "exported without a row: flight_features has none of the 7 days before 2013-05-01 10:00 "
        "UTC. Publish newer rows, or keep more days (serving.online_store.keep_days), and export "
        "again"
    )


def test_what_was_exported_is_what_a_service_finds(
    published: Settings,
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    spec: ModelSpec,
) -> None:
    run(definitions, instance, ANY_ASSETS, asset_selection=[EXPORT])
    numeric = [
        NumericColumn(name=name, missing_allowed=True, minimum=0, maximum=1)
        for name in spec.features.numeric
    ]
    categorical = [
        CategoricalColumn(name=name, missing_allowed=True, categories=("UA",))
        for name in spec.features.categorical
    ]
    schema = FeatureSchema(
        model=MODEL, entity="flight_id", label="is_late", columns=(*numeric, *categorical)
    )
    store = OnlineStore.open(published.online_store(MODEL), schema, timedelta(hours=1))
    found = store.lookup("f3")
    assert found.features == dict.fromkeys(spec.features.numeric, 0.75) | dict.fromkeys(
        spec.features.categorical, "UA"
    )
    assert found.event_time == datetime(2013, 3, 31, 14, tzinfo=UTC)
    with pytest.raises(UnknownEntity):
        store.lookup("f28")  # a week ago and two hours


def test_the_check_runs_with_the_export_and_alone_without_exporting(
    published: Settings, definitions: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    first = run(definitions, instance, ANY_ASSETS, asset_selection=[EXPORT])
    assert [one.passed for one in first.get_asset_check_evaluations()] == [True]
    written = Path(published.online_store(MODEL)).stat().st_mtime_ns

    check = online_freshness_check(declared_spec(MODEL))
    alone = dg.Definitions(asset_checks=[check]).resolve_implicit_global_asset_job_def()
    result = alone.execute_in_process(instance=instance)
    assert [one.check_name for one in result.get_asset_check_evaluations()] == [CHECK]
    assert Path(published.online_store(MODEL)).stat().st_mtime_ns == written


@pytest.mark.parametrize(("minutes", "passes"), [(59, True), (61, False), (-60, False)])
def test_the_check_fails_once_services_refuse_the_export(
    published: Settings,
    spec: ModelSpec,
    minutes: int,
    passes: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    serving = ServingSpec.model_validate({"online_store": {"stale_after_minutes": 60}})
    spec = spec.model_copy(update={"serving": serving})
    online_features_asset(spec, FEATURES)()

    class Later(datetime):
        @classmethod
        def now(cls, zone: object = None) -> datetime:
            return datetime.now(UTC) + timedelta(minutes=minutes)

    monkeypatch.setattr(online_assets, "datetime", Later)
    result = online_freshness_check(spec)()
    assert isinstance(result, dg.AssetCheckResult)
    assert result.passed is passes
    reason = {59: "stale after 60", 61: "1:00:00 is stale", -60: "in the future"}[minutes]
    assert reason in str(result.metadata["reason"].value)


def test_without_an_export_the_check_fails_and_says_what_to_do(
    home: Settings, spec: ModelSpec
) -> None:
    result = online_freshness_check(spec)()
    assert isinstance(result, dg.AssetCheckResult)
    assert not result.passed
    assert "materialise the asset online_features" in str(result.metadata["reason"].value)


def test_the_sensor_asks_for_an_export_once_per_publication(
    published: Settings,
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    spec: ModelSpec,
    tmp_path: Path,
    tick: "Tick",
) -> None:
    deployment_at(published).ledger.create_schema()
    (first,) = tick(EXPORT_ONLINE, spec, instance).run_requests or ()
    (again,) = tick(EXPORT_ONLINE, spec, instance).run_requests or ()
    assert first.run_key == again.run_key  # the daemon starts one run
    run(definitions, instance, ANY_ASSETS, asset_selection=first.asset_selection)
    assert tick(EXPORT_ONLINE, spec, instance).skip_reason

    publish(published, spec, tmp_path / "warehouse.duckdb", flights=61)
    (newer,) = tick(EXPORT_ONLINE, spec, instance).run_requests or ()
    assert newer.run_key != first.run_key


def test_before_anything_is_published_the_sensor_waits(
    home: Settings, instance: dg.DagsterInstance, spec: ModelSpec, tick: "Tick"
) -> None:
    deployment_at(home).ledger.create_schema()
    assert tick(EXPORT_ONLINE, spec, instance).skip_reason


def test_a_model_without_an_online_store_has_none_of_it(spec: ModelSpec) -> None:
    without = spec.model_copy(update={"serving": ServingSpec()})
    model = replace(declared_lifecycle(MODEL), spec=without)
    built = build_lifecycle(model)
    assert EXPORT not in {key for asset in built.assets or () for key in asset.keys}  # type: ignore[union-attr]
    assert not built.asset_checks
    assert not EXPORT_ONLINE.is_on(without)


def test_the_export_hands_on_what_it_wrote(
    published: Settings, definitions: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    from mlops_platform.components.record_io_manager import latest_record

    run(definitions, instance, ANY_ASSETS, asset_selection=[EXPORT])
    record = latest_record(EXPORT, OnlineExport)
    assert (record.rows, record.as_of) == (28, NOW)
