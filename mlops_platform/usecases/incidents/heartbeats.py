"""The dead man's switch: what should arrive by itself, and no longer does."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from mlops_platform.clock import moment_text
from mlops_platform.data.windows import ended_windows
from mlops_platform.monitoring.alerting.observation import Observation
from mlops_platform.monitoring.alerting.routing import urgency
from mlops_platform.spec import ModelSpec

WINDOWS: Final = "windows_arrive"
SENSORS: Final = "sensors_tick"
PREDICTIONS: Final = "predictions_are_logged"
HEARTBEATS: Final = (WINDOWS, SENSORS, PREDICTIONS)


@dataclass(frozen=True)
class Arrivals:
    """What has arrived of one model.

    Args:
        machine_now: by the clock of the machine, on which sensors and services live.
        watched_since: nobody looked before: what was started together with the alerts gets as long
            as any to arrive.
        released_at: of the first release, before which nothing is due.
        measured: names of the windows that were measured.
        ticked_at: last tick without an error of each sensor that is switched on.
        logged_at: of the last logged prediction.
    """

    machine_now: datetime
    watched_since: datetime
    released_at: datetime | None
    measured: Collection[str] = ()
    ticked_at: Mapping[str, datetime] = field(default_factory=dict)
    logged_at: datetime | None = None


def missed_heartbeats(spec: ModelSpec, arrivals: Arrivals, now: datetime) -> Iterator[Observation]:
    """One look at each thing that should arrive.

    Args:
        now: by the clock of the model, in which windows end.
    """
    yield _look(spec, arrivals, WINDOWS, _late_windows(spec, arrivals, now))
    yield _look(spec, arrivals, SENSORS, _late_sensors(spec, arrivals))
    yield _look(spec, arrivals, PREDICTIONS, _late_predictions(spec, arrivals))


def _look(
    spec: ModelSpec, arrivals: Arrivals, check: str, missed: tuple[str, dict[str, Any]] | None
) -> Observation:
    severity = urgency(spec.alerting.severities, "heartbeats", check) if missed else None
    summary, facts = missed or ("it arrives, or is not watched", {})
    return Observation(
        check=f"heartbeats/{check}",
        severity=severity,
        seen_at=arrivals.machine_now,
        summary=summary,
        facts=facts,
    )


def _late_windows(
    spec: ModelSpec, arrivals: Arrivals, now: datetime
) -> tuple[str, dict[str, Any]] | None:
    hours, released_at = spec.alerting.heartbeats.window_hours, arrivals.released_at
    if hours is None or released_at is None:
        return None
    missing = [
        window
        for window in ended_windows(spec.window, now - timedelta(hours=hours))
        if window.ends_at > released_at and window.name not in arrivals.measured
    ]
    if not missing:
        return None
    names, first = [window.name for window in missing], missing[0]
    return (
        f"{len(names)} window{'s' if len(names) > 1 else ''} not measured {hours:g} hours after "
        f"the end; the first, {first.name}, ended at {moment_text(first.ends_at)}",
        {"windows": names},
    )


def _late_sensors(spec: ModelSpec, arrivals: Arrivals) -> tuple[str, dict[str, Any]] | None:
    minutes = spec.alerting.heartbeats.sensor_minutes
    if minutes is None:
        return None
    ticked_at = sorted(arrivals.ticked_at.items())
    late = {
        name: last_tick for name, last_tick in ticked_at if _is_silent(arrivals, last_tick, minutes)
    }
    if not late:
        return None
    sensors = ", ".join(
        f"{name} since {moment_text(last_tick)}" for name, last_tick in late.items()
    )
    return (
        f"no tick without an error of {sensors}",
        {name: last_tick.isoformat() for name, last_tick in late.items()},
    )


def _late_predictions(spec: ModelSpec, arrivals: Arrivals) -> tuple[str, dict[str, Any]] | None:
    minutes, logged_at = spec.alerting.heartbeats.prediction_minutes, arrivals.logged_at
    if minutes is None or arrivals.released_at is None:
        return None
    if not _is_silent(arrivals, logged_at or arrivals.watched_since, minutes):
        return None
    if logged_at is None:
        return "no prediction was ever logged", {}
    return (
        f"no prediction was logged since {moment_text(logged_at)}",
        {"logged_at": logged_at.isoformat()},
    )


def _is_silent(arrivals: Arrivals, last: datetime, minutes: float) -> bool:
    began_at = max(last, arrivals.watched_since)
    return began_at < arrivals.machine_now - timedelta(minutes=minutes)
