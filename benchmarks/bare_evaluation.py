"""The bare script's evaluation: metrics, subgroups, importances, figures and acceptance."""

import statistics
from dataclasses import dataclass
from time import process_time
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from sklearn import metrics
from sklearn.calibration import CalibrationDisplay
from sklearn.inspection import permutation_importance
from threadpoolctl import threadpool_limits

from benchmarks.bare_columns import FEATURES, LABEL, SEED
from benchmarks.bare_metrics import calibration_error
from benchmarks.bare_model import FALSE_NEGATIVE_COST, FALSE_POSITIVE_COST, Fitted

MIN_SUBGROUP_ROWS = 300
IMPORTANCE_ROWS, IMPORTANCE_REPEATS = 2000, 3
TIMED_ROWS = 50


@dataclass
class Evaluation:
    """What was measured on the test rows."""

    metrics: dict[str, float]
    base_rate_log_loss: float
    subgroups: pd.DataFrame
    importances: pd.DataFrame
    row_cpu_milliseconds: float
    labels: np.ndarray
    scores: np.ndarray


def evaluate(fitted: Fitted, test: pd.DataFrame, base_rate: float) -> Evaluation:
    """Measure a fitted model on the test rows."""
    labels, scores = test[LABEL].to_numpy(dtype=int), fitted.scores(test)
    return Evaluation(
        metrics=measure(labels, scores, fitted.threshold),
        base_rate_log_loss=metrics.log_loss(labels, np.full(len(labels), base_rate)),
        subgroups=subgroups(test, labels, scores),
        importances=importances(fitted, test),
        row_cpu_milliseconds=row_cpu_milliseconds(fitted, test),
        labels=labels,
        scores=scores,
    )


def measure(labels: np.ndarray, scores: np.ndarray, threshold: float) -> dict[str, float]:
    """The same numbers that the platform shows."""
    late = scores >= threshold
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        labels, late, average="binary"
    )
    false_alarms, missed = (late & (labels == 0)).mean(), (~late & (labels == 1)).mean()
    return {
        "log_loss": metrics.log_loss(labels, scores),
        "brier_score": metrics.brier_score_loss(labels, scores),
        "roc_auc": metrics.roc_auc_score(labels, scores),
        "average_precision": metrics.average_precision_score(labels, scores),
        "expected_calibration_error": calibration_error(labels, scores),
        "precision": precision,
        "recall": recall,
        "f1": f1,
        "expected_cost": FALSE_POSITIVE_COST * false_alarms + FALSE_NEGATIVE_COST * missed,
    }


def subgroups(test: pd.DataFrame, labels: np.ndarray, scores: np.ndarray) -> pd.DataFrame:
    """Metrics by carrier, by origin, and by both where there are enough rows."""
    keys = {
        "carrier": test["carrier"],
        "origin": test["origin"],
        "carrier x origin": test["carrier"] + " x " + test["origin"],
    }
    rows: list[dict[str, Any]] = []
    for column, values in keys.items():
        for value, at in values.reset_index(drop=True).groupby(values.to_numpy()).indices.items():
            if " x " in column and len(at) < MIN_SUBGROUP_ROWS:
                continue
            rows.append({"column": column, "value": value, **subgroup(labels[at], scores[at])})
    return pd.DataFrame(rows)


def subgroup(labels: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """Metrics of the rows of one value."""
    rate = labels.mean()
    base_rate = metrics.log_loss(labels, np.full(len(labels), rate), labels=[0, 1])
    log_loss = metrics.log_loss(labels, scores, labels=[0, 1])
    both_classes = 0 < rate < 1
    return {
        "rows": len(labels),
        "positive_rate": rate,
        "log_loss": log_loss,
        "log_loss_ratio": log_loss / base_rate if both_classes else np.nan,
        "roc_auc": metrics.roc_auc_score(labels, scores) if both_classes else np.nan,
        "expected_calibration_error": calibration_error(labels, scores),
    }


def importances(fitted: Fitted, test: pd.DataFrame) -> pd.DataFrame:
    """Rise of the log loss when a column is shuffled, on a sample of the test rows."""
    sample = test.sample(IMPORTANCE_ROWS, random_state=SEED)
    found = permutation_importance(
        fitted.model,
        sample[FEATURES],
        sample[LABEL].astype(int),
        scoring="neg_log_loss",
        n_repeats=IMPORTANCE_REPEATS,
        random_state=SEED,
    )
    table = {"feature": FEATURES, "mean": found.importances_mean, "sd": found.importances_std}
    return pd.DataFrame(table).sort_values("mean", ignore_index=True)


def row_cpu_milliseconds(fitted: Fitted, test: pd.DataFrame) -> float:
    """Median CPU time of a single row on one thread."""
    seconds = []
    with threadpool_limits(limits=1):
        for at in range(TIMED_ROWS):
            row = test.iloc[[at]]
            before = process_time()
            fitted.scores(row)
            seconds.append(process_time() - before)
    return 1000 * statistics.median(seconds)


def refuse_unacceptable(evaluation: Evaluation, model_bytes: int) -> None:
    """The limits of the platform's gate; there is no champion to compare with yet."""
    judged = evaluation.subgroups[
        (evaluation.subgroups["rows"] >= MIN_SUBGROUP_ROWS)
        & ~evaluation.subgroups["column"].str.contains(" x ")
    ]
    accepted = {
        "quality": evaluation.metrics["roc_auc"] >= 0.62
        and evaluation.metrics["average_precision"] >= 0.3,
        "base rate": evaluation.metrics["log_loss"] < evaluation.base_rate_log_loss,
        "calibration": evaluation.metrics["expected_calibration_error"] <= 0.1,
        "worst subgroup": judged["log_loss_ratio"].max() <= 1.25,
        "CPU time of a row": evaluation.row_cpu_milliseconds <= 60,
        "size": model_bytes <= 30e6,
    }
    if not all(accepted.values()):
        raise SystemExit(f"the model is not good enough: {accepted}")


def figures(evaluation: Evaluation, threshold: float) -> dict[str, Figure]:
    """Calibration, curves, confusion, subgroups and importance."""
    labels, scores = evaluation.labels, evaluation.scores
    canvas: dict[str, Any] = {"dpi": 150, "layout": "constrained"}
    calibration, axes = plt.subplots(figsize=(6, 4), **canvas)
    CalibrationDisplay.from_predictions(labels, scores, n_bins=10, strategy="quantile", ax=axes)
    curves, (left, right) = plt.subplots(1, 2, figsize=(6, 3.4), **canvas)
    metrics.RocCurveDisplay.from_predictions(labels, scores, ax=left)
    metrics.PrecisionRecallDisplay.from_predictions(labels, scores, ax=right)
    confusion, axes = plt.subplots(figsize=(6, 3.6), **canvas)
    metrics.ConfusionMatrixDisplay.from_predictions(labels, scores >= threshold, ax=axes)
    by_group, axes = plt.subplots(figsize=(6, 5), **canvas)
    worst = evaluation.subgroups.nlargest(20, "log_loss_ratio")
    axes.barh(worst["column"] + " " + worst["value"], worst["log_loss_ratio"])
    importance, axes = plt.subplots(figsize=(6, 5), **canvas)
    top = evaluation.importances.tail(20)
    axes.barh(top["feature"], top["mean"], xerr=top["sd"])
    return {
        "calibration": calibration,
        "curves": curves,
        "confusion": confusion,
        "subgroups": by_group,
        "importance": importance,
    }
