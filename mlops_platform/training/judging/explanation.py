"""Which features a model leans on: permutation importance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_platform.record import Record
from mlops_platform.spec import ModelSpec
from mlops_platform.training.metrics import score
from mlops_platform.training.rows import features_of, labels_of, positive_scores

if TYPE_CHECKING:
    from pandas import DataFrame

REPEATS = 3


class Importance(Record):
    """By how much the log loss rises when one feature's values are shuffled."""

    feature: str
    mean: float
    standard_deviation: float


def permutation_importances(spec: ModelSpec, model: Any, rows: DataFrame) -> tuple[Importance, ...]:
    """Importances on a seeded sample of `permutation_rows` rows, largest first (Breiman 2001)."""
    from sklearn.inspection import permutation_importance

    seed = spec.training.tuning.seed
    sample = rows.sample(min(len(rows), spec.evaluation.permutation_rows), random_state=seed)
    result = permutation_importance(
        model,
        features_of(sample, spec),
        labels_of(sample, spec),
        scoring=_negative_log_loss,
        n_repeats=REPEATS,
        random_state=seed,
    )
    importances = [
        Importance(feature=feature, mean=float(mean), standard_deviation=float(deviation))
        for feature, mean, deviation in zip(
            spec.features.names, result.importances_mean, result.importances_std, strict=True
        )
    ]
    return tuple(sorted(importances, key=lambda importance: -importance.mean))


def _negative_log_loss(model: Any, features: DataFrame, labels: Any) -> float:
    return -score("log_loss", labels, positive_scores(model, features))
