"""Times without zone, and the hours that a change of clocks takes away or gives twice.

The terms are those of ECMAScript's Temporal (`disambiguation`): of a time that exists twice,
`earlier` is the first one and `later` the second; a time that does not exist is read with the clock
that was set after the change (`earlier`) or before it (`later`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Final, Literal
from zoneinfo import ZoneInfo

from mlops_platform.data.engine import literal

if TYPE_CHECKING:
    import duckdb

ClockChange = Literal["refuse", "earlier", "later"]
LOCAL_MOMENT: Final = "local_moment"
"""SQL function of a naive timestamp: its moment, by the declared rule."""
ANY_MOMENT: Final = "any_moment"
"""The same, but never NULL: `refuse` reads a time as `later`, so that its day is known."""
# Longer than any clock was ever left changed, and an even number of them in two centuries.
STEP = timedelta(days=7)
FIRST, LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2101, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class ClockShift:
    """One change of the clocks of a zone, in its local time: from `old` to `new`."""

    old: datetime
    new: datetime

    @property
    def size(self) -> timedelta:
        """By how much."""
        return abs(self.new - self.old)

    def touches(self, naive: datetime) -> bool:
        """Whether the change takes this time away or gives it twice."""
        return min(self.old, self.new) <= naive < max(self.old, self.new)


@cache
def clock_shifts(timezone: str) -> tuple[ClockShift, ...]:
    """Every change of two centuries in a zone."""
    return tuple(_shifts(ZoneInfo(timezone)))


def changed_days(timezone: str) -> set[date]:
    """Every local day with times that do not exist or exist twice."""
    return {side.date() for shift in clock_shifts(timezone) for side in (shift.old, shift.new)}


def _shifts(zone: ZoneInfo) -> Iterator[ClockShift]:
    moment = FIRST
    while moment < LAST:
        until = moment + STEP
        if _offset(moment, zone) != _offset(until, zone):
            changed = _change(moment, until, zone)
            naive = changed.replace(tzinfo=None)
            before = _offset(changed - timedelta(seconds=1), zone)
            yield ClockShift(naive + before, naive + _offset(changed, zone))
        moment = until


def _change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The second from which the clocks are as they are `after`."""
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=1) // 2)
        if _offset(middle, zone) == _offset(after, zone):
            after = middle
        else:
            before = middle
    return after


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


def clock_change_text(naive: datetime, timezone: str) -> str | None:
    """What the clocks did to a time; None where it exists once."""
    shift = next((shift for shift in clock_shifts(timezone) if shift.touches(naive)), None)
    if shift is None:
        return None
    times = f"from {shift.old:%H:%M} to {shift.new:%H:%M}"
    if shift.new > shift.old:
        return f"{naive} does not exist in {timezone}: the clocks went forward {times}"
    return f"{naive} exists twice in {timezone}: the clocks went back {times}"


def clock_change_sql(naive: str, timezone: str) -> str:
    """SQL of whether the clocks take a time away or give it twice.

    Args:
        naive: SQL of a naive timestamp.
    """
    shifts = clock_shifts(timezone)
    if not shifts:
        return "false"
    days = ", ".join(f"DATE '{day}'" for day in sorted(changed_days(timezone)))
    touched = " OR ".join(
        f"({naive} >= TIMESTAMP '{min(shift.old, shift.new)}' "
        f"AND {naive} < TIMESTAMP '{max(shift.old, shift.new)}')"
        for shift in shifts
    )
    return f"CASE WHEN {naive}::DATE IN ({days}) THEN {touched} ELSE false END"


def define_local_moments(
    connection: duckdb.DuckDBPyConnection, timezone: str, rule: ClockChange
) -> None:
    """Make `LOCAL_MOMENT` and `ANY_MOMENT` of a connection.

    DuckDB's own reading is `later`, and on days without a change every rule gives the same.
    """
    zone, shifts = literal(timezone), clock_shifts(timezone)
    later = f"timezone({zone}, naive)"
    by_rule = later
    if rule != "later" and shifts:
        days = ", ".join(f"DATE '{day}'" for day in sorted(changed_days(timezone)))
        cases = " ".join(_cases(zone, later, rule, {shift.size for shift in shifts}))
        by_rule = f"CASE WHEN naive::DATE NOT IN ({days}) THEN {later} {cases} ELSE {later} END"
    any_moment = later if rule == "refuse" else by_rule
    connection.execute(f"CREATE TEMP MACRO {LOCAL_MOMENT}(naive) AS {by_rule}")
    connection.execute(f"CREATE TEMP MACRO {ANY_MOMENT}(naive) AS {any_moment}")


def _cases(zone: str, later: str, rule: ClockChange, sizes: set[timedelta]) -> Iterator[str]:
    missing = f"{later} - (timezone({zone}, {later}) - naive)"
    yield f"WHEN timezone({zone}, {later}) <> naive THEN {_by(rule, missing)}"
    for size in sorted(sizes):
        first = f"{later} - to_seconds({size // timedelta(seconds=1)})"
        yield f"WHEN timezone({zone}, {first}) = naive THEN {_by(rule, first)}"


def _by(rule: ClockChange, earlier: str) -> str:
    return earlier if rule == "earlier" else "NULL"
