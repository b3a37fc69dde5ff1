"""The project's data tests stop what is broken and let what is real pass."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.dbt_project.conftest import FLIGHTS

if TYPE_CHECKING:
    from dbt.artifacts.schemas.results import NodeResult

    from tests.dbt_project.conftest import Copier, Deployment

WEEK = (date(2013, 3, 5), date(2013, 3, 11))
LAST_WEEK = f"local_date BETWEEN '{WEEK[0]}' AND '{WEEK[1]}'"

BROKEN_MARTS = {
    "a feature loses its values": (
        f"UPDATE flight_features SET temperature_f = NULL WHERE {LAST_WEEK}",
        "features_are_filled",
    ),
    "a rolling rate loses its values": (
        f"UPDATE flight_features SET carrier_late_rate_7d = NULL WHERE {LAST_WEEK}",
        "late_rates_are_filled",
    ),
    "degrees become Celsius": (
        f"UPDATE flight_features SET temperature_f = (temperature_f - 32) / 1.8 WHERE {LAST_WEEK}",
        "weather_does_not_jump",
    ),
    "miles become kilometres": (
        f"UPDATE flight_features SET distance_miles = distance_miles * 1.609 WHERE {LAST_WEEK}",
        "features_have_plausible_means",
    ),
    "a plane is built in year 0": (
        f"UPDATE flight_features SET plane_age_years = 2013 WHERE {LAST_WEEK}",
        "features_are_possible",
    ),
    "most flights of a day are missing": (
        f"DELETE FROM flight_features WHERE local_date = '{WEEK[1]}' AND origin != 'JFK'",
        "features_are_complete",
    ),
    "a single flight is missing": (
        "DELETE FROM flight_features WHERE flight_id = "
        f"(SELECT min(flight_id) FROM flight_features WHERE {LAST_WEEK})",
        "flight_features_cover_all_schedules",
    ),
    "predictions are made an hour later": (
        f"UPDATE flight_features SET event_time = event_time + INTERVAL 1 HOUR WHERE {LAST_WEEK}",
        "flight_features_cover_all_schedules",
    ),
    "flights appear twice": (
        f"INSERT INTO flight_features FROM flight_features WHERE {LAST_WEEK}",
        "unique_flight_features_flight_id",
    ),
    "weather comes from the future": (
        "UPDATE int_flight_weather SET weather_age_minutes = -1",
        "weather_was_known_and_recent",
    ),
    "a rate exceeds one": (
        "UPDATE int_late_rates SET origin_late_rate_3h = 1.5",
        "late_rates_are_shares",
    ),
    "everybody is late": (
        f"UPDATE flight_labels SET arrival_delay_minutes = 99, is_late = true WHERE {LAST_WEEK}",
        "labels_have_plausible_means",
    ),
    "labels contradict the delay": (
        f"UPDATE flight_labels SET is_late = NOT is_late WHERE {LAST_WEEK}",
        "labels_follow_from_the_outcome",
    ),
    "labels appear twice": (
        f"INSERT INTO flight_labels FROM flight_labels WHERE {LAST_WEEK}",
        "unique_flight_labels_flight_id",
    ),
}

BROKEN_LANDING = {
    "an empty day of schedules": (
        "flight_schedules",
        "FROM rows WHERE false",
        "source_every_day_has_rows_landing_flight_schedules_day",
    ),
    "flights in the wrong partition": (
        "flight_schedules",
        "SELECT * REPLACE (scheduled_departure_at + INTERVAL 1 DAY AS scheduled_departure_at) "
        "FROM rows",
        "schedules_are_whole_and_in_their_partition",
    ),
    "an unknown status": (
        "flight_outcomes",
        "SELECT * REPLACE ('vanished' AS status) FROM rows",
        "outcomes_are_whole_and_in_their_partition",
    ),
    "outcomes known on another day": (
        "flight_outcomes",
        "SELECT * REPLACE (known_at + INTERVAL 1 DAY AS known_at) FROM rows",
        "outcomes_are_whole_and_in_their_partition",
    ),
    "observations delivered twice": (
        "weather",
        "FROM rows UNION ALL FROM rows",
        "one_observation_per_origin_and_moment",
    ),
    "observations of another day": (
        "weather",
        "SELECT * REPLACE (observed_at + INTERVAL 1 DAY AS observed_at) FROM rows",
        "observations_are_in_their_partition",
    ),
}


def test_real_data_passes(winter: Deployment, copied: Copier) -> None:
    results = copied(winter).dbt("test", *FLIGHTS, "--exclude-resource-types", "unit_test")
    assert len(results) > 20
    assert {str(result.status) for result in results.values()} == {"pass", "warn"}
    # The source has one wind reading of 1,048 mph.
    assert status_of(results, "warn") == {"wind_is_possible", "outcomes_have_a_schedule"}


@pytest.mark.slow
@pytest.mark.parametrize("fault", BROKEN_MARTS)
def test_a_broken_mart_fails_its_test(fault: str, winter: Deployment, copied: Copier) -> None:
    damage, test = BROKEN_MARTS[fault]
    deployment = copied(winter)
    deployment.change_warehouse(damage)
    assert status_of(deployment.dbt("test", "--select", test, days=WEEK), "fail") == {test}


@pytest.mark.slow
@pytest.mark.parametrize("fault", BROKEN_LANDING)
def test_broken_landing_fails_its_test(fault: str, winter: Deployment, copied: Copier) -> None:
    table, damage, test = BROKEN_LANDING[fault]
    deployment = copied(winter)
    deployment.change_landing(table, WEEK[1], damage)
    assert status_of(deployment.dbt("test", "--select", test, days=WEEK), "fail") == {test}


@pytest.mark.slow
def test_a_dead_feed_stops_the_build_before_the_marts(winter: Deployment, copied: Copier) -> None:
    deployment = copied(winter)
    before = deployment.query("FROM flight_features ORDER BY flight_id")
    deployment.change_landing("flight_outcomes", WEEK[0], "FROM rows WHERE false")

    results = deployment.dbt("build", *FLIGHTS, "--exclude-resource-types", "unit_test", days=WEEK)

    assert "source_every_day_has_rows_landing_flight_outcomes_day" in status_of(results, "fail")
    assert {"flight_features", "flight_labels"} <= status_of(results, "skipped")
    assert deployment.query("FROM flight_features ORDER BY flight_id").equals(before)


@pytest.mark.slow
def test_a_week_without_weather_values_fails_the_build(winter: Deployment, copied: Copier) -> None:
    deployment = copied(winter)
    for number in range(7):
        deployment.change_landing(
            "weather",
            WEEK[0] + timedelta(days=number),
            "SELECT * REPLACE (NULL::DOUBLE AS visibility_miles) FROM rows",
        )
    results = deployment.dbt("build", *FLIGHTS, "--exclude-resource-types", "unit_test", days=WEEK)
    assert status_of(results, "fail") == {"features_are_filled"}


def status_of(results: dict[str, NodeResult], status: str) -> set[str]:
    return {name for name, result in results.items() if str(result.status) == status}
