"""Which features a model leans on: permutation importance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_platform.record import Record
from mlops_platform.spec import ModelSpec
from mlops_platform.tasks import Finished
from mlops_platform.training.rows import features_of, targets_of, weights_of

if TYPE_CHECKING:
    from pandas import DataFrame

REPEATS = 3


class Importance(Record):
    """By how much the loss rises when one feature's values are shuffled."""

    feature: str
    mean: float
    standard_deviation: float


def permutation_importances(
    spec: ModelSpec, candidate: Finished, rows: DataFrame
) -> tuple[Importance, ...]:
    """Importances on a seeded sample of `permutation_rows` rows, largest first (Breiman 2001)."""
    from sklearn.inspection import permutation_importance

    task, seed = spec.task, spec.training.tuning.seed
    loss = task.own_metrics[task.loss]
    sample = rows.sample(min(len(rows), spec.evaluation.permutation_rows), random_state=seed)
    weights = weights_of(sample, spec)

    def negative_loss(model: Any, features: DataFrame, targets: Any) -> float:
        said = task.predict(model, candidate.constants, features, weights)
        return -loss.compute(targets, said)

    result = permutation_importance(
        candidate.model,
        features_of(sample, spec),
        targets_of(sample, spec),
        scoring=negative_loss,
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
