"""When the labels of a window count as complete."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from mlops_platform.data.features.builds import complete_days_of
from mlops_platform.data.windows import Window, window_named
from mlops_platform.monitoring.performance.window_performance import WindowPerformance
from mlops_platform.settings import Settings
from mlops_platform.spec import ModelSpec


def matures_at(spec: ModelSpec, window: Window) -> datetime:
    """From when on the window's labels count as complete."""
    performance = spec.monitoring.performance
    days = performance.mature_after_days + spec.label.reporting_delay_days
    return window.ends_at + timedelta(days=days)


def day_matures_at(spec: ModelSpec, day: date) -> datetime:
    """From when on the labels of one local day count as complete."""
    timezone = spec.window.timezone
    return matures_at(spec, Window(start=day, end=day + timedelta(days=1), timezone=timezone))


def label_days(spec: ModelSpec, window: Window) -> list[date]:
    """Days on which labels of a window are published: its own, without event time also later ones.

    Then a label is published on the day on which it landed, until the window counts as mature.
    """
    if spec.features.has_event_time:
        return window.days
    until = matures_at(spec, window).astimezone(ZoneInfo(window.timezone)).date()
    return [window.start + timedelta(days=at) for at in range((until - window.start).days)]


def latest_matured_day(spec: ModelSpec, moment: datetime) -> date:
    """The last local day, of those in windows, whose labels count as complete at a moment."""
    day, one_day = moment.astimezone(ZoneInfo(spec.window.timezone)).date(), timedelta(days=1)
    if spec.window.end is not None:
        day = min(day, spec.window.end - one_day)
    while day_matures_at(spec, day) > moment:
        day -= one_day
    return day


def labels_built_through(
    spec: ModelSpec,
    built: Iterable[Window],
    moment: datetime,
    label_days: Collection[date] = (),
) -> datetime:
    """Until when labels can have been built: to the end of the newest window with features.

    Or later, where the days after it were built as well: a whole file may have landed at once.
    After a model's last window nothing more is built, and `moment` counts.

    Args:
        label_days: days of which labels were built of all that they are made from.
    """
    end, one_day = max(window.end for window in built), timedelta(days=1)
    while end in label_days:
        end += one_day
    if spec.window.end is not None and end >= spec.window.end:
        return moment
    return Window(start=end - one_day, end=end, timezone=spec.window.timezone).ends_at


def measured_labels_through(
    lake: Settings, spec: ModelSpec, windows: Iterable[str], moment: datetime
) -> datetime:
    """As `labels_built_through`, of windows by name and by what the lake says of its days."""
    built = [window_named(spec.window, name) for name in windows]
    label_days = complete_days_of(lake.landing, lake.published, spec.label.table)
    return labels_built_through(spec, built, moment, label_days)


def matured_since(
    spec: ModelSpec, measured: Mapping[str, WindowPerformance], labels_through: datetime
) -> list[str]:
    """Windows that were measured before all of their labels were in, and can be complete now."""
    return [
        name
        for name, performance in measured.items()
        if not performance.mature
        and matures_at(spec, window_named(spec.window, name)) <= labels_through
    ]
