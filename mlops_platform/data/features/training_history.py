"""What a training reads of the past."""

from datetime import datetime, timedelta

from mlops_platform.record import Record
from mlops_platform.spec import HistorySpec


class TrainingHistory(Record):
    """Where the rows of a training begin, and why there.

    Args:
        since: event time after which rows are read; None for all that is known.
    """

    since: datetime | None
    reason: str


def declared_history(spec: HistorySpec, as_of: datetime) -> TrainingHistory:
    """The rolling history of a spec, counted back in event time; all that is known without one."""
    days = spec.rolling_days
    if days is None:
        return TrainingHistory(since=None, reason="all that is known")
    return TrainingHistory(since=as_of - timedelta(days=days), reason=f"the latest {days} days")
