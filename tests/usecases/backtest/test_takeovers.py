import numpy as np

from mlops_platform.tasks import DEFAULT_TASK, Predictions
from mlops_platform.tasks.forecasting.task import Forecasting
from mlops_platform.usecases.backtest.takeovers import takeover_costs

DAYS, DAYS_OF_WINDOW = 9, 3
TASK = Forecasting(horizon=2, season=7, seasonal_naive="naive", costs={"change": 2.0})


def fit(level: float, scored_days: int) -> Predictions:
    """Two steps of one series on each of the last days, forecast at the same level."""
    origins = np.repeat(np.arange(DAYS)[-scored_days:], 2)
    columns = {
        "prediction": np.full(len(origins), level),
        "series_key": np.ones(len(origins)),
        "forecast_step": np.tile([1.0, 2.0], scored_days),
    }
    moments = np.datetime64("2024-01-01", "h") + origins * np.timedelta64(24, "h")
    return Predictions(columns, moments=moments)


WINDOW_OF_ROW = np.repeat(np.arange(DAYS) // DAYS_OF_WINDOW, 2)
FITS = [fit(10.0, 9), fit(13.0, 8), fit(20.0, 4)]


def test_a_takeover_costs_the_change_of_the_first_forecasts() -> None:
    costs = takeover_costs(TASK, FITS, WINDOW_OF_ROW)

    assert costs is not None
    # Of the first day of a window only its first step had been forecast the day before.
    assert costs.tolist() == [[0, 0, 0], [2 * 3, 0, 0], [2 * 10, 2 * 7, 0]]


def test_rows_before_the_first_window_belong_to_none() -> None:
    costs = takeover_costs(TASK, FITS[:2], np.where(WINDOW_OF_ROW < 2, WINDOW_OF_ROW - 1, 1))

    assert costs is not None
    assert costs[1, 0] == 2 * 3


def test_where_no_change_costs_anything_no_takeover_does() -> None:
    free = TASK.model_copy(update={"costs": type(TASK.costs)()})

    assert takeover_costs(free, FITS, WINDOW_OF_ROW) is None
    assert takeover_costs(DEFAULT_TASK, FITS, WINDOW_OF_ROW) is None
