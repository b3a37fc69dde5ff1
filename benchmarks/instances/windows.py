"""Windows of a world as the platform watches them: all alarms of all its checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from benchmarks.instances.champion import Watched
from mlops_platform.data.windows import Window
from mlops_platform.monitoring.alarms.alarm import Alarm
from mlops_platform.monitoring.alarms.drift_alarms import drift_alarms
from mlops_platform.monitoring.alarms.performance_alarms import performance_alarms
from mlops_platform.monitoring.alarms.quality_alarms import quality_alarms
from mlops_platform.monitoring.drift.alarm.judged_statistics import EITHER_WAY
from mlops_platform.monitoring.drift.alarm.judging import WindowExtent, compare_columns
from mlops_platform.monitoring.drift.profile.histogram import Histogram
from mlops_platform.monitoring.drift.window_drift import WindowDrift
from mlops_platform.monitoring.quality.window_quality import WindowQuality
from mlops_platform.settings import Settings
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.window.drift import (
    count_rows,
    counted_drift,
    counted_quality,
    open_window,
    window_volume,
)
from mlops_platform.usecases.window.past import PastWindows
from mlops_platform.usecases.window.performance import KnownLabels, measure_performance
from mlops_platform.usecases.window.score import ScoredWindow, score_window

LONG_AFTER = timedelta(days=400)


@dataclass(frozen=True)
class WatchedRows:
    """A window that was scored and counted.

    Args:
        counted: its rows in the bins of the reference, by column.
    """

    scored: ScoredWindow
    counted: Mapping[str, Histogram]
    repeated: int


@dataclass
class Watch:
    """Windows of one champion, one after the other; what is known of the earlier ones counts."""

    spec: ModelSpec
    world: Settings
    watched: Watched
    past: PastWindows = field(default_factory=PastWindows)

    def alarms_of(self, window: Window) -> tuple[Alarm, ...]:
        """Every check of a window, long after it ended."""
        rows, monitoring = self.count(window), self.spec.monitoring
        quality, drift = self.compare(rows)
        return (
            *quality_alarms(quality, monitoring.quality),
            *drift_alarms(drift, monitoring.drift),
            *self._performance(rows.scored),
        )

    def count(self, window: Window) -> WatchedRows:
        """Score a window, and count its rows."""
        published, predictions = self.world.published, self.world.home / "predictions"
        scored = score_window(
            self.spec, window, self.watched.champion, published, predictions, window.ends_at
        )
        with open_window(self.spec, scored, published) as rows:
            counted = count_rows(self.spec, rows, self.watched.profile)
            repeated = rows.repeated(self.spec.features.entity)
        return WatchedRows(scored, counted, repeated)

    def finds(self, rows: WatchedRows, column: str) -> bool:
        """Whether an alarm of a window names a column."""
        quality, drift = self.compare(rows)
        levels = self.spec.monitoring.quality.out_of_range
        is_beyond = quality.out_of_range.get(column, 0.0) >= (levels.warn or 1.0)
        return (
            is_beyond
            or column in quality.empty_columns
            or any(each.drifted for each in drift.features.columns if each.column == column)
        )

    def can_be_seen(self, rows: WatchedRows, column: str) -> bool:
        """Whether a column goes further than every window of the reference does by itself.

        What the reference's own windows show, and nobody minded, is no sign of a fault.
        """
        window, declared = rows.scored.window, self.spec.monitoring.drift
        seen = {column: rows.counted[column]}
        extent = WindowExtent(window.days, rows.counted[column].total)
        compared = compare_columns(self.watched.profile, seen, column, extent, declared, {})
        return any(
            value > compared.of_drawn[name, statistic].max()
            or (statistic in EITHER_WAY and value < compared.of_drawn[name, statistic].min())
            for (name, statistic), value in compared.of_window.items()
        )

    def compare(self, rows: WatchedRows) -> tuple[WindowQuality, WindowDrift]:
        """Quality and drift of counted rows."""
        spec, profile, window = self.spec, self.watched.profile, rows.scored.window
        volume = window_volume(self.world, spec, window, profile)
        quality = counted_quality(spec, rows.counted, profile, volume, rows.repeated)
        drift = counted_drift(spec, rows.counted, profile, window.days, self.watched.reference)
        return quality, drift

    def _performance(self, scored: ScoredWindow) -> tuple[Alarm, ...]:
        long_after = scored.window.ends_at + LONG_AFTER
        performance = measure_performance(
            self.world.published,
            self.spec,
            scored,
            self.watched.reference,
            KnownLabels(as_of=long_after, built_through=long_after),
            self.past,
        )
        name = scored.window.name
        self.past = PastWindows(
            {**self.past.scored, name: scored}, {**self.past.measured, name: performance}
        )
        return performance_alarms(performance, self.spec)


def windows_after(spec: ModelSpec, days: Sequence[date], first: date) -> Iterator[Window]:
    """Whole windows of days that are all there, from a day on."""
    length, known = (7 if spec.window.cadence == "weekly" else 1), set(days)
    start = first + timedelta(days=-first.weekday() % 7 if length > 1 else 0)
    while start <= days[-1]:
        window = Window(
            start=start, end=start + timedelta(days=length), timezone=spec.window.timezone
        )
        if known.issuperset(window.days):
            yield window
        start = window.end


def end_of(day: date, timezone: str) -> datetime:
    """The midnight that ends a local day."""
    return datetime.combine(day + timedelta(days=1), datetime.min.time(), ZoneInfo(timezone))
