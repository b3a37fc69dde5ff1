"""A champion of a world, made by the platform's own functions, without a registry."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from mlops_platform.data.training_set import snapshot_training_set
from mlops_platform.ledger.records import Release
from mlops_platform.monitoring.drift.profile.profile import Profile
from mlops_platform.monitoring.reference import VersionReference
from mlops_platform.settings import Settings
from mlops_platform.spec import ModelSpec
from mlops_platform.training.fitting import fit_candidate, refit
from mlops_platform.training.judging.evaluation import evaluate
from mlops_platform.training.search.search import Recipe
from mlops_platform.usecases.candidate.training_rows import split_rows
from mlops_platform.usecases.release.reference import version_reference
from mlops_platform.usecases.release.reference_profile import profile_reference
from mlops_platform.usecases.version.champion import Champion


@dataclass(frozen=True)
class Watched:
    """A champion with what its windows are compared with."""

    champion: Champion
    reference: VersionReference
    profile: Profile


def champion_of(spec: ModelSpec, world: Settings, recipe: Recipe, as_of: datetime) -> Watched:
    """Fit, judge and refit a recipe on everything that was known at a moment."""
    training_set = snapshot_training_set(spec, world.published, world.training_sets, as_of)
    split = split_rows(spec, training_set)
    judged = fit_candidate(spec, recipe, split)
    evaluation = evaluate(spec, judged, split, artifact_bytes=0)
    released = refit(spec, recipe, judged, split)
    champion = Champion(
        release=Release(
            version=1,
            run_id="",
            digests={},
            schema_hash="",
            environment_hash="",
            model=spec.name,
            sequence=1,
            kind="promote",
            decision_id=1,
            actor="benchmark",
            released_at=as_of,
            bento_tag=None,
            previous_hash="",
            hash="",
        ),
        model=released.model,
        constants=released.constants,
        task=spec.task.kind,
        training_set=training_set.hash,
        fitted_through=training_set.last_event_time,
    )
    profile = profile_reference(spec, training_set, world.published, judged, released, split)
    judged = replace(judged, baseline=released.baseline)
    reference = version_reference(spec, training_set, evaluation, judged, split)
    return Watched(champion, reference, profile)
