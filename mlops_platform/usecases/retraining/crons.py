"""Which cron schedules of a policy are due."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from mlops_platform.spec import ModelSpec, ScheduleRule
from mlops_platform.spec.retraining.policy import single_rules


def due_crons(spec: ModelSpec, since: datetime, now: datetime) -> frozenset[str]:
    """Crons of a model's policy with a moment after `since` that has come, in its time zone."""
    zone = ZoneInfo(spec.window.timezone)
    return frozenset(
        cron for cron in _crons(spec) if _next_moment(cron, since.astimezone(zone)) <= now
    )


def _crons(spec: ModelSpec) -> Iterator[str]:
    for rule in single_rules(spec.retraining.policy):
        if isinstance(rule, ScheduleRule) and rule.cron is not None:
            yield rule.cron


def _next_moment(cron: str, after: datetime) -> datetime:
    from cronsim import CronSim

    moment: datetime = next(CronSim(cron, after))
    return moment
