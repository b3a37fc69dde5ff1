"""The sensors of a rollout: when a challenger is judged, and whether a new champion stays."""

from datetime import datetime
from zoneinfo import ZoneInfo

import dagster as dg

from mlops_platform.components.model_lifecycle.services import (
    open_ledger,
    open_registry,
    present_moment,
)
from mlops_platform.components.model_lifecycle.switches import sensor_status
from mlops_platform.components.model_lifecycle.window.performance_asset import performance_history
from mlops_platform.data.features.published import published_digest
from mlops_platform.ledger.challenger import Challenger, standing_challenger
from mlops_platform.monitoring.trials.objectives import broken_objective
from mlops_platform.settings import settings
from mlops_platform.spec import ModelSpec
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
        default_status=sensor_status(spec.schedules.rollout),
        description="Has a challenger judged, until it is promoted or aborted.",
    )
    def roll_out() -> dg.RunRequest | dg.SkipReason:
        challenger = standing_challenger(open_ledger(), spec.name)
        if challenger is None:
            return dg.SkipReason("Nothing is on trial.")
        return dg.RunRequest(run_key=_run_key(spec, challenger, present_moment()))

    return roll_out


def probation_sensor(spec: ModelSpec) -> dg.SensorDefinition:
    """Rolls a new champion back that breaks what it must keep; at most once per release.

    It acts in its tick and starts no run: behind a queue of trainings it would come too late.
    """
    name = f"probation_{spec.name}"

    @dg.sensor(
        name=name,
        minimum_interval_seconds=TICK_SECONDS,
        default_status=sensor_status(spec.schedules.rollout),
        description="Releases the previous champion again where a new one fails its probation.",
    )
    def probation() -> dg.SkipReason:
        ledger = open_ledger()
        release = on_probation(spec, ledger)
        if release is None:
            return dg.SkipReason("No champion is on probation.")
        windows, log = performance_history(spec).values(), settings().prediction_log(spec.name)
        verdict = judge_champion(spec, release, windows, log, present_moment())
        pointer = settings().release_pointer(spec.name)
        return dg.SkipReason(
            end_probation(
                *(ledger, open_registry(), pointer, release, verdict, f"sensor {name}"),
                bentoml_home=settings().bentoml_home,
            )
        )

    return probation


def _run_key(spec: ModelSpec, challenger: Challenger, now: datetime) -> str:
    """Equal keys are run once."""
    day = now.astimezone(ZoneInfo(spec.window.timezone)).date()
    labels = published_digest(settings().published, spec.label.table)[:DIGEST_CHARACTERS]
    figures = objectives_of(spec, challenger, settings().prediction_log(spec.name))
    broken = ", an objective is broken" if broken_objective(figures, spec.release.probation) else ""
    return f"challenge {challenger.challenge}, {day}, labels {labels}{broken}"
