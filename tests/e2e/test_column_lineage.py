"""Where each feature comes from, column by column, from landing on."""

import dagster as dg
import pytest

pytestmark = pytest.mark.slow


def _lineage(deployment, layer: str, table: str) -> dict[str, set[str]]:
    with deployment.instance() as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey([layer, table]))
    lineage = event.asset_materialization.metadata["dagster/column_lineage"].value
    return {
        column: {f"{dep.asset_key.to_user_string()}.{dep.column_name}" for dep in deps}
        for column, deps in lineage.deps_by_column.items()
    }


def test_every_feature_is_traced_to_landed_columns(deployment) -> None:
    features = _lineage(deployment, "features", "flight_features")
    assert features["distance_miles"] == {"intermediate/int_flights.distance_miles"}
    assert features["origin_late_rate_3h"] == {"intermediate/int_late_rates.origin_late_rate_3h"}
    assert all(features.values())
    flights = _lineage(deployment, "intermediate", "int_flights")
    assert flights["distance_miles"] == {"staging/stg_flight_schedules.distance_miles"}
    schedules = _lineage(deployment, "staging", "stg_flight_schedules")
    assert schedules["distance_miles"] == {"landing/flight_schedules.distance_miles"}
    assert schedules["local_date"] == {"landing/flight_schedules.day"}
