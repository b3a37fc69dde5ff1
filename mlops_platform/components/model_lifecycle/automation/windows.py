"""The sensor `watch`: asks for windows that have ended, and for performance with final labels."""

from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, Final
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
from mlops_platform.components.model_lifecycle.automation.window_turns import (
    MOST_WINDOWS_AT_ONCE,
    WindowsLook,
    goes_on,
    next_turn,
)
from mlops_platform.components.model_lifecycle.lifecycle_model import LifecycleModel
from mlops_platform.components.model_lifecycle.window.performance_asset import performance_history
from mlops_platform.components.record_files import partition_records
from mlops_platform.components.stages import run_tags, stage_keys
from mlops_platform.data.windows import Window, ended_windows
from mlops_platform.spec import ModelSpec, WindowSpec
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.window.changed_labels import with_changed_labels
from mlops_platform.usecases.window.empty import has_come
from mlops_platform.usecases.window.maturity import matured_since, measured_labels_through
from mlops_platform.usecases.window.score import ScoredWindow

HOUR: Final = 6
"""Local hour after which a window that ended at midnight is scored."""
MONDAY: Final = 0


def _begin(tick: Tick) -> LookAtModel:
    at_work = models_at_work(tick.instance, "watch", tick.names)

    def look(model: LifecycleModel, memory: str | None) -> Look:
        now, before = tick.deployment.moment_of(model.name), WindowsLook.of(memory)
        due_at = _latest_moment(model.spec.window, now)
        is_new = before is None or before.looked_at < due_at
        catches_up = before is not None and before.is_open and model.name not in at_work
        if not (is_new or catches_up):
            return Look("No window has ended since the last look.", memory=memory)
        missing = missing_windows(tick.deployment, model.spec, due_at)
        if before is not None and not is_new and not goes_on(before, list(missing)):
            failed = f"The runs of {', '.join(before.again)} came to nothing again."
            message = failed if missing else "Every window that has ended is measured."
            return Look(message, memory=before.closed.text)
        turn = next_turn(before, list(missing), now)
        asked = [missing[name] for name in sorted((*turn.new, *turn.again))]
        requests = [window_request(model, window, now) for window in asked]
        if not turn.new:
            requests += measure_again_requests(tick.deployment, model)
        return Look(
            "Since the last look no window has ended or matured, and no labels have changed.",
            requests,
            turn.look.text,
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


def missing_windows(
    deployment: Deployment, spec: ModelSpec, ended_by: datetime
) -> dict[str, Window]:
    """Windows by name, oldest first, that have ended since the first release and are to be scored.

    One that was empty is among them as soon as it has rows.

    Args:
        ended_by: only windows that had ended then.
    """
    releases = deployment.ledger.releases(spec.name)
    if not releases:
        return {}
    measured = performance_history(spec)
    empty = {name for name, performance in measured.items() if performance.is_empty}
    scored = partition_records((spec.name, "predictions"), ScoredWindow) if empty else {}
    filled = {name for name in empty & scored.keys() if has_come(deployment, spec, scored[name])}
    return {
        window.name: window
        for window in ended_windows(spec.window, ended_by)
        if window.ends_at > releases[0].released_at
        and (window.name not in measured or window.name in filled)
    }


def measure_again_requests(
    deployment: Deployment, model: LifecycleModel
) -> Iterator[dg.RunRequest]:
    """Windows whose performance is to be measured again: they have matured, or have other labels.

    Where windows are scored nobody needs to ask: their runs do it with the labels that they build.
    """
    spec, now = model.spec, deployment.moment_of(model.name)
    measured = performance_history(spec)
    if not measured:
        return
    labels_through = measured_labels_through(deployment.settings, spec, measured, now)
    matured = matured_since(spec, measured, labels_through)
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
