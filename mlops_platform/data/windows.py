"""Windows: the periods in which a model is watched, cut from the local calendar."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from mlops_platform.errors import DataError
from mlops_platform.record import Record
from mlops_platform.spec import WindowSpec


class Window(Record):
    """Local days from `start` to the day before `end`; its name is its first day."""

    start: date
    end: date
    timezone: str

    @property
    def name(self) -> str:
        """The partition key of the window."""
        return self.start.isoformat()

    @property
    def days(self) -> list[date]:
        """Its local days, in order."""
        return [
            self.start + timedelta(days=offset) for offset in range((self.end - self.start).days)
        ]

    @property
    def last_day(self) -> date:
        """The last of its days."""
        return self.end - timedelta(days=1)

    @property
    def starts_at(self) -> datetime:
        """The midnight that begins it."""
        return datetime.combine(self.start, time(), ZoneInfo(self.timezone))

    @property
    def ends_at(self) -> datetime:
        """The midnight that ends it."""
        return datetime.combine(self.end, time(), ZoneInfo(self.timezone))


def window_named(spec: WindowSpec, name: str) -> Window:
    """The window of a partition key.

    Raises:
        DataError: no window starts then.
    """
    try:
        start = date.fromisoformat(name)
    except ValueError:
        start = None
    if start is None or start < spec.start or (start - spec.start).days % spec.days:
        raise DataError(
            f"'{name}' is the start of no {spec.cadence} window. Name one such as {spec.start}."
        )
    return _window(spec, start)


def ended_windows(spec: WindowSpec, moment: datetime) -> list[Window]:
    """Every window that has ended at an aware moment, oldest first."""
    return list(_ended(spec, moment))


def lived_until(spec: WindowSpec, moment: datetime) -> datetime:
    """Where the life of a model is at an aware moment: then, or where its last window has ended."""
    if spec.end is None:
        return moment
    return min(moment, datetime.combine(spec.end, time(), ZoneInfo(spec.timezone)))


def _ended(spec: WindowSpec, moment: datetime) -> Iterator[Window]:
    window = _window(spec, spec.start)
    while window.ends_at <= moment and (spec.end is None or window.end <= spec.end):
        yield window
        window = _window(spec, window.end)


def _window(spec: WindowSpec, start: date) -> Window:
    end = start + timedelta(days=spec.days)
    return Window(start=start, end=end, timezone=spec.timezone)
