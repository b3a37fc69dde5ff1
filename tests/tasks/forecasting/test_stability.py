"""Changes of forecasts between origins, against a search of every pair."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_platform.tasks import Predictions
from mlops_platform.tasks.forecasting.stability import changes, changes_after, relative_change
from mlops_platform.tasks.forecasting.task import Forecasting
from tests.tasks.forecasting.conftest import OPTIONS

FORECASTS = st.lists(
    st.tuples(st.sampled_from([-1.0, 5.0, 9.0]), st.integers(0, 6), st.integers(1, 4)),
    unique=True,
    min_size=1,
    max_size=40,
)
"""Key of the series, day of the origin and step, each once."""


def stated(forecasts: list[tuple[float, int, int]], values: list[float]) -> Predictions:
    series, origin, step = np.array(forecasts, dtype=np.float64).T
    moments = np.datetime64("2024-03-08T05", "m") + origin.astype(int) * np.timedelta64(1, "D")
    columns = {"series_key": series, "forecast_step": step, "prediction": np.array(values)}
    return Predictions(columns, moments=moments)


def values_of(forecasts: list[tuple[float, int, int]]) -> list[float]:
    return [abs(series) + 3 * origin + step**2 for series, origin, step in forecasts]


@given(forecasts=FORECASTS)
def test_a_change_is_from_the_latest_earlier_origin_with_the_same_series_and_day(
    forecasts: list[tuple[float, int, int]],
) -> None:
    values = values_of(forecasts)

    changed = changes(stated(forecasts, values), 24.0)

    for row, (series, origin, step) in enumerate(forecasts):
        earlier = [
            (other_origin, values[other])
            for other, (other_series, other_origin, other_step) in enumerate(forecasts)
            if other_series == series != -1
            and other_origin < origin
            and other_origin + other_step == origin + step
        ]
        if earlier:
            assert changed[row] == pytest.approx(abs(values[row] - max(earlier)[1]))
        else:
            assert np.isnan(changed[row])


@given(forecasts=FORECASTS, cut=st.integers(0, 7))
def test_what_another_model_takes_over_is_a_change_as_any(
    forecasts: list[tuple[float, int, int]], cut: int
) -> None:
    values = values_of(forecasts)
    everything = stated(forecasts, values)
    is_later = np.array([origin >= cut for _, origin, _ in forecasts])
    before, after = everything.rows(~is_later), everything.rows(is_later)

    taken_over = changes_after(before, after, 24.0)

    np.testing.assert_array_equal(taken_over, changes(everything, 24.0)[is_later])


def test_origins_at_local_midnight_are_a_day_apart_where_clocks_change() -> None:
    moments = np.array(["2024-03-09T05", "2024-03-10T05", "2024-03-11T04"], dtype="datetime64[ns]")
    columns = {
        "series_key": np.ones(3),
        "forecast_step": np.array([3.0, 2.0, 1.0]),
        "prediction": np.array([10.0, 14.0, 12.0]),
    }

    changed = changes(Predictions(columns, moments=moments), 24.0)

    assert changed.tolist()[1:] == [4.0, 2.0]
    assert np.isnan(changed[0])
    assert relative_change(Predictions(columns, moments=moments), 24.0) == pytest.approx(3 / 13)


def test_hours_may_be_steps() -> None:
    moments = np.array(["2024-03-09T05", "2024-03-09T06"], dtype="datetime64[ns]")
    columns = {
        "series_key": np.ones(2),
        "forecast_step": np.array([2.0, 1.0]),
        "prediction": np.array([10.0, 14.0]),
    }

    assert changes(Predictions(columns, moments=moments), 1.0)[1] == 4.0
    assert np.isnan(changes(Predictions(columns, moments=moments), 24.0)).all()


def test_without_moments_or_an_earlier_origin_nobody_knows_of_a_change() -> None:
    one = stated([(5.0, 0, 1)], [3.0])

    assert np.isnan(relative_change(one, 24.0))
    assert np.isnan(relative_change(Predictions(one.columns), 24.0))


def test_a_declared_change_costs_and_a_takeover_costs_what_it_changes() -> None:
    task = Forecasting.model_validate(
        {**OPTIONS, "costs": {"too_low": 1.0, "too_high": 2.0, "change": 10.0}}
    )
    old = stated([(5.0, 0, 2), (5.0, 0, 3)], [20.0, 30.0])
    new = stated([(5.0, 1, 1), (5.0, 1, 2), (5.0, 2, 1)], [21.0, 33.0, 34.0])

    costs = task.row_costs(np.array([22.0, 30.0, 30.0]), new)

    assert costs.tolist() == [1.0, 6.0, 8.0 + 10.0]
    assert task.changes_cost
    assert task.takeover_cost(old, new) == 10.0 * (1.0 + 3.0)
    assert not Forecasting.model_validate(OPTIONS).changes_cost


@given(forecasts=FORECASTS)
def test_weights_and_moments_stay_with_their_rows(
    forecasts: list[tuple[float, int, int]],
) -> None:
    said = stated(forecasts, values_of(forecasts))
    weighted = Predictions(said.columns, np.arange(len(said)) + 1.0, said.moments)

    last = weighted.rows(np.array([len(said) - 1]))

    assert last.weights is not None
    assert last.moments is not None
    assert last.weights[0] == len(said)
    assert last.moments[0] == weighted.moments[-1]
    assert Predictions(said.columns).weighted_like(weighted).moments is weighted.moments
