"""A fact counts from the second at which it is known, and not a second before."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    import pandas as pd

    from tests.dbt_project.conftest import Copier, Deployment

DAY = date(2013, 3, 11)
RATES = [
    "carrier_late_rate_7d",
    "route_late_rate_28d",
    "origin_late_rate_24h",
    "origin_late_rate_3h",
    "tail_number_late_rate_14d",
]


class Twins(NamedTuple):
    """A flight, and a late arrival before it that shares all of its keys."""

    flight_id: str
    event_time: pd.Timestamp
    origin: str
    fact: str
    fact_day: pd.Timestamp


# Predicted between two observations of the weather; the arrival is of days before.
TWINS = f"""
    SELECT
        flight.flight_id, flight.event_time, origin,
        fact.flight_id AS fact, fact.landing_day AS fact_day
    FROM int_flights AS flight
    JOIN int_flight_outcomes AS fact USING (carrier, origin, destination, tail_number)
    WHERE flight.local_date = '{DAY}' AND hour(flight.event_time) BETWEEN 15 AND 20
        AND minute(flight.event_time) BETWEEN 10 AND 40
        AND fact.is_late AND fact.known_at BETWEEN flight.event_time - INTERVAL 20 DAY
        AND flight.event_time - INTERVAL 2 DAY
    ORDER BY flight.flight_id, fact.flight_id LIMIT 1
"""


@pytest.mark.slow
def test_a_fact_counts_up_to_the_very_second_of_the_prediction(
    winter: Deployment, copied: Copier
) -> None:
    deployment = copied(winter)
    twins = Twins(*winter.query(TWINS).iloc[0])
    second = timedelta(seconds=1)

    move_facts(deployment, twins, twins.event_time)
    at_cutoff = rebuilt_features(deployment, twins.flight_id)
    change_moments(deployment, twins, twins.event_time + second)
    after_cutoff = rebuilt_features(deployment, twins.flight_id)
    change_moments(deployment, twins, twins.event_time)
    back_at_cutoff = rebuilt_features(deployment, twins.flight_id)

    for rate in RATES:
        # A late arrival more or less always moves a rate below one.
        assert at_cutoff[rate] > after_cutoff[rate], rate
    assert at_cutoff["temperature_f"] == 99
    assert at_cutoff["weather_age_minutes"] == 0
    assert after_cutoff["temperature_f"] != 99
    assert after_cutoff["weather_age_minutes"] > 0
    assert back_at_cutoff.equals(at_cutoff)


def move_facts(deployment: Deployment, twins: Twins, moment: pd.Timestamp) -> None:
    """Make the twin's arrival known, and 99 degrees observed, at `moment`."""
    fact_file = deployment.partition("flight_outcomes", twins.fact_day.date())
    deployment.change_landing(
        "flight_outcomes",
        DAY,
        f"FROM rows UNION ALL SELECT * REPLACE (TIMESTAMPTZ '{moment}' AS known_at) "
        f"FROM read_parquet('{fact_file}', hive_partitioning = false) "
        f"WHERE flight_id = '{twins.fact}'",
    )
    deployment.change_landing(
        "flight_outcomes", twins.fact_day.date(), f"FROM rows WHERE flight_id != '{twins.fact}'"
    )
    deployment.change_landing(
        "weather",
        DAY,
        "FROM rows UNION ALL "
        f"(SELECT * REPLACE (TIMESTAMPTZ '{moment}' AS observed_at, 99 AS temperature_f) "
        f"FROM rows WHERE origin = '{twins.origin}' LIMIT 1)",
    )


def change_moments(deployment: Deployment, twins: Twins, moment: pd.Timestamp) -> None:
    """Move what `move_facts` landed to another second."""
    deployment.change_landing(
        "flight_outcomes",
        DAY,
        f"SELECT * REPLACE (if(flight_id = '{twins.fact}', TIMESTAMPTZ '{moment}', known_at) "
        "AS known_at) FROM rows",
    )
    deployment.change_landing(
        "weather",
        DAY,
        f"SELECT * REPLACE (if(temperature_f = 99, TIMESTAMPTZ '{moment}', observed_at) "
        "AS observed_at) FROM rows",
    )


def rebuilt_features(deployment: Deployment, flight_id: str) -> pd.Series:
    deployment.build_models((DAY, DAY), "--select", "+flight_features")
    features = deployment.query(f"FROM flight_features WHERE flight_id = '{flight_id}'")
    assert len(features) == 1
    return features.iloc[0]
