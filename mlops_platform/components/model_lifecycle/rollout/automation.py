"""The sensors of a rollout: when a challenger is judged, and whether a new champion stays."""

from zoneinfo import ZoneInfo

import dagster as dg

from mlops_platform.components.model_lifecycle.window.performance_asset import performance_history
from mlops_platform.data.features.published import published_digest
from mlops_platform.ledger.challenger import Challenger, standing_challenger
from mlops_platform.monitoring.rollout.objectives import broken_objective
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.deployment import Deployment, open_deployment
from mlops_platform.usecases.rollout.judge import objectives_of
from mlops_platform.usecases.rollout.probation import end_probation, judge_champion, on_probation

TICK_SECONDS = 60
DIGEST_CHARACTERS = 12


def rollout_sensor(spec: ModelSpec) -> dg.SensorDefinition:
    """Asks for a verdict daily, when labels were published, and when an objective is broken.

    Not whenever predictions land: without further labels the verdict would be the same, and every
    look more is one more chance to be wrong.
    """

    @dg.sensor(
        name=f"rollout_{spec.name}",
        job_name=f"roll_out_{spec.name}",
        minimum_interval_seconds=TICK_SECONDS,
        default_status=_default_status(spec),
        description="Has a challenger judged, until it is promoted or aborted.",
    )
    def roll_out() -> dg.RunRequest | dg.SkipReason:
        deployment = open_deployment()
        challenger = standing_challenger(deployment.ledger, spec.name)
        if challenger is None:
            return dg.SkipReason("Nothing is on trial.")
        return dg.RunRequest(run_key=_run_key(deployment, spec, challenger))

    return roll_out


def probation_sensor(spec: ModelSpec) -> dg.SensorDefinition:
    """Rolls a new champion back that breaks what it must keep; at most once per release.

    It acts in its tick and starts no run: behind a queue of trainings it would come too late.
    """
    name = f"probation_{spec.name}"

    @dg.sensor(
        name=name,
        minimum_interval_seconds=TICK_SECONDS,
        default_status=_default_status(spec),
        description="Releases the previous champion again where a new one fails its probation.",
    )
    def probation() -> dg.SkipReason:
        deployment = open_deployment()
        release = on_probation(spec, deployment.ledger)
        if release is None:
            return dg.SkipReason("No champion is on probation.")
        verdict = judge_champion(deployment, spec, release, performance_history(spec).values())
        return dg.SkipReason(end_probation(deployment, release, verdict, f"sensor {name}"))

    return probation


def _run_key(deployment: Deployment, spec: ModelSpec, challenger: Challenger) -> str:
    """Equal keys are run once."""
    day = deployment.clock().astimezone(ZoneInfo(spec.window.timezone)).date()
    published = published_digest(deployment.settings.published, spec.label.table)
    labels = published[:DIGEST_CHARACTERS]
    figures = objectives_of(deployment, challenger)
    broken = ", an objective is broken" if broken_objective(figures, spec.release.probation) else ""
    return f"challenge {challenger.challenge}, {day}, labels {labels}{broken}"


def _default_status(spec: ModelSpec) -> dg.DefaultSensorStatus:
    on = spec.schedules.rollout
    return dg.DefaultSensorStatus.RUNNING if on else dg.DefaultSensorStatus.STOPPED
