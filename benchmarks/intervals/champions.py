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
    errors = np.abs(unseen[TARGET].to_numpy() - said["predictions"])
    loss_model = _loss_model(spec).fit(_with_answer(spec, unseen, said), errors)
    served = rows[rows[spec.features.event_time] >= moment]
    released = _fit(spec, known)
    return Champion(
        start=np.datetime64(start, "D"),
        targets=known[TARGET].to_numpy(float),
        held_out=_predicted(spec, unseen, said, loss_model),
        served=_predicted(spec, served, _said(released, spec, served), loss_model),
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


def _loss_model(spec: ModelSpec) -> Pipeline:
    """Expects a row's absolute error, which is never negative."""
    pipeline = _pipeline(spec, loss="poisson")
    columns = pipeline.named_steps["columns"]
    columns.set_params(remainder="passthrough")
    return pipeline


def _with_answer(
    spec: ModelSpec, rows: pd.DataFrame, said: dict[str, np.ndarray]
) -> pd.DataFrame:
    return features_of(rows, spec).assign(**said)


def _predicted(
    spec: ModelSpec, rows: pd.DataFrame, said: dict[str, np.ndarray], loss_model: Pipeline
) -> Predicted:
    estimated = loss_model.predict(_with_answer(spec, rows, said))
    return Predicted(**predicted_columns(rows, spec), **said, estimated_loss=estimated)
