"""Which facts are perturbed, and how: by the declarations of their tables and a seed alone."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from itertools import cycle
from operator import itemgetter
from random import Random
from typing import Final, NamedTuple

from mlops_platform.data.landing.landed_table import LandedTable
from mlops_platform.data.scratch.perturbing import FactAt, Kind, Perturbation

FROM_THE_START: Final[tuple[Kind, ...]] = ("changed", "changed", "removed", "added")
BY_DELIVERY: Final[tuple[Kind, ...]] = ("changed", "removed", "changed", "added")
"""What becomes of facts, in turn."""
NEAR_DAYS: Final = 1
DAYS_APART: Final = 4
"""Days that a round touches far from its cutoff: each is landed again."""
EVENTS_PER_TABLE: Final = 4
MOST_MOVED: Final = 300
LATER: Final = timedelta(days=1)
SECOND, MICROSECOND = timedelta(seconds=1), timedelta(microseconds=1)


@dataclass(frozen=True)
class TableFacts:
    """The facts of one table of a sample, without their values.

    Args:
        moments: by day, of every fact when its source says that it was known, None where it does
            not; None of a table whose source never says.
        counts: facts by day.
        once: days that were delivered once.
        entities: by day, of every fact the entity that it names; empty where none does.
        rest_of_key: the same for the key without the moment, where the moment is a part of it.
    """

    landed: LandedTable
    lasting: bool
    counts: Mapping[date, int]
    once: frozenset[date]
    moments: Mapping[date, Sequence[datetime | None]] | None
    entities: Mapping[date, Sequence[str]]
    rest_of_key: Mapping[date, Sequence[str]]

    @property
    def name(self) -> str:
        """Of the table."""
        return self.landed.table

    @property
    def step(self) -> timedelta:
        """The finest difference between moments that the source makes."""
        fine = any(
            moment is not None and moment.microsecond
            for moments in (self.moments or {}).values()
            for moment in moments
        )
        return MICROSECOND if fine else SECOND

    def every(self, days: Iterable[date]) -> list[FactAt]:
        """The facts of some days."""
        return [
            FactAt(self.name, day, position)
            for day in days
            for position in range(self.counts.get(day, 0))
        ]

    @cached_property
    def known(self) -> list[tuple[datetime, FactAt]]:
        """Facts of which the source says when they were known, in this order."""
        return sorted(
            (moment, FactAt(self.name, day, position))
            for day, moments in (self.moments or {}).items()
            for position, moment in enumerate(moments)
            if moment is not None
        )

    def known_by(self, moment: datetime) -> tuple[list[FactAt], list[FactAt]]:
        """Facts that were known at a moment, and those that were not yet."""
        facts = [fact for _, fact in self.known]
        split = bisect_right(self.known, moment, key=itemgetter(0))
        return facts[:split], facts[split:]


class CutoffEvent(NamedTuple):
    """An event time across which facts of one table are moved.

    Args:
        number: of the events of this table.
    """

    moment: datetime
    table: str
    number: int


class Move(NamedTuple):
    """A fact that becomes known at an event time, or a little before or after it."""

    event: CutoffEvent
    fact: FactAt
    by_delivery: bool

    def perturbation(self, offset: timedelta) -> Perturbation:
        """The fact as it is known so much later than the event."""
        moment = self.event.moment + offset
        return Perturbation(
            self.fact,
            "changed",
            arrives=moment if self.by_delivery else None,
            known_at=None if self.by_delivery else moment,
            texts=bool(self.event.number % 2),
        )


def future_cutoff(event_times: Sequence[tuple[datetime, int]], random: Random) -> datetime:
    """An event time in the middle of what there is."""
    middle = event_times[len(event_times) * 3 // 10 : max(len(event_times) * 8 // 10, 1)]
    return random.choice(middle or event_times)[0]


def future_perturbations(
    tables: Sequence[TableFacts], cutoff: datetime, random: Random, most: int
) -> list[Perturbation]:
    """Facts that became known after a moment: added, changed and removed.

    Args:
        most: of each table.
    """
    return [
        replace(perturbation, number=number)
        for table in tables
        for number, perturbation in enumerate(_after(table, cutoff, random, most), 1)
    ]


def _after(
    table: TableFacts, cutoff: datetime, random: Random, most: int
) -> Iterator[Perturbation]:
    if table.moments is None:
        yield from _delivered_after(_near(table, cutoff, random, most), table, cutoff)
        return
    before, after = table.known_by(cutoff)
    after = [fact for fact in after if fact.day in table.once]
    # The first ones are those that a join by another moment would let in.
    rest = _of_some_days(after[most // 2 :], random)
    chosen = [*after[: most // 2], *_some(rest, random, most // 2)]
    for number, fact in enumerate(chosen):
        yield _from_the_start(number, fact, before, random)
    corrected = _some(_of_some_days(before, random), random, most // 2)
    yield from _delivered_after(corrected, table, cutoff)


def _from_the_start(
    number: int, fact: FactAt, before: Sequence[FactAt], random: Random
) -> Perturbation:
    if number % 5 == 4 and before:
        return Perturbation(random.choice(before), "repeated", beside=fact)
    return Perturbation(fact, FROM_THE_START[number % 4], texts=number % 4 == 1)


def _delivered_after(
    facts: Iterable[FactAt], table: TableFacts, cutoff: datetime
) -> Iterator[Perturbation]:
    arrivals = cycle((cutoff + table.step, cutoff + LATER))
    for number, (fact, arrives) in enumerate(zip(facts, arrivals, strict=False)):
        # Which of them arrive at once and which later does not go with what happens to them.
        turn = number // 2 % 4
        kind = BY_DELIVERY[turn]
        if kind == "added" and table.moments is not None:
            # It would count from when its source says, which is before the cutoff.
            kind = "changed"
        yield Perturbation(fact, kind, arrives=arrives, texts=turn == 0)


def _near(table: TableFacts, moment: datetime, random: Random, most: int) -> list[FactAt]:
    """Facts of the days around a moment, or of the last ones before it, and some of the others."""
    days = _days_near(table, moment)
    others = [day for day in table.counts if day not in days]
    near = _some(table.every(days), random, most // 2)
    far = _of_some_days(table.every(others), random)
    return [*near, *_some(far, random, most - len(near))]


def _days_near(table: TableFacts, moment: datetime) -> list[date]:
    on = moment.astimezone(UTC).date()
    near = [day for day in table.counts if abs((day - on).days) <= NEAR_DAYS]
    return near or sorted(day for day in table.counts if day <= on)[-1:]


def _of_some_days(facts: Sequence[FactAt], random: Random) -> list[FactAt]:
    days = sorted({fact.day for fact in facts})
    chosen = set(random.sample(days, min(DAYS_APART, len(days))))
    return [fact for fact in facts if fact.day in chosen]


def _some(facts: Sequence[FactAt], random: Random, most: int) -> list[FactAt]:
    return sorted(random.sample(facts, min(most, len(facts))))


def cutoff_events(
    event_times: Sequence[tuple[datetime, int]], tables: Sequence[str], random: Random
) -> list[CutoffEvent]:
    """For each table some event times, each on a day of its own as long as there are days.

    Of a day that moment is taken at which most happens.
    """
    later = event_times[len(event_times) // 3 :]
    busiest: dict[date, tuple[int, datetime]] = {}
    for moment, rows in later:
        busiest[moment.date()] = max(busiest.get(moment.date(), (0, moment)), (rows, moment))
    moments = [moment for _, moment in busiest.values()]
    random.shuffle(moments)
    wanted = [(number, table) for number in range(EVENTS_PER_TABLE) for table in tables]
    events = [
        CutoffEvent(moment, table, number)
        for moment, (number, table) in zip(moments, wanted, strict=False)
    ]
    return sorted(events)


def moves(
    events: Sequence[CutoffEvent],
    tables: Sequence[TableFacts],
    entities: Mapping[datetime, frozenset[str]],
    random: Random,
) -> list[Move]:
    """The facts that are moved across each event time: of each no fact twice.

    Args:
        entities: those that have an event at each moment.
    """
    by_name = {table.name: table for table in tables}
    moved: set[FactAt] = set()
    chosen: list[Move] = []
    for event in events:
        table, about = by_name[event.table], entities.get(event.moment, frozenset())
        if table.moments is None:
            facts, by_delivery = _of_entities(table, event.moment, about, random), True
        else:
            facts, by_delivery = _last_known(table, event.moment, about, moved), False
        moved.update(facts)
        chosen += (Move(event, fact, by_delivery) for fact in facts)
    return chosen


def _of_entities(
    table: TableFacts, moment: datetime, entities: frozenset[str], random: Random
) -> list[FactAt]:
    """Facts of the entities themselves where they name them, else all of the days around."""
    facts = [fact for fact in table.every(_days_near(table, moment)) if fact.day in table.once]
    if table.entities:
        return [fact for fact in facts if table.entities[fact.day][fact.position] in entities]
    return _some(facts, random, 20 * MOST_MOVED)


def _last_known(
    table: TableFacts, moment: datetime, entities: frozenset[str], moved: set[FactAt]
) -> list[FactAt]:
    """The facts that became known last before a moment, and the last ones of its entities."""
    before, _ = table.known_by(moment)
    known = [fact for fact in before if fact.day in table.once and fact not in moved]
    of_entities = [
        fact
        for fact in known
        if table.entities and table.entities[fact.day][fact.position] in entities
    ]
    last = dict.fromkeys([*reversed(known[-MOST_MOVED:]), *reversed(of_entities[-MOST_MOVED:])])
    if not table.rest_of_key:
        return list(last)
    # Two of them, known at one moment, would become one, or of two days nobody says which counts.
    newest: dict[str, FactAt] = {}
    for fact in last:
        newest.setdefault(table.rest_of_key[fact.day][fact.position], fact)
    return list(newest.values())


def rebuilt_ranges(days: Sequence[date], rounds: int, random: Random) -> list[tuple[date, date]]:
    """Days to build again: single ones and stretches, in any order."""
    ranges = []
    for number in range(rounds):
        first = random.randrange(len(days) // 2, len(days)) if number % 2 == 0 else None
        if first is not None:
            ranges.append((days[first], days[first]))
            continue
        start = random.randrange(len(days) - 1)
        ranges.append((days[start], days[min(start + random.randint(1, 6), len(days) - 1)]))
    return ranges


def reach_perturbations(
    table: TableFacts, day: date, random: Random, most: int
) -> list[Perturbation]:
    """Facts of one day that are others than they were; none of what lasts anyway."""
    if table.lasting or day not in table.once:
        return []
    return [
        Perturbation(fact, "removed" if number % 3 == 2 else "changed", texts=number % 3 == 1)
        for number, fact in enumerate(_some(table.every([day]), random, most))
    ]
