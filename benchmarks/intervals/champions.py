"""Champions of the arrival delay: a point, two quantiles and a model of the loss, by moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import joblib
import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.pipeline import Pipeline

from benchmarks.intervals.flights import TARGET, Predicted, predicted_columns, year_of_delays
from benchmarks.policy.year import FIRST_WINDOW, WINDOWS, flight_spec
from benchmarks.report import say
from mlops_platform.spec import ModelSpec
from mlops_platform.tasks.regression.expected_loss import fit_loss_model
from mlops_platform.tasks.regression.metrics import absolute_errors
from mlops_platform.training.pipelines.pipeline import build_pipeline, candidate_named
from mlops_platform.training.rows import days_of, features_of

COVERAGE = 0.9
VALIDATION_DAYS, TEST_DAYS = 14, 7
CANDIDATE = "hist_gradient_boosting"
CHOSEN = {"max_leaf_nodes": 31, "min_samples_leaf": 200, "max_features": 0.5}
"""In the middle of what the YAML lets the search choose from."""
LOSSES: dict[str, dict[str, Any]] = {
    "predictions": {"loss": "absolute_error"},
    "lower": {"loss": "quantile", "quantile": (1 - COVERAGE) / 2},
    "upper": {"loss": "quantile", "quantile": (1 + COVERAGE) / 2},
}


@dataclass(frozen=True, eq=False)
class Champion:
    """Fitted on all that was known at the start of a local day, and what it said of later rows.

    Attributes:
        targets: of the rows it was fitted on.
        held_out: validation and test rows of the judged candidate, as that one saw them.
        served: every later row until the end of the year.
    """

    start: np.datetime64
    targets: np.ndarray
    held_out: Predicted
    served: Predicted


def champions(home: Path, every_weeks: int) -> list[Champion]:
    """One for every so many weeks from 1 April on, oldest first; fitted once per home."""
    starts = [FIRST_WINDOW + timedelta(weeks=at) for at in range(0, WINDOWS, every_weeks)]
    missing = [start for start in starts if not _file(home, start).is_file()]
    if missing:
        spec = flight_spec()
        rows = year_of_delays(spec, home)
        joblib.Parallel(n_jobs=2)(joblib.delayed(_keep)(spec, rows, home, day) for day in missing)
    return [joblib.load(_file(home, start)) for start in starts]


def _file(home: Path, start: date) -> Path:
    return home / f"delay-{start}.joblib"


def _keep(spec: ModelSpec, rows: pd.DataFrame, home: Path, start: date) -> None:
    say(f"fitting the champion of {start}")
    joblib.dump(_champion(spec, rows, start), _file(home, start))


def _champion(spec: ModelSpec, rows: pd.DataFrame, start: date) -> Champion:
    moment = datetime(start.year, start.month, start.day, tzinfo=ZoneInfo(spec.window.timezone))
    known = rows[rows[spec.label.known_at] <= moment]
    days = days_of(known, spec)
    held_out = days >= np.unique(days)[-(VALIDATION_DAYS + TEST_DAYS)]
    judged, unseen = _fit(spec, known[~held_out]), known[held_out]
    said = _said(judged, spec, unseen)
    errors = absolute_errors(unseen[TARGET].to_numpy(float), said["predictions"])
    categorical = candidate_named(spec, CANDIDATE).estimator.params["categorical_features"]
    seen, fitted = _seen(judged, spec, unseen, said), days[held_out] < np.unique(days)[-TEST_DAYS]
    loss_model = fit_loss_model(
        seen[fitted], errors[fitted], categorical, spec.training.tuning.seed
    )
    served = rows[rows[spec.features.event_time] >= moment]
    said_of_served = _said(_fit(spec, known), spec, served)
    estimated = loss_model.predict(_seen(judged, spec, served, said_of_served))
    return Champion(
        start=np.datetime64(start, "D"),
        targets=known[TARGET].to_numpy(float),
        held_out=_predicted(spec, unseen, said, np.where(fitted, np.nan, loss_model.predict(seen))),
        served=_predicted(spec, served, said_of_served, estimated),
    )


def _pipeline(spec: ModelSpec, **losses: Any) -> Pipeline:
    """The classifier's preprocessing under a regressor."""
    candidate = candidate_named(spec, CANDIDATE)
    params = {**candidate.estimator.params, **CHOSEN, **losses}
    regressor = HistGradientBoostingRegressor(**params, random_state=spec.training.tuning.seed)
    return build_pipeline(spec, candidate, {}).set_params(estimator=regressor)


def _fit(spec: ModelSpec, rows: pd.DataFrame) -> dict[str, Pipeline]:
    features = features_of(rows, spec)
    return {
        name: _pipeline(spec, **losses).fit(features, rows[TARGET])
        for name, losses in LOSSES.items()
    }


def _said(
    fitted: dict[str, Pipeline], spec: ModelSpec, rows: pd.DataFrame
) -> dict[str, np.ndarray]:
    return {name: pipeline.predict(features_of(rows, spec)) for name, pipeline in fitted.items()}


def _seen(
    judged: dict[str, Pipeline], spec: ModelSpec, rows: pd.DataFrame, said: dict[str, np.ndarray]
) -> np.ndarray:
    """What the model of the loss sees: the features as the judged model saw them, and the answer.

    Shape (rows, columns).
    """
    columns = judged["predictions"].named_steps["columns"].transform(features_of(rows, spec))
    return np.column_stack([np.asarray(columns, dtype=float), *said.values()])


def _predicted(
    spec: ModelSpec, rows: pd.DataFrame, said: dict[str, np.ndarray], estimated: np.ndarray
) -> Predicted:
    return Predicted(**predicted_columns(rows, spec), **said, estimated_loss=estimated)
