"""Every feature, recomputed by brute force from landing alone, in pandas."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

if TYPE_CHECKING:
    from tests.dbt_project.conftest import Deployment

RATES = {
    "carrier_late_rate_7d": (["carrier"], pd.Timedelta(days=7)),
    "route_late_rate_28d": (["origin", "destination"], pd.Timedelta(days=28)),
    "origin_late_rate_24h": (["origin"], pd.Timedelta(hours=24)),
    "origin_late_rate_3h": (["origin"], pd.Timedelta(hours=3)),
    "tail_number_late_rate_14d": (["tail_number"], pd.Timedelta(days=14)),
}
WEATHER = (
    "temperature_f",
    "dew_point_f",
    "humidity_percent",
    "wind_speed_mph",
    "precipitation_inches",
    "pressure_millibars",
    "visibility_miles",
)
NOT_REGISTERED = ("BQN", "PSE", "SJU", "STT")


@dataclass(frozen=True)
class Landing:
    """All landed rows, as they are in the files."""

    schedules: pd.DataFrame
    arrivals: pd.DataFrame
    weather: pd.DataFrame
    planes: pd.DataFrame
    zones: dict[str, str]


def read(lake: Path, table: str) -> pd.DataFrame:
    files = sorted((lake / "landing" / table).glob("*/*/data.parquet"))
    return pd.concat([pd.read_parquet(path, partitioning=None) for path in files])


def read_landing(lake: Path) -> Landing:
    schedules, outcomes = read(lake, "flight_schedules"), read(lake, "flight_outcomes")
    arrived = outcomes[outcomes["status"] == "arrived"]
    airports = read(lake, "airports")
    keys = ["carrier", "origin", "destination", "tail_number"]
    arrivals = arrived.merge(schedules[["flight_id", *keys]], on="flight_id")
    return Landing(
        schedules=schedules,
        # Categories only make the comparisons of the brute force cheap.
        arrivals=arrivals.astype(dict.fromkeys(keys, "category")),
        weather=read(lake, "weather"),
        planes=read(lake, "planes").set_index("tail_number"),
        zones=dict(zip(airports["airport"], airports["timezone"], strict=True)),
    )


def features_of(flight: Any, landing: Landing) -> dict[str, object]:
    """What could be known of one flight two hours before its departure."""
    event_time = flight.scheduled_departure_at - pd.Timedelta(hours=2)
    departure = flight.scheduled_departure_at.tz_convert("America/New_York")
    zone = landing.zones.get(flight.destination)
    if flight.destination in NOT_REGISTERED:
        zone = "America/Puerto_Rico"
    arrival = flight.scheduled_arrival_at.tz_convert(zone)
    minute = pd.Timedelta(minutes=1)
    return {
        "flight_id": flight.flight_id,
        "event_time": event_time,
        "local_date": pd.Timestamp(departure.date()),
        "scheduled_departure_minute": float(departure.hour * 60 + departure.minute),
        "scheduled_arrival_minute": float(arrival.hour * 60 + arrival.minute),
        "scheduled_duration_minutes": (flight.scheduled_arrival_at - flight.scheduled_departure_at)
        / minute,
        "day_of_week": float(departure.isoweekday()),
        "distance_miles": float(flight.distance_miles),
        **plane_features(flight.tail_number, departure.year, landing.planes),
        **weather_features(flight.origin, event_time, landing.weather),
        **{
            name: late_rate(flight, event_time, key, window, landing.arrivals)
            for name, (key, window) in RATES.items()
        },
        "carrier": flight.carrier,
        "origin": flight.origin,
        "destination": flight.destination,
        "superseded_at": pd.NaT,
    }


def plane_features(tail_number: str | None, year: int, planes: pd.DataFrame) -> dict[str, float]:
    if tail_number not in planes.index:
        return {"plane_age_years": np.nan, "plane_seats": np.nan}
    plane = planes.loc[tail_number]
    age: float = np.nan if pd.isna(plane["year_built"]) else float(year - plane["year_built"])
    return {"plane_age_years": age, "plane_seats": float(plane["seats"])}


def weather_features(
    origin: str, event_time: pd.Timestamp, weather: pd.DataFrame
) -> dict[str, float]:
    recent = weather[
        (weather["origin"] == origin)
        & (weather["observed_at"] <= event_time)
        & (weather["observed_at"] >= event_time - pd.Timedelta(hours=6))
    ]
    if recent.empty:
        return dict.fromkeys([*WEATHER, "weather_age_minutes"], np.nan)
    last = recent.loc[recent["observed_at"] == recent["observed_at"].max()].iloc[0]
    age = (event_time - last["observed_at"]) / pd.Timedelta(minutes=1)
    return {**{name: float(last[name]) for name in WEATHER}, "weather_age_minutes": age}


def late_rate(
    flight: Any,
    event_time: pd.Timestamp,
    key: list[str],
    window: pd.Timedelta,
    arrivals: pd.DataFrame,
) -> float:
    counts = (arrivals["known_at"] <= event_time) & (arrivals["known_at"] > event_time - window)
    for column in key:
        counts &= arrivals[column] == getattr(flight, column)
    delays = arrivals.loc[counts, "arrival_delay_minutes"]
    return int((delays > 15).sum()) / len(delays) if len(delays) else np.nan


def sample(schedules: pd.DataFrame, planes: pd.DataFrame, seed: int) -> pd.DataFrame:
    """500 flights of all kinds, and 20 more of each kind that is easily got wrong."""
    departure = schedules["scheduled_departure_at"].dt.tz_convert("America/New_York")
    arrival_day = schedules["scheduled_arrival_at"].dt.tz_convert("America/New_York").dt.date
    kinds = {
        "predicted the day before": departure.dt.hour < 2,
        "just before midnight": departure.dt.hour == 23,
        "arriving the day after": arrival_day > departure.dt.date,
        "on the day the clocks change": departure.dt.strftime("%m-%d").isin(["03-10", "11-03"]),
        "on the first landed day": departure.dt.date == departure.dt.date.min(),
        "without tail number": schedules["tail_number"].isna(),
        "with an unknown plane": ~schedules["tail_number"].isin(planes.index),
        "to an airport that is not registered": schedules["destination"].isin(NOT_REGISTERED),
    }
    random = np.random.default_rng(seed)
    chosen = [schedules.sample(500, random_state=random)]
    for kind, rows in kinds.items():
        found = schedules[rows]
        assert len(found) > 0 or kind == "predicted the day before", kind
        chosen.append(found.sample(min(20, len(found)), random_state=random))
    return pd.concat(chosen).drop_duplicates("flight_id")


@pytest.mark.parametrize("season", ["winter", "autumn"])
def test_features_equal_a_brute_force_computation_from_landing(
    season: str, request: pytest.FixtureRequest
) -> None:
    deployment: Deployment = request.getfixturevalue(season)
    landing = read_landing(deployment.lake)
    flights = sample(landing.schedules, landing.planes, seed=2013)

    expected = pd.DataFrame(
        [features_of(flight, landing) for flight in flights.itertuples()]
    ).sort_values("flight_id", ignore_index=True)

    built = deployment.query("FROM flight_features ORDER BY flight_id")
    actual = built[built["flight_id"].isin(expected["flight_id"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(actual, expected, check_exact=True, check_dtype=False)
    assert len(actual) > 500
    assert actual.drop(columns=["flight_id", "event_time", "local_date"]).shape[1] == 24


def test_no_flight_is_lost(winter: Deployment) -> None:
    schedules = read(winter.lake, "flight_schedules")
    features = winter.query("FROM flight_features")
    assert sorted(features["flight_id"]) == sorted(schedules["flight_id"])

    to_unregistered = features[features["destination"].isin(NOT_REGISTERED)]
    assert set(to_unregistered["destination"]) == set(NOT_REGISTERED)
    assert to_unregistered["scheduled_arrival_minute"].notna().all()
    without_plane = schedules.loc[schedules["tail_number"].isna(), "flight_id"]
    assert len(without_plane) > 0
    assert set(without_plane) <= set(features["flight_id"])


def test_every_outcome_with_a_schedule_is_a_label(winter: Deployment) -> None:
    schedules = read(winter.lake, "flight_schedules")
    outcomes = read(winter.lake, "flight_outcomes")
    known = outcomes[outcomes["flight_id"].isin(schedules["flight_id"])]
    labels = winter.query("FROM flight_labels").set_index("flight_id")
    assert sorted(labels.index) == sorted(known["flight_id"])

    joined = known.set_index("flight_id").join(labels, rsuffix="_label")
    arrived = joined["status"] == "arrived"
    assert (
        joined.loc[arrived, "is_late"] == (joined.loc[arrived, "arrival_delay_minutes"] > 15)
    ).all()
    assert joined.loc[~arrived, ["is_late", "is_severely_late"]].isna().all(axis=None)
    assert set(joined["status"]) == {"arrived", "cancelled", "diverted"}
    assert (joined["known_at"] == joined["known_at_label"]).all()
