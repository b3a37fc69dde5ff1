"""The bare script's model: candidates, search, fit, calibration, threshold and refit."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import optuna
import pandas as pd
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import TimeSeriesSplit
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from benchmarks.bare_columns import CATEGORICAL, FEATURES, LABEL, NUMERIC, SEED

VALIDATION_DAYS, TEST_DAYS = 14, 7
TRIALS, STARTUP_TRIALS, FOLDS, SEARCH_ROWS = 6, 4, 3, 40_000
FALSE_POSITIVE_COST, FALSE_NEGATIVE_COST = 1.0, 3.0

OnTrial = Callable[[optuna.trial.FrozenTrial], None]


@dataclass
class Split:
    """Rows by day, in time order; those of the gap are fitted on at last only."""

    train: pd.DataFrame
    validation: pd.DataFrame
    test: pd.DataFrame
    gap: pd.DataFrame


@dataclass
class Fitted:
    """A calibrated model and the score from which a flight is decided to be late."""

    model: CalibratedClassifierCV
    threshold: float

    def scores(self, rows: pd.DataFrame) -> np.ndarray:
        """Probability of being late, by row."""
        return np.asarray(self.model.predict_proba(rows[FEATURES])[:, 1])


def split_by_time(rows: pd.DataFrame) -> Split:
    """The last days test, those before them validate, the rest trains.

    What trains or validates had its label as the next part began.
    """
    days = rows["local_date"]
    distinct = np.unique(days)
    validation_from, test_from = distinct[-VALIDATION_DAYS - TEST_DAYS], distinct[-TEST_DAYS]
    train = rows[days < validation_from]
    validation = rows[(days >= validation_from) & (days < test_from)]
    test = rows[days >= test_from]
    in_train, in_validation = known_as_begins(train, validation), known_as_begins(validation, test)
    return Split(
        train=train[in_train],
        validation=validation[in_validation],
        test=test,
        gap=pd.concat([train[~in_train], validation[~in_validation]]),
    )


def known_as_begins(rows: pd.DataFrame, later: pd.DataFrame) -> np.ndarray:
    """Which rows had their label at the first event of a later part."""
    return np.asarray(rows["known_at"] <= later["event_time"].min())


def logistic_regression(**params: Any) -> Pipeline:
    """Imputed, scaled and one-hot encoded columns into a linear model."""
    imputer = SimpleImputer(strategy="median", add_indicator=True)
    encoder = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=100)
    columns = [
        ("numeric", make_pipeline(imputer, StandardScaler()), NUMERIC),
        ("categorical", encoder, CATEGORICAL),
    ]
    estimator = LogisticRegression(max_iter=300, random_state=SEED, **params)
    return Pipeline([("columns", ColumnTransformer(columns)), ("estimator", estimator)])


def hist_gradient_boosting(**params: Any) -> Pipeline:
    """The numbers as they are and ordinal categories into boosted trees."""
    encoder = OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=-1,
        encoded_missing_value=-1,
        max_categories=200,
    )
    columns = [("categorical", encoder, CATEGORICAL), ("numeric", "passthrough", NUMERIC)]
    estimator = HistGradientBoostingClassifier(
        categorical_features=[0, 1, 2],
        early_stopping=False,
        max_iter=60,
        random_state=SEED,
        **params,
    )
    return Pipeline([("columns", ColumnTransformer(columns)), ("estimator", estimator)])


CANDIDATES = {build.__name__: build for build in (logistic_regression, hist_gradient_boosting)}
DEFAULTS: tuple[dict[str, Any], ...] = (
    {"candidate": "logistic_regression", "lr_C": 0.01},
    {
        "candidate": "hist_gradient_boosting",
        "hgb_max_leaf_nodes": 31,
        "hgb_min_samples_leaf": 158,
        "hgb_max_features": 1.0,
    },
)


def suggest(trial: optuna.Trial) -> tuple[str, dict[str, Any]]:
    """Let the sampler choose a candidate and its parameters."""
    candidate = trial.suggest_categorical("candidate", list(CANDIDATES))
    if candidate == "logistic_regression":
        return candidate, {"C": trial.suggest_float("lr_C", 0.001, 0.1, log=True)}
    return candidate, {
        "max_leaf_nodes": trial.suggest_int("hgb_max_leaf_nodes", 15, 63, log=True),
        "min_samples_leaf": trial.suggest_int("hgb_min_samples_leaf", 50, 500, log=True),
        "max_features": trial.suggest_float("hgb_max_features", 0.25, 1.0),
    }


def search(train: pd.DataFrame, on_trial: OnTrial) -> optuna.Study:
    """Expanding folds of whole days; the defaults first, then what the sampler suggests.

    Only estimators are searched, so each candidate's folds are preprocessed once.
    """
    rows = train.tail(SEARCH_ROWS)
    labels = rows[LABEL].to_numpy(dtype=int)
    folds = _day_folds(rows)
    data = {name: _preprocessed(build(), rows, labels, folds) for name, build in CANDIDATES.items()}

    def objective(trial: optuna.Trial) -> float:
        candidate, params = suggest(trial)
        trial.set_user_attr("params", params)
        scores: list[float] = []
        for (fit, held_out), (fitted_on, scored_on) in zip(folds, data[candidate], strict=True):
            estimator = CANDIDATES[candidate](**params)[-1].fit(fitted_on, labels[fit])
            predicted = estimator.predict_proba(scored_on)[:, 1]
            scores.append(float(log_loss(labels[held_out], predicted)))
            trial.report(float(np.mean(scores)), step=len(scores))
            if len(scores) < FOLDS and trial.should_prune():
                raise optuna.TrialPruned
        return float(np.mean(scores))

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        sampler=optuna.samplers.TPESampler(seed=SEED, n_startup_trials=STARTUP_TRIALS),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=STARTUP_TRIALS),
    )
    for defaults in DEFAULTS:
        study.enqueue_trial(defaults)
    study.optimize(objective, n_trials=TRIALS, callbacks=[lambda _, trial: on_trial(trial)])
    return study


def _day_folds(rows: pd.DataFrame) -> list[tuple[np.ndarray, np.ndarray]]:
    days = rows["local_date"].to_numpy()
    distinct = np.unique(days)
    folds = TimeSeriesSplit(FOLDS, test_size=max(1, len(distinct) // (2 * FOLDS)))
    positions = []
    for fit, held_out in folds.split(distinct):
        fitted_on, scored_on = (
            np.flatnonzero(np.isin(days, distinct[part])) for part in (fit, held_out)
        )
        known = known_as_begins(rows.iloc[fitted_on], rows.iloc[scored_on])
        positions.append((fitted_on[known], scored_on))
    return positions


def _preprocessed(
    pipeline: Pipeline, rows: pd.DataFrame, labels: np.ndarray, folds: list[Any]
) -> list[tuple[Any, Any]]:
    features, transformer = rows[FEATURES], pipeline[:-1]
    return [
        (
            transformer.fit_transform(features.iloc[fit], labels[fit]),
            transformer.transform(features.iloc[held_out]),
        )
        for fit, held_out in folds
    ]


def fit(candidate: str, params: dict[str, Any], split: Split) -> Fitted:
    """Fit on the training part; calibrate and choose the threshold on the validation part."""
    pipeline = CANDIDATES[candidate](**params)
    pipeline.fit(split.train[FEATURES], split.train[LABEL].astype(int))
    fitted = Fitted(calibrated(pipeline, split.validation), threshold=0.5)
    labels = split.validation[LABEL].to_numpy(dtype=int)
    fitted.threshold = cheapest_threshold(labels, fitted.scores(split.validation))
    return fitted


def refit(candidate: str, params: dict[str, Any], judged: Fitted, split: Split) -> Fitted:
    """Fit on all rows; the calibrator learns from the judged pipeline on rows new to it."""
    unseen = pd.concat([split.validation, split.test, split.gap]).sort_index()
    rows = pd.concat([split.train, unseen]).sort_index()
    model = calibrated(judged.model.estimator.estimator, unseen)
    pipeline = CANDIDATES[candidate](**params).fit(rows[FEATURES], rows[LABEL].astype(int))
    model.estimator = model.calibrated_classifiers_[0].estimator = FrozenEstimator(pipeline)
    return Fitted(model, judged.threshold)


def calibrated(pipeline: Pipeline, rows: pd.DataFrame) -> CalibratedClassifierCV:
    """Temperature scaling of a fitted pipeline."""
    model = CalibratedClassifierCV(FrozenEstimator(pipeline), method="temperature")
    # As an array: with a Series, temperature scaling looks its labels up by the index.
    return model.fit(rows[FEATURES], rows[LABEL].to_numpy(dtype=int))


def cheapest_threshold(labels: np.ndarray, scores: np.ndarray) -> float:
    """The score from which deciding "late" costs least."""
    tried = np.unique(scores)
    missed = np.searchsorted(np.sort(scores[labels == 1]), tried)
    false_alarms = (labels == 0).sum() - np.searchsorted(np.sort(scores[labels == 0]), tried)
    cost = FALSE_POSITIVE_COST * false_alarms + FALSE_NEGATIVE_COST * missed
    return float(tried[cost.argmin()])
