"""What the first training of a model made."""

from typing import Any

import dagster as dg

from mlops_platform.components.record_io_manager import latest_record
from mlops_platform.usecases.release.bento import PackagedRelease
from mlops_platform.usecases.release.register import RegisteredCandidate


def first_champion(model: str) -> dict[str, Any]:
    """As JSON, read from the records of its assets before a second one."""
    # Not the gate's latest verdict: a later candidate may have lost to this champion.
    judged = latest_record(dg.AssetKey([model, "registered_version"]), RegisteredCandidate).judged
    packaged = latest_record(dg.AssetKey([model, "bento"]), PackagedRelease)
    evaluated, candidate = judged.evaluated, judged.evaluated.candidate
    training_set = candidate.training_set
    names = dict.fromkeys(trial.candidate for trial in candidate.recipe.trials)
    return {
        "model": model,
        "training_set": {
            "hash": training_set.hash,
            "rows": training_set.rows,
            **training_set.targets,
            "first_day": str(training_set.first_local_date),
            "last_day": str(training_set.last_local_date),
        },
        "candidates": {name: candidate.recipe.best_score_of(name) for name in names},
        "winner": candidate.recipe.candidate,
        "search_metric": candidate.recipe.metric,
        "test": {
            "rows": evaluated.evaluation.rows,
            **evaluated.evaluation.metrics,
            "loss": evaluated.evaluation.loss,
            "baseline_loss": evaluated.evaluation.baseline_loss,
        },
        "verdict": judged.verdict.outcome,
        "reason": judged.verdict.reason,
        "gate": [
            {"name": criterion.name, "passed": criterion.passed, "found": criterion.description}
            for criterion in judged.verdict.criteria
        ],
        "version": packaged.release.version,
        "release": packaged.release.sequence,
        "bento_tag": packaged.bento.tag,
        "parity": packaged.parity.model_dump(),
    }
