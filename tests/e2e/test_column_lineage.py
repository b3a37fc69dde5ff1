"""Where each feature comes from, column by column."""

import dagster as dg
import pytest

pytestmark = pytest.mark.slow

FEATURES = dg.AssetKey(["features", "flight_features"])
LINEAGE = "dagster/column_lineage"
ONE_DAY = {
    "ops": {"dbt_features": {"config": {"start_day": "2013-01-20", "end_day": "2013-01-20"}}}
}


def _lineage(deployment, key: dg.AssetKey) -> dict[str, set[str]]:
    with deployment.instance() as instance:
        event = instance.get_latest_materialization_event(key)
    found = event.asset_materialization.metadata[LINEAGE].value.deps_by_column
    return {
        column: {f"{dep.asset_key.to_user_string()}.{dep.column_name}" for dep in deps}
        for column, deps in found.items()
    }


def test_column_lineage_is_collected_once_and_shown_by_every_later_build(untrained) -> None:
    run = untrained.launch("--job", "collect_column_lineage")
    assert run.status == dg.DagsterRunStatus.SUCCESS
    collected = _lineage(untrained, FEATURES)
    assert collected["distance_miles"] == {"intermediate/int_flights.distance_miles"}
    assert collected["temperature_f"] == {"intermediate/int_flight_weather.temperature_f"}
    staging = _lineage(untrained, dg.AssetKey(["staging", "stg_flight_schedules"]))
    assert staging["distance_miles"] == {"landing/flight_schedules.distance_miles"}

    run = untrained.launch("--job", "build_features", config=ONE_DAY)
    assert run.status == dg.DagsterRunStatus.SUCCESS
    assert _lineage(untrained, FEATURES) == collected
