"""What class weights and resampling make of probabilities, before and after the calibration.

Rows of which one in thirty is positive; each way is fitted by the package's own code, as a training
fits it, and judged on rows that it has not seen.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from sklearn.datasets import make_classification
from sklearn.metrics import average_precision_score, log_loss

from mlops_platform.spec import CandidateSpec
from mlops_platform.tasks import Rows
from mlops_platform.tasks.binary_classification.calibration import positive_scores
from mlops_platform.tasks.binary_classification.metrics import calibration_error
from mlops_platform.tasks.binary_classification.task import BinaryClassification
from mlops_platform.training.pipelines.estimators import build_estimator
from mlops_platform.training.resampling import fitted_rows

ROWS: Final = 60_000
RARE: Final = 1 / 30
ESTIMATORS: Final[dict[str, dict[str, Any]]] = {
    "LogisticRegression": {"type": "sklearn.linear_model.LogisticRegression"},
    "HistGradientBoostingClassifier": {
        "type": "sklearn.ensemble.HistGradientBoostingClassifier",
        "params": {"max_iter": 60, "early_stopping": False},
    },
}
WAYS: Final[dict[str, dict[str, Any]]] = {
    "as they are": {},
    "`class_weight: balanced`": {"class_weight": "balanced"},
    "`undersample`": {"resampling": {"method": "undersample"}},
    "`oversample`": {"resampling": {"method": "oversample"}},
}
CALIBRATIONS: Final = ("none", "temperature", "sigmoid", "isotonic")


def candidate_of(estimator: dict[str, Any], way: dict[str, Any]) -> CandidateSpec:
    """An estimator, fitted one way."""
    weight = {key: value for key, value in way.items() if key == "class_weight"}
    return CandidateSpec.model_validate(
        {
            "name": "rare",
            "preprocessing": [{"columns": "numeric"}],
            "estimator": {**estimator, "params": {**estimator.get("params", {}), **weight}},
            "resampling": way.get("resampling"),
        }
    )


def drawn(seed: int) -> list[Rows]:
    """Rows to fit on, to calibrate on, and to judge by."""
    features, targets = make_classification(
        ROWS, 12, n_informative=6, weights=[1 - RARE], class_sep=0.8, random_state=seed
    )
    frame = pd.DataFrame(features, columns=[f"x{number}" for number in range(12)])
    return [
        Rows(frame.iloc[part], targets[part])
        for part in np.split(np.arange(ROWS), [ROWS // 2, 3 * ROWS // 4])
    ]


def measure_imbalance() -> str:
    """The table, as Markdown."""
    return "\n".join(_lines(seed=0))


def _lines(seed: int) -> list[str]:
    train, unseen, test = drawn(seed)
    told = [
        f"{len(test.targets):,} rows to judge by, {100 * test.targets.mean():.2f} % positive.",
        "",
        "| estimator | fitted on rows | calibration | mean probability | calibration error "
        "| log loss | average precision |",
        "|---|---|---|--:|--:|--:|--:|",
    ]
    for name, estimator in ESTIMATORS.items():
        for way, choice in WAYS.items():
            candidate = candidate_of(estimator, choice)
            rows = fitted_rows(train, candidate, seed=0)
            for calibration in CALIBRATIONS:
                model = build_estimator(candidate.estimator, {}, seed=0)
                if calibration == "none":
                    scores = positive_scores(model.fit(rows.features, rows.targets), test.features)
                else:
                    task = BinaryClassification(calibration=calibration)
                    scores = positive_scores(task.fit(model, rows, unseen).model, test.features)
                told.append(
                    f"| {name} | {way} | {calibration} | {100 * scores.mean():.2f} % "
                    f"| {calibration_error(test.targets, scores, 10):.4f} "
                    f"| {log_loss(test.targets, scores):.4f} "
                    f"| {average_precision_score(test.targets, scores):.3f} |"
                )
    return told
