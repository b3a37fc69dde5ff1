"""The year of flights with minutes of arrival delay as target."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.policy.year import year_of_outcomes
from mlops_platform.spec import ModelSpec
from mlops_platform.training.rows import days_of

TARGET = "arrival_delay_minutes"
SUBGROUPS = ("carrier", "origin")
DAY = np.timedelta64(1, "D")


def year_of_delays(spec: ModelSpec, home: Path) -> pd.DataFrame:
    """Every flight that arrived, by event time, with its minutes of delay; built once per home."""
    rows = year_of_outcomes(spec, home)
    labels = pd.read_parquet(
        home / "lake" / "features" / spec.label.table, columns=["flight_id", TARGET]
    )
    return rows.merge(labels, on="flight_id", how="left", validate="one_to_one")


@dataclass(frozen=True, eq=False)
class Predicted:
    """Rows that a model had not seen and what it said of them; columns of shape (rows,).

    Attributes:
        known_from: first local day at whose start the label was known.
        estimated_loss: absolute error that the model of the loss expects; NaN where that one was
            fitted on the row.
    """

    days: np.ndarray
    known_from: np.ndarray
    targets: np.ndarray
    predictions: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    estimated_loss: np.ndarray
    carrier: np.ndarray
    origin: np.ndarray

    def of(self, kept: np.ndarray) -> Predicted:
        """Some of the rows."""
        return Predicted(**{name: column[kept] for name, column in vars(self).items()})


def known_from(rows: pd.DataFrame, spec: ModelSpec) -> np.ndarray:
    """First local day at whose start each label was known."""
    local = rows[spec.label.known_at].dt.tz_convert(spec.window.timezone).dt.tz_localize(None)
    return local.dt.ceil("D").to_numpy().astype("datetime64[D]")


def predicted_columns(rows: pd.DataFrame, spec: ModelSpec) -> dict[str, np.ndarray]:
    """What is known of rows apart from any model."""
    return {
        "days": days_of(rows, spec),
        "known_from": known_from(rows, spec),
        "targets": rows[TARGET].to_numpy(float),
        **{name: rows[name].to_numpy(str) for name in SUBGROUPS},
    }
