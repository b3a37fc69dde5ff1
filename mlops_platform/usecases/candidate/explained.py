"""What is told of an evaluated candidate beside its figures: what it leans on, and since when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_platform.errors import MlopsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlops_platform.registry.registry import Registry
    from mlops_platform.spec import ModelSpec
    from mlops_platform.tasks import Finished
    from mlops_platform.training.judging.evaluation import Evaluation
    from mlops_platform.training.split import Split
    from mlops_platform.usecases.version.champion import Champion


def explained(
    spec: ModelSpec,
    evaluation: Evaluation,
    fitted: Finished,
    split: Split,
    champion: Champion | None,
    registry: Registry,
) -> Evaluation:
    """Add how predictions depend on the leading features, and what moved since the champion."""
    from mlops_platform.training.explaining.dependence import partial_dependences
    from mlops_platform.training.explaining.shift import importance_shift
    from mlops_platform.training.rows import features_of

    predictions = spec.task.predict(fitted.model, fitted.constants, features_of(split.test, spec))
    dependences = partial_dependences(spec, fitted, split.test, predictions, evaluation.importances)
    before = _importances(champion, registry) if champion else None
    shift = None
    if champion is not None and before is not None:
        shift = importance_shift(
            champion.release.version,
            before,
            {importance.feature: importance.mean for importance in evaluation.importances},
            [group.features for group in evaluation.importance_groups],
        )
    return evaluation.model_copy(update={"dependences": dependences, "importance_shift": shift})


def _importances(champion: Champion, registry: Registry) -> Mapping[str, float] | None:
    """Those of a champion on its own test rows; None where they are lost: they judge nothing."""
    from pydantic import ValidationError

    from mlops_platform.monitoring.reference import FOLDER, REFERENCE_FILE, Reference

    try:
        name = f"{FOLDER}/{REFERENCE_FILE}"
        with registry.fetched_directory(champion.release.run_id, name) as file:
            return Reference.from_stored(file.read_bytes()).importances
    except (MlopsError, OSError, ValidationError):
        return None
