"""Figures of forecasts against utilsforecast: from outcomes and forecasts alone, series by series.

The library has a figure per series and no weights; ours are means over all rows.
"""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from utilsforecast import losses as reference

from mlops_platform.tasks import Predictions
from mlops_platform.tasks.forecasting.seasonal_naive import series_scales
from mlops_platform.tasks.forecasting.task import Forecasting
from tests.tasks.forecasting.conftest import OPTIONS, SEASON

COVERAGE, LEVEL = 0.9, 90


class Forecasts(NamedTuple):
    """The outcomes that were fitted on, and what was said of later ones, as both sides take it."""

    fitted: pd.DataFrame
    said: pd.DataFrame
    predictions: Predictions

    def measured(self, **options: Any) -> dict[str, float]:
        """By the task."""
        task = Forecasting.model_validate({**OPTIONS, "coverage": COVERAGE, **options})
        return task.measure(self.said["y"].to_numpy(), self.predictions)

    def of_series(self, name: str) -> "Forecasts":
        """One series alone."""
        of = (self.said["unique_id"] == name).to_numpy()
        fitted = self.fitted[self.fitted["unique_id"] == name]
        return Forecasts(fitted, self.said[of], self.predictions.rows(of))

    def by_library(self, figure: str, **options: Any) -> float:
        """The mean of a figure over its rows."""
        by_series = getattr(reference, figure)(self.said, **options).set_index("unique_id")["m"]
        return float(self.said["unique_id"].map(by_series).mean())


def forecasts(seed: int) -> Forecasts:
    """Three series of unlike size and length, and three weeks of forecasts of each."""
    random, fitted, said = np.random.default_rng(seed), [], []
    for level, name in enumerate(("ATL", "BOS", "CHI")):
        days = 28 + 7 * level
        shape = 10 + 5 * np.sin(2 * np.pi * np.arange(days + 21) / SEASON)
        y = 4.0**level * random.gamma(shape)
        ds = pd.date_range("2024-01-01", periods=len(y))
        whole = pd.DataFrame({"unique_id": name, "ds": ds, "y": y})
        forecast = y[days:] + 4.0**level * random.normal(0.5, 3.0, 21)
        reach = 4.0**level * random.uniform(0, 8, (2, 21))
        fitted.append(whole[:days])
        said.append(
            whole[days:].assign(
                m=forecast,
                naive=y[days - SEASON : -SEASON],
                step=np.tile(np.arange(1, 8), 3),
                **{f"m-lo-{LEVEL}": forecast - reach[0], f"m-hi-{LEVEL}": forecast + reach[1]},
            )
        )
    train, test = pd.concat(fitted, ignore_index=True), pd.concat(said, ignore_index=True)
    errors = train["y"] - train.groupby("unique_id")["y"].shift(SEASON)
    scales = series_scales(train["unique_id"].to_numpy(dtype=object), errors.to_numpy())
    at = np.searchsorted(scales.series.astype(str), test["unique_id"].to_numpy(dtype=str))
    low, high = test[f"m-lo-{LEVEL}"].to_numpy(), test[f"m-hi-{LEVEL}"].to_numpy()
    columns = {
        "prediction": test["m"].to_numpy(),
        "lower": low,
        "upper": high,
        "width": high - low,
        "naive": test["naive"].to_numpy(),
        "naive_error": scales.errors[at],
        "naive_rms_error": scales.rms_errors[at],
        "series_key": scales.keys[at],
        "forecast_step": test["step"].to_numpy(dtype=float),
    }
    return Forecasts(train, test, Predictions(columns))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_means_over_rows_are_those_of_the_library(seed: int) -> None:
    made = forecasts(seed)
    measured = made.measured(loss="pinball", quantile=0.8)

    scaled = {"models": ["m"], "seasonality": SEASON, "train_df": made.fitted}
    interval = {"models": ["m"], "level": LEVEL}
    ends = {0.05: f"m-lo-{LEVEL}", 0.8: "m", 0.95: f"m-hi-{LEVEL}"}
    by_library = {
        "mase": made.by_library("mase", **scaled),
        "absolute_error": made.by_library("mae", models=["m"]),
        "coverage": made.by_library("coverage", **interval),
        "interval_score": made.by_library("winkler_score", **interval),
        "pinball": made.by_library("quantile_loss", models={"m": "m"}, q=0.8),
        "quantile_loss": made.by_library(
            "mqloss", models={"m": list(ends.values())}, quantiles=np.array([*ends])
        ),
    }
    ours = {name: measured[name] for name in by_library}
    assert ours == pytest.approx(by_library)


@pytest.mark.parametrize("series", ["ATL", "BOS", "CHI"])
def test_ratios_and_roots_of_one_series_are_those_of_the_library(series: str) -> None:
    made = forecasts(4).of_series(series)
    measured = made.measured(loss="absolute_error")

    scaled = {"models": ["m"], "seasonality": SEASON, "train_df": made.fitted}
    assert measured["rmsse"] == pytest.approx(made.by_library("rmsse", **scaled))
    assert measured["wape"] == pytest.approx(made.by_library("wape", models=["m"]))
    of_naive = made.by_library("rmae", models=["m"], baseline="naive")
    assert measured["d2"] == pytest.approx(1 - of_naive)


def test_figures_of_a_bucket_are_those_of_its_steps_by_the_library() -> None:
    made = forecasts(5)
    measured = made.measured(buckets=[1, 3, 7])

    for bucket, (first, last) in {"1": (1, 1), "2_to_3": (2, 3), "4_to_7": (4, 7)}.items():
        part = made._replace(said=made.said[made.said["step"].between(first, last)])
        scaled = {"models": ["m"], "seasonality": SEASON, "train_df": made.fitted}
        mase = part.by_library("mase", **scaled)
        covered = part.by_library("coverage", models=["m"], level=LEVEL)
        assert measured[f"mase_{bucket}"] == pytest.approx(mase)
        assert measured[f"coverage_{bucket}"] == pytest.approx(covered)
