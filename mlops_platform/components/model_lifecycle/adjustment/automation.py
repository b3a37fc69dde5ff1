"""The sensor `adjust`: asks every morning for the adjustments that matured days have brought."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import dagster as dg

from mlops_platform.components.model_lifecycle.automation.model_sensor import (
    Look,
    LookAtModel,
    ModelSensor,
    Tick,
)
from mlops_platform.components.model_lifecycle.automation.requests import ANY_ASSETS
from mlops_platform.components.model_lifecycle.automation.unfinished_runs import models_at_work
from mlops_platform.components.model_lifecycle.lifecycle_model import LifecycleModel
from mlops_platform.components.stages import run_tags, stage_keys
from mlops_platform.data.features.published import published_days
from mlops_platform.spec import WindowSpec

HOUR: Final = 5
"""Local hour after which the day before is built: an hour before windows are looked for."""


def _begin(tick: Tick) -> LookAtModel:
    at_work = {
        *models_at_work(tick.instance, "watch", tick.names),
        *models_at_work(tick.instance, "adjust", tick.names),
    }
    deployment = tick.deployment

    def look(model: LifecycleModel, memory: str | None) -> Look:
        today = _day_begun(model.spec.window, deployment.clock())
        if memory == today.isoformat():
            return Look("No day has ended since the last look.", memory=memory)
        if deployment.ledger.current_release(model.name) is None:
            return Look("Nothing is released whose constants could follow.", memory=memory)
        if model.name in at_work:
            return Look("Another run builds its days or adjusts it.", memory=memory)
        published = published_days(deployment.settings.published, model.spec.features.table)
        return Look(
            requests=[adjustment_request(model, _days_to_build(published, today), today)],
            memory=today.isoformat(),
        )

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


def adjustment_request(model: LifecycleModel, days: Sequence[date], today: date) -> dg.RunRequest:
    """A run that builds some days and then adjusts."""
    adjustment = stage_keys(model.name, "adjust")
    configured = {"start_day": str(days[0]), "end_day": str(days[-1])} if days else {}
    return dg.RunRequest(
        run_key=f"{model.name} adjustment {today}",
        job_name=ANY_ASSETS,
        asset_selection=[*(model.store.assets if days else ()), *adjustment],
        run_config={"ops": {model.store.build_op: {"config": configured}}} if days else None,
        tags=run_tags(model.name, "adjust"),
    )


def _day_begun(spec: WindowSpec, now: datetime) -> date:
    """The local day that has reached its hour last."""
    zone = ZoneInfo(spec.timezone)
    day = now.astimezone(zone).date()
    return day if datetime.combine(day, time(HOUR), zone) <= now else day - timedelta(days=1)


def _days_to_build(published: frozenset[date], today: date) -> list[date]:
    """Days that have ended since the newest published one; none before anything is published."""
    if not published:
        return []
    newest = max(published)
    return [newest + timedelta(days=number) for number in range(1, (today - newest).days)]
