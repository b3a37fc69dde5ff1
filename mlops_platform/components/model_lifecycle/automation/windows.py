"""The sensor `watch`: asks for windows that have ended, and for performance with final labels."""

from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

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
from mlops_platform.components.model_lifecycle.lifecycle_model import LifecycleModel
from mlops_platform.components.model_lifecycle.window.performance_asset import performance_history
from mlops_platform.components.stages import run_tags, stage_keys
from mlops_platform.data.windows import Window, ended_windows, window_named
from mlops_platform.spec import WindowSpec
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.window.changed_labels import with_changed_labels
from mlops_platform.usecases.window.maturity import labels_built_through, matured_since

HOUR: Final = 6
"""Local hour after which a window that ended at midnight is scored."""
MOST_WINDOWS_AT_ONCE: Final = 8
"""Windows of a model that one look asks for, so that a long outage is caught up in steps."""
MONDAY: Final = 0


class WindowsLook(Memory):
    """What one look at the windows of a model leaves to the next.

    Args:
        looked_at: by the clock of the model.
        behind: the first window that was asked for, where more had ended than one look asks for.
    """

    looked_at: datetime
    behind: str | None


def _begin(tick: Tick) -> LookAtModel:
    at_work = models_at_work(tick.instance, "watch", tick.names)

    def look(model: LifecycleModel, memory: str | None) -> Look:
        now, before = tick.deployment.moment_of(model.name), WindowsLook.of(memory)
        due_at = _latest_moment(model.spec.window, now)
        is_new = before is None or before.looked_at < due_at
        catches_up = before is not None and before.behind is not None and model.name not in at_work
        if not (is_new or catches_up):
            return Look("No window has ended since the last look.", memory=memory)
        requests = list(window_requests(tick.deployment, model, due_at))
        first = requests[0].partition_key if requests else None
        if not is_new and before is not None and first == before.behind:
            return Look(f"The runs of {first} and later windows came to nothing.", memory=memory)
        behind = first if len(requests) == MOST_WINDOWS_AT_ONCE else None
        return Look(
            "Since the last look no window has ended or matured, and no labels have changed.",
            requests,
            WindowsLook(looked_at=now, behind=behind).text,
        )

    return look


WATCH: Final = ModelSensor(
    name="watch",
    description=(
        f"At {HOUR}:00, where the windows are, of every day or Monday: features, predictions, "
        "drift report and performance of what has ended since, and the performance of windows "
        "whose labels have matured, or have changed after that."
    ),
    switch="schedules.windows",
    is_on=lambda spec: spec.schedules.windows,
    begin=_begin,
)


def window_requests(
    deployment: Deployment, model: LifecycleModel, ended_by: datetime
) -> Iterator[dg.RunRequest]:
    """Windows to score, oldest first; then windows whose performance is to be measured again.

    Args:
        ended_by: only windows that had ended then.
    """
    spec, now = model.spec, deployment.moment_of(model.name)
    releases = deployment.ledger.releases(spec.name)
    if not releases:
        return
    measured = performance_history(spec)
    ended = [
        window
        for window in ended_windows(spec.window, ended_by)
        if window.ends_at > releases[0].released_at
    ]
    missing = [window for window in ended if window.name not in measured]
    for window in missing[:MOST_WINDOWS_AT_ONCE]:
        yield window_request(model, window, now)
    if missing or not measured:
        # Their runs measure again what matures with the labels that they build, or has others now.
        return
    built = [window_named(spec.window, name) for name in measured]
    matured = matured_since(spec, measured, labels_built_through(spec, built, now))
    # The first of these runs measures all others as well: more are not needed for many.
    changed = with_changed_labels(deployment, spec, measured)[:MOST_WINDOWS_AT_ONCE]
    for name in (*matured, *changed):
        yield _request(model, name, now, [dg.AssetKey([spec.name, "performance"])])


def window_request(model: LifecycleModel, window: Window, now: datetime) -> dg.RunRequest:
    """A run that builds the features of one window, scores it and measures it."""
    landed_first = (
        stage_keys(model.name, "land_served") if model.spec.window.source == "served" else []
    )
    adapts = model.spec.task.adaptation_rule is not None
    adjusted_first = stage_keys(model.name, "adjust") if adapts else []
    watched = stage_keys(model.name, "watch")
    assets = [*model.store.assets, *landed_first, *adjusted_first, *watched]
    config = model.store.build_config(window.start, window.last_day)
    return _request(model, window.name, now, assets, config)


def _request(
    model: LifecycleModel,
    window: str,
    now: datetime,
    assets: Collection[dg.AssetKey],
    config: Mapping[str, Any] | None = None,
) -> dg.RunRequest:
    return dg.RunRequest(
        run_key=f"{model.name} {window}@{now.isoformat()}",
        job_name=ANY_ASSETS,
        partition_key=window,
        asset_selection=list(assets),
        run_config=config,
        tags=run_tags(model.name, "watch"),
    )


def _latest_moment(spec: WindowSpec, now: datetime) -> datetime:
    """The last moment at which windows of this calendar are looked for."""
    day = latest_day(spec, HOUR, now)
    if spec.cadence == "weekly":
        day -= timedelta(days=(day.weekday() - MONDAY) % 7)
    return datetime.combine(day, time(HOUR), ZoneInfo(spec.timezone))


def latest_day(spec: WindowSpec, hour: int, now: datetime) -> date:
    """The last day of this calendar that has reached an hour."""
    zone = ZoneInfo(spec.timezone)
    day = now.astimezone(zone).date()
    return day if datetime.combine(day, time(hour), zone) <= now else day - timedelta(days=1)
