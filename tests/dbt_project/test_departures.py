"""Forecasts of departures and their outcomes, recomputed from landing alone, in pandas."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from tests.dbt_project.conftest import WINTER
from tests.dbt_project.test_point_in_time import read

if TYPE_CHECKING:
    from pathlib import Path

    from tests.dbt_project.conftest import Deployment

HOLIDAYS = ("2013-02-18", "2013-01-21")
STEPS = range(1, 8)


def landed(lake: Path) -> pd.DataFrame:
    """Every flight with its series and day, whether it departed, and when that was known."""
    schedules, outcomes = read(lake, "flight_schedules"), read(lake, "flight_outcomes")
    flights = outcomes.merge(schedules[["flight_id", "origin", "carrier"]], on="flight_id")
    return flights.assign(
        series=flights["origin"] + "|" + flights["carrier"],
        day=pd.to_datetime(flights["flight_id"].str[:10]),
        departed=flights["status"] != "cancelled",
    )


def morning(day: pd.Timestamp) -> pd.Timestamp:
    return (day + pd.Timedelta(hours=6)).tz_localize("America/New_York")


def past(flights: pd.DataFrame, series: str, day: pd.Timestamp) -> pd.DataFrame:
    """Counts of the 28 days before a day, newest first, as they were known at six of it."""
    own = flights[(flights["series"] == series) & (flights["known_at"] <= morning(day))]
    days = pd.DatetimeIndex([day - timedelta(days=back) for back in range(1, 29)])
    counts = own.groupby("day")["departed"].agg(["size", "sum"]).reindex(days, fill_value=0)
    quiet = (counts["sum"] == 0).to_numpy()
    begins = 28 - int(np.argmax(~quiet[::-1])) if not quiet.all() else 0
    return counts.head(begins).astype(float)


def forecast_of(flights: pd.DataFrame, series: str, day: pd.Timestamp, step: int) -> dict[str, Any]:
    counts = past(flights, series, day)
    target = day + timedelta(days=step)
    departures = counts["sum"]
    same = departures[departures.index.dayofweek == target.dayofweek]
    near = [(target - pd.Timestamp(holiday)).days for holiday in HOLIDAYS]
    near = [days for days in near if abs(days) <= 3]
    return {
        "event_time": morning(day),
        "target_date": target,
        "departures_1d": departures.iloc[0],
        "departures_7d": departures.head(7).mean(),
        "departures_28d": departures.mean(),
        "departures_trend": departures.head(7).mean() - departures.mean(),
        "weekday_departures_28d": same.mean(),
        "weekday_median_28d": same.median(),
        "value_7d_ago": same.iloc[0] if len(same) else np.nan,
        "flights_7d_ago": counts["size"].loc[same.index[0]] if len(same) else np.nan,
        "cancelled_7d_ago": (counts["size"] - departures).loc[same.index].iloc[0]
        if len(same)
        else np.nan,
        "weekday_median_excess": same.median() - same.iloc[0] if len(same) else np.nan,
        "day_of_week": float(target.isoweekday()),
        "month_of_year": float(target.month),
        "is_holiday": 0 in near,
        "days_from_holiday": float(near[0]) if near else np.nan,
    }


@pytest.mark.slow
def test_forecasts_equal_a_brute_force_computation_from_landing(winter: Deployment) -> None:
    built = winter.query("SELECT * FROM departure_features")
    flights = landed(winter.lake)
    some = built.sample(60, random_state=0)
    young = built[built["value_7d_ago"].isna()].sample(20, random_state=0)
    small = built.nsmallest(20, "departures_28d")

    for row in pd.concat([some, young, small]).itertuples():
        expected = forecast_of(flights, row.series, row.local_date, int(row.step))
        for name, value in expected.items():
            found = getattr(row, name)
            assert (
                found == pytest.approx(value, nan_ok=True)
                if isinstance(value, float)
                else (found == value)
            ), (row.forecast_id, name, found, value)


def test_the_value_of_the_last_season_was_known_at_the_origin(winter: Deployment) -> None:
    """Of the day a week before the target; of the seventh step that has not ended: two weeks."""
    flights = landed(winter.lake)
    origin = pd.Timestamp("2013-03-04")

    values = winter.query(
        "SELECT step, value_7d_ago FROM departure_features "
        "WHERE series = 'JFK|B6' AND local_date = DATE '2013-03-04' ORDER BY step"
    )["value_7d_ago"]

    counts = past(flights, "JFK|B6", origin)["sum"]
    weeks = {step: 14 if step == 7 else 7 for step in STEPS}
    days = [origin + timedelta(days=step - weeks[step]) for step in STEPS]
    assert values.tolist() == [counts[day] for day in days]


def test_every_forecast_gets_its_outcome_when_its_day_is_known(winter: Deployment) -> None:
    labels = winter.query("SELECT * FROM departure_labels")
    features = winter.query("SELECT forecast_id, local_date, step FROM departure_features")
    flights = landed(winter.lake)

    known = features["local_date"] + pd.to_timedelta(features["step"] + 1, unit="D")
    in_time = features[known <= pd.Timestamp(WINTER[1])]
    assert set(labels["forecast_id"]) == set(in_time["forecast_id"])
    for label in labels.sample(40, random_state=0).itertuples():
        series = str(label.forecast_id).rpartition("|20")[0]
        counts = past(flights, series, label.known_date)["sum"]
        assert label.departures == (counts.iloc[0] if len(counts) else 0.0)
        assert label.known_at == morning(label.known_date)


def test_every_series_that_departed_in_28_days_is_forecast_and_no_other(
    winter: Deployment,
) -> None:
    flights = landed(winter.lake)
    built = winter.query("SELECT DISTINCT series, local_date FROM departure_features")
    every_series = flights["series"].unique()

    for day in pd.to_datetime(["2013-02-02", "2013-03-12"]):
        living = {series for series in every_series if len(past(flights, str(series), day))}
        assert set(built.loc[built["local_date"] == day, "series"]) == living
