"""A small world of flights whose facts move, and what is known of it by brute force.

All that is said here is said again in plain Python, from what was delivered, by the rules of ADR
0031: nothing of the platform is used to work out what should be known.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from mlops_platform.data.landing.deliveries import day_folder, delivery_folders
from mlops_platform.data.landing.erasing import planned_erasure
from mlops_platform.data.landing.landed_table import LandedTable
from mlops_platform.data.landing.landing import Arrival, land_day

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

START = date(2013, 1, 1)
NOON = datetime.combine(START, time(12), UTC)
ALWAYS = datetime(1900, 1, 1, tzinfo=UTC)
CARRIERS, ORIGINS, TAILS = ("UA", "DL"), ("EWR", "JFK"), ("N1", "N2", None)
RATES = {
    "carrier_late_rate_7d": (("carrier",), timedelta(days=7)),
    "route_late_rate_28d": (("origin", "destination"), timedelta(days=28)),
    "origin_late_rate_24h": (("origin",), timedelta(hours=24)),
    "origin_late_rate_3h": (("origin",), timedelta(hours=3)),
    "tail_number_late_rate_14d": (("tail_number",), timedelta(days=14)),
}
Row = dict[str, Any]
Day = dict[str, Row]
"""Rows of one table and day by flight."""

SCHEDULES = LandedTable(table="flight_schedules", key=("flight_id",), max_gone=1)
OUTCOMES = LandedTable(table="flight_outcomes", key=("flight_id",), known_at="known_at", max_gone=1)
REFERENCES = {
    "planes": (
        LandedTable(table="planes", key=("tail_number",)),
        {"tail_number": "string", "year_built": "int32", "type": "string", "seats": "int32"}
        | dict.fromkeys(("manufacturer", "model", "engine"), "string")
        | {"engines": "int32"},
    ),
    "airports": (
        LandedTable(table="airports", key=("airport",)),
        dict.fromkeys(("airport", "name", "timezone"), "string")
        | dict.fromkeys(("latitude", "longitude"), "float64")
        | {"altitude_feet": "int32"},
    ),
    "weather": (
        LandedTable(table="weather", key=("observed_at", "origin"), known_at="observed_at"),
        {"origin": "string", "observed_at": "timestamp"}
        | dict.fromkeys(
            (
                *("temperature_f", "dew_point_f", "humidity_percent", "wind_direction_degrees"),
                *("wind_speed_mph", "wind_gust_mph", "precipitation_inches"),
                *("pressure_millibars", "visibility_miles"),
            ),
            "float64",
        ),
    ),
}
TYPES = {
    "flight_schedules": {
        **dict.fromkeys(("flight_id", "carrier", "tail_number", "origin", "destination"), "string"),
        **dict.fromkeys(("flight_number", "distance_miles"), "int32"),
        **dict.fromkeys(("scheduled_departure_at", "scheduled_arrival_at"), "timestamp"),
    },
    "flight_outcomes": {
        **dict.fromkeys(("flight_id", "status"), "string"),
        **dict.fromkeys(("departed_at", "arrived_at", "known_at"), "timestamp"),
        **dict.fromkeys(
            ("departure_delay_minutes", "arrival_delay_minutes", "air_time_minutes"), "int32"
        ),
    },
}


class Version(NamedTuple):
    """A row of one day, and when it was what was known of it there."""

    row: Row
    day: date
    delivered_at: datetime
    known_at: datetime
    superseded_at: datetime | None

    def stands_at(self, moment: datetime) -> bool:
        """Whether it was known then, and not superseded."""
        return self.known_at <= moment and (
            self.superseded_at is None or moment < self.superseded_at
        )


@dataclass
class World:
    """What a source has delivered, delivery by delivery, into a lake."""

    landing: Path
    now: datetime = NOON
    delivered: dict[str, dict[date, list[tuple[datetime, Day]]]] = field(
        default_factory=lambda: {"flight_schedules": {}, "flight_outcomes": {}}
    )

    def land_references(self) -> None:
        """Empty registers: what is known of planes and weather does not move here."""
        for table, types in REFERENCES.values():
            arrival = Arrival.begun(self.landing, table.table, [START], self.now)
            land_day(self.landing, table, START, _table([], types), arrival)

    def deliver(self, table: LandedTable, day: date, rows: Day) -> bool:
        """Deliver a day as it is to be from now on; whether that says anything new."""
        return self._arrives(table, day, rows, rows)

    def add(self, table: LandedTable, day: date, rows: Day) -> bool:
        """Deliver rows that are put in place of those of their flights, or beside them."""
        adds = table.model_copy(update={"delivery": "adds"})
        return self._arrives(adds, day, rows, {**self.present(table, day), **rows})

    def erase(self, table: LandedTable, flight: str) -> None:
        """Take a flight out of everything that was delivered, as if it had never come."""
        with planned_erasure(self.landing, table.table, f"flight_id = '{flight}'") as erasure:
            erasure.commit({}, "somebody asked for it", "me", self.now)
        for history in self.delivered[table.table].values():
            for _, rows in history:
                rows.pop(flight, None)

    def forget(self, table: LandedTable, day: date) -> None:
        """Somebody removes the last delivery of a day that has more than one."""
        history = self.delivered[table.table].get(day, [])
        if len(history) > 1:
            shutil.rmtree(delivery_folders(day_folder(self.landing, table.table, day))[-1])
            history.pop()

    def _arrives(self, table: LandedTable, day: date, rows: Day, afterwards: Day) -> bool:
        arrival = Arrival.begun(self.landing, table.table, [day], self.now)
        content = _table(list(rows.values()), TYPES[table.table])
        landed = land_day(self.landing, table, day, content, arrival)
        if landed.changed:
            history = self.delivered[table.table].setdefault(day, [])
            copied = {key: dict(row) for key, row in afterwards.items()}
            history.append((landed.delivered_at, copied))
        return landed.changed

    def present(self, table: LandedTable, day: date) -> Day:
        """The rows of a day as they were delivered last."""
        history = self.delivered[table.table].get(day, [])
        return {key: dict(row) for key, row in history[-1][1].items()} if history else {}

    def versions(self, table: LandedTable) -> list[Version]:
        """Every version of every row."""
        days = self.delivered[table.table]
        return [
            version for day, history in days.items() for version in _versions(table, day, history)
        ]


def _versions(
    table: LandedTable, day: date, history: list[tuple[datetime, Day]]
) -> Iterator[Version]:
    for key in {key for _, rows in history for key in rows}:
        events: list[tuple[datetime, datetime, Row | None]] = []
        before: Row | None = None
        for number, (arrived, rows) in enumerate(history):
            row = rows.get(key)
            if row != before:
                events.append((_known_at(table, row, arrived, number == 0, events), arrived, row))
            before = row
        for number, (known, arrived, row) in enumerate(events):
            ends = [later for later, *_ in events[number + 1 :]]
            end = min(ends) if ends else None
            if row is not None and (end is None or known < end):
                yield Version(row, day, arrived, known, end)


def _known_at(
    table: LandedTable,
    row: Row | None,
    arrived: datetime,
    is_first: bool,
    events: list[tuple[datetime, datetime, Row | None]],
) -> datetime:
    if row is None:
        return arrived
    said = row[table.known_at] if table.known_at else ALWAYS if is_first else arrived
    return max(said, arrived) if events else said


def newest(versions: list[Version], moment: datetime) -> dict[str, Version]:
    """What is known of each flight at a moment, on whatever day it was delivered."""
    known: dict[str, Version] = {}
    for version in versions:
        flight, other = version.row["flight_id"], known.get(version.row["flight_id"])
        if version.stands_at(moment) and (other is None or _rank(other) < _rank(version)):
            known[flight] = version
    return known


def _rank(version: Version) -> tuple[datetime, datetime, date]:
    return version.known_at, version.delivered_at, version.day


def labels_at(world: World, moment: datetime) -> dict[str, tuple[date, str, int | None]]:
    """Local date, status and delay of every flight whose outcome is known at a moment."""
    outcomes = newest(world.versions(OUTCOMES), moment)
    schedules = newest(world.versions(SCHEDULES), moment)
    return {
        flight: (
            schedules[flight].day,
            outcome.row["status"],
            outcome.row["arrival_delay_minutes"],
        )
        for flight, outcome in outcomes.items()
        if flight in schedules
    }


def features_of(world: World) -> dict[tuple[str, date], Row]:
    """Event time, carrier, rates and `superseded_at` of every flight that stood at its time."""
    schedules, outcomes = world.versions(SCHEDULES), world.versions(OUTCOMES)
    by_row: dict[tuple[str, date], list[Version]] = {}
    for version in schedules:
        by_row.setdefault((version.row["flight_id"], version.day), []).append(version)
    found = {}
    for key, versions in by_row.items():
        version = _known_at_its_event(versions)
        if version is not None:
            stands = any(other.superseded_at is None for other in versions)
            ends = [other.superseded_at for other in versions if other.superseded_at]
            found[key] = {
                "event_time": _event_time(version.row),
                "carrier": version.row["carrier"],
                "superseded_at": None if stands else max(ends),
                **_rates(version.row, schedules, outcomes),
            }
    return found


def _event_time(row: Row) -> datetime:
    departure: datetime = row["scheduled_departure_at"]
    return departure - timedelta(hours=2)


def _known_at_its_event(versions: list[Version]) -> Version | None:
    then = [version for version in versions if version.stands_at(_event_time(version.row))]
    later = [version for version in versions if version.known_at > _event_time(version.row)]
    if then:
        return max(then, key=lambda version: version.known_at)
    return min(later, key=lambda version: version.known_at) if later else None


def _rates(flight: Row, schedules: list[Version], outcomes: list[Version]) -> dict[str, Any]:
    moment = _event_time(flight)
    known_outcomes, known_schedules = newest(outcomes, moment), newest(schedules, moment)
    first_known = first_moments(outcomes)
    rates: dict[str, Any] = {}
    for name, (keys, window) in RATES.items():
        delays = [
            outcome.row["arrival_delay_minutes"]
            for other, outcome in known_outcomes.items()
            if outcome.row["status"] == "arrived"
            and other in known_schedules
            and first_known[other] > moment - window
            and all(
                flight[key] is not None and known_schedules[other].row[key] == flight[key]
                for key in keys
            )
        ]
        rates[name] = sum(delay > 15 for delay in delays) / len(delays) if delays else None
    return rates


def first_moments(versions: list[Version]) -> Mapping[str, datetime]:
    """When anything first became known of each flight."""
    first: dict[str, datetime] = {}
    for version in versions:
        flight = version.row["flight_id"]
        first[flight] = min(first.get(flight, version.known_at), version.known_at)
    return first


def _table(rows: list[Row], types: Mapping[str, str]) -> pa.Table:
    import pyarrow as pa

    kinds = {
        "string": pa.string(),
        "int32": pa.int32(),
        "float64": pa.float64(),
        "timestamp": pa.timestamp("us", "UTC"),
    }
    schema = pa.schema([(name, kinds[kind]) for name, kind in types.items()])
    return pa.Table.from_pylist(rows, schema=schema)
