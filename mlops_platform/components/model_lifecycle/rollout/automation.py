"""The sensors of a rollout: when a challenger is judged, and whether a new champion stays."""

from typing import Final
from zoneinfo import ZoneInfo

from mlops_platform.components.model_lifecycle.automation.model_sensor import (
    Look,
    LookAtModel,
    ModelSensor,
    Tick,
)
from mlops_platform.components.model_lifecycle.automation.requests import stage_request
from mlops_platform.components.model_lifecycle.lifecycle_model import LifecycleModel
from mlops_platform.components.model_lifecycle.window.performance_asset import performance_history
from mlops_platform.data.features.published import published_digest
from mlops_platform.ledger.challenger import Challenger, standing_challenger
from mlops_platform.monitoring.rollout.objectives import broken_objective
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.rollout.judge import objectives_of
from mlops_platform.usecases.rollout.probation import end_probation, judge_champion, on_probation

DIGEST_CHARACTERS: Final = 12


def _begin_rollout(tick: Tick) -> LookAtModel:
    deployment = tick.deployment

    def look(model: LifecycleModel, memory: str | None) -> Look:
        challenger = standing_challenger(deployment.ledger, model.name)
        if challenger is None:
            return Look("Nothing is on trial.")
        if not challenger.is_tried:
            return Look(f"{challenger.told}.")
        run_key = _run_key(deployment, model.spec, challenger)
        return Look(requests=[stage_request(model.name, "roll_out", run_key)])

    return look


def _begin_probation(tick: Tick) -> LookAtModel:
    deployment = tick.deployment

    def look(model: LifecycleModel, memory: str | None) -> Look:
        spec = model.spec
        release = on_probation(spec, deployment.ledger)
        if release is None:
            return Look("No champion is on probation.")
        verdict = judge_champion(deployment, spec, release, performance_history(spec).values())
        return Look(end_probation(deployment, release, verdict, tick.actor))

    return look


# Not whenever predictions land: without further labels the verdict would be the same, and every
# look more is one more chance to be wrong.
ROLL_OUT: Final = ModelSensor(
    name="roll_out",
    description=(
        "Has a challenger judged, daily, when labels were published and when an objective is "
        "broken, until it is promoted or aborted."
    ),
    switch="schedules.rollout",
    is_on=lambda spec: spec.schedules.rollout,
    begin=_begin_rollout,
)
# It acts in its tick and starts no run: behind a queue of trainings it would come too late.
PROBATION: Final = ModelSensor(
    name="probation",
    description="Releases the previous champion again where a new one fails its probation.",
    switch="schedules.rollout",
    is_on=lambda spec: spec.schedules.rollout,
    begin=_begin_probation,
)


def _run_key(deployment: Deployment, spec: ModelSpec, challenger: Challenger) -> str:
    """Equal keys are run once."""
    day = deployment.moment_of(spec.name).astimezone(ZoneInfo(spec.window.timezone)).date()
    published = published_digest(deployment.settings.published, spec.label.table)
    labels = published[:DIGEST_CHARACTERS]
    figures = objectives_of(deployment, challenger)
    broken = ", an objective is broken" if broken_objective(figures, spec.release.probation) else ""
    return f"challenge {challenger.challenge}, {day}, labels {labels}{broken}"
