"""What is told of an evaluated candidate beside its figures: what it leans on, and since when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_platform.tasks import Finished

if TYPE_CHECKING:
    from mlops_platform.spec import ModelSpec
    from mlops_platform.training.judging.evaluation import Evaluation
    from mlops_platform.training.split import Split
    from mlops_platform.usecases.version.champion import Champion


def explained(
    spec: ModelSpec,
    evaluation: Evaluation,
    fitted: Finished,
    split: Split,
    champion: Champion | None,
) -> Evaluation:
    """Add how predictions depend on the leading features, and what moved since the champion."""
    from mlops_platform.training.explaining.dependence import partial_dependences
    from mlops_platform.training.explaining.importance import Importances
    from mlops_platform.training.explaining.shift import shift_from
    from mlops_platform.training.rows import features_of, weights_of

    rows = split.test
    predictions = spec.task.predict(
        fitted.model, fitted.constants, features_of(rows, spec), weights_of(rows, spec)
    )
    importances = Importances(evaluation.importances, evaluation.importance_groups)
    shift = None
    if champion is not None and spec.gate.max_importance_shift is not None:
        released = Finished(champion.model, champion.constants, {})
        version = champion.release.version
        shift = shift_from(spec, released, version, rows, predictions, importances)
    dependences = partial_dependences(spec, fitted, rows, predictions, importances.features)
    return evaluation.model_copy(update={"dependences": dependences, "importance_shift": shift})
