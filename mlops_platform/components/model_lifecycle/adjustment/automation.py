"""The sensor `adjust`: asks every morning for the adjustments that matured days have brought."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

import dagster as dg

from mlops_platform.components.model_lifecycle.automation.memory import Memory
from mlops_platform.components.model_lifecycle.automation.model_sensor import (
    Look,
    LookAtModel,
    ModelSensor,
    Tick,
)
from mlops_platform.components.model_lifecycle.automation.requests import ANY_ASSETS
from mlops_platform.components.model_lifecycle.automation.unfinished_runs import models_at_work
from mlops_platform.components.model_lifecycle.automation.windows import latest_day
from mlops_platform.components.model_lifecycle.lifecycle_model import LifecycleModel
from mlops_platform.components.stages import run_tags, stage_keys
from mlops_platform.data.features.published import published_days
from mlops_platform.data.landing.deliveries import is_landed
from mlops_platform.settings import Settings
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.window.maturity import day_matures_at

HOUR: Final = 5
"""Local hour after which the day before is built: an hour before windows are looked for."""
MOST_ATTEMPTS: Final = 3
DAY_TAG: Final = "mlops/adjusted_day"


class AdjustmentLook(Memory):
    """What one look at a model leaves to the next.

    Args:
        day: for which it was asked last.
        attempts: how often.
    """

    day: date
    attempts: int


def _begin(tick: Tick) -> LookAtModel:
    at_work = {
        *models_at_work(tick.instance, "watch", tick.names),
        *models_at_work(tick.instance, "adjust", tick.names),
    }
    deployment = tick.deployment

    def look(model: LifecycleModel, memory: str | None) -> Look:
        spec, before = model.spec, AdjustmentLook.of(memory)
        today = latest_day(spec.window, HOUR, deployment.moment_of(model.name))
        attempts = before.attempts if before is not None and before.day == today else 0
        if attempts and (attempts >= MOST_ATTEMPTS or not _failed(tick.instance, model, today)):
            return Look("No day has ended since the last look.", memory=memory)
        if _is_over(spec, today):
            return Look("Its last window has ended and matured.", memory=memory)
        if deployment.ledger.current_release(model.name) is None:
            return Look("Nothing is released whose constants could follow.", memory=memory)
        if model.name in at_work:
            return Look("Another run builds its days or adjusts it.", memory=memory)
        days = days_to_build(deployment.settings, model, today)
        if days is None:
            return Look("The day before has not landed yet.", memory=memory)
        asked = AdjustmentLook(day=today, attempts=attempts + 1)
        request = adjustment_request(model, days, asked)
        return Look(requests=[request], memory=asked.text)

    return look


ADJUST: Final = ModelSensor(
    name="adjust",
    description=(
        f"At {HOUR}:00 of every day, where the windows are: builds the days that have ended, and "
        "lets the champion's constants follow the outcomes of those that have matured."
    ),
    switch="schedules.windows",
    is_on=lambda spec: spec.schedules.windows and spec.task.adaptation_rule is not None,
    begin=_begin,
)


def adjustment_request(
    model: LifecycleModel, days: Sequence[date], asked: AdjustmentLook
) -> dg.RunRequest:
    """A run that builds some days and then adjusts."""
    adjustment = stage_keys(model.name, "adjust")
    return dg.RunRequest(
        run_key=f"{model.name} adjustment {asked.day}, attempt {asked.attempts}",
        job_name=ANY_ASSETS,
        asset_selection=[*(model.store.assets if days else ()), *adjustment],
        run_config=model.store.build_config(days[0], days[-1]) if days else None,
        tags={**run_tags(model.name, "adjust"), DAY_TAG: str(asked.day)},
    )


def days_to_build(place: Settings, model: LifecycleModel, today: date) -> list[date] | None:
    """Landed days that have ended and are not published; None while the day before is missing.

    Where the sources are landed daily, which shows on the newest published day: one that is not is
    no sign.
    """
    features, end = model.spec.features.table, model.spec.window.end
    published = [day for day in published_days(place.published, features) if day < today]
    if not published:
        return []
    newest, until = max(published), today if end is None else min(today, end)
    daily = [source for source in model.store.sources if is_landed(place.landing, source, newest)]
    days = [newest + timedelta(days=number) for number in range(1, (until - newest).days)]
    has_landed = all(is_landed(place.landing, source, day) for day in days for source in daily)
    return days if has_landed else None


def _failed(instance: dg.DagsterInstance, model: LifecycleModel, today: date) -> bool:
    """Whether the last run that was asked for today came to nothing."""
    tags = {**run_tags(model.name, "adjust"), DAY_TAG: str(today)}
    runs = instance.get_runs(dg.RunsFilter(tags=tags), limit=1)
    ended = (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)
    return bool(runs) and runs[0].status in ended


def _is_over(spec: ModelSpec, today: date) -> bool:
    """Whether every day in windows had matured the day before."""
    end = spec.window.end
    return end is not None and day_matures_at(spec, end - timedelta(days=1)).date() < today
