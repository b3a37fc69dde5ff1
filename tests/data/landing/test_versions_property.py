"""Whatever is delivered, versions say of every moment what a reading of the deliveries says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, NamedTuple

import pyarrow as pa
import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from mlops_platform.data.engine import private_duckdb
from mlops_platform.data.landing.deliveries import day_folder, day_rows
from mlops_platform.data.landing.landed_table import LandedTable
from mlops_platform.data.landing.versions import versions_sql
from tests.data.landing.landed import NOON, landed, minutes

ALWAYS = datetime(1900, 1, 1, tzinfo=UTC)
DAYS = (date(2024, 3, 1), date(2024, 3, 2))
TICK = timedelta(microseconds=1)


class Fact(NamedTuple):
    """A row without its key; `said` is None where the table has no such column."""

    value: int
    said: datetime | None


class Sent(NamedTuple):
    """A delivery as its producer sends it."""

    day: date
    at: datetime
    facts: dict[str, Fact]
    cancelled: frozenset[str]


@dataclass
class Reading:
    """What is known of one day, by a reading of its deliveries one after the other.

    Args:
        events: by key, in order: from when on a value is known, or (None) that there is none.
        days: the day after each delivery, by its arrival.
    """

    adds: bool
    events: dict[str, list[tuple[datetime, Fact | None]]] = field(default_factory=dict)
    days: list[tuple[datetime, dict[str, Fact]]] = field(default_factory=list)

    def receive(self, sent: Sent) -> None:
        """One more delivery."""
        facts = {key: fact for key, fact in sent.facts.items() if key not in sent.cancelled}
        if not self.days:
            self.days.append((sent.at, facts))
            for key, fact in facts.items():
                self.events[key] = [(fact.said or ALWAYS, fact)]
            return
        last, before = self.days[-1]
        told = sent.cancelled & sent.facts.keys()
        kept = {key: fact for key, fact in before.items() if key not in told}
        after = kept | facts if self.adds else facts
        if after == before:
            return
        moment = max(sent.at, last + TICK)
        self.days.append((moment, after))
        for key in {*before, *after}:
            self._change(key, before.get(key), after.get(key), moment)

    def _change(self, key: str, old: Fact | None, new: Fact | None, moment: datetime) -> None:
        if new is None:
            self.events[key].append((moment, None))
        elif key not in self.events:
            self.events[key] = [(new.said or moment, new)]
        elif new != old:
            self.events[key].append((max(new.said or moment, moment), new))

    def known(self, moment: datetime) -> Iterator[tuple[str, Fact]]:
        """Of every key what was told last of all that was known then."""
        for key, events in self.events.items():
            known = [fact for known_at, fact in events if known_at <= moment]
            if known and known[-1] is not None:
                yield key, known[-1]

    def arrived(self, moment: datetime) -> dict[str, Fact]:
        """The day after what had arrived until then."""
        days = [facts for at, facts in self.days if at <= moment]
        return days[-1] if days else {}


class Case(NamedTuple):
    """A table, the column with its moments, what is sent, and moments at which somebody asks.

    From the delivery of a number on the column `value` is called `worth`, and is a DOUBLE.
    """

    table: LandedTable
    said_in: str | None
    sent: list[Sent]
    moments: list[datetime]
    moved_at: int

    def declared(self, number: int) -> LandedTable:
        """How the table is declared when a delivery comes."""
        if number < self.moved_at:
            return self.table
        moved = {"renamed": {"worth": "value"}, "types": {"worth": "DOUBLE"}}
        return self.table.model_copy(update=moved)

    @property
    def value(self) -> str:
        """The name of the column in the end."""
        return "worth" if self.moved_at < len(self.sent) else "value"


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A few deliveries of a few keys, which so come again within a day and across days."""
    meaning: Literal["replaces", "adds"] = draw(st.sampled_from(("replaces", "adds")))
    column = draw(st.sampled_from((None, "known_at", "seen_at")))
    table = LandedTable(
        table="visits",
        key=("id",),
        known_at=column if column == "seen_at" else draw(st.sampled_from((None, column))),
        delivery=meaning,
        retracted="cancelled" if meaning == "adds" else None,
    )
    ats = st.integers(0, 12).map(minutes)
    said = ats if column else st.none()
    fact = st.builds(Fact, st.integers(0, 2), said)
    keys = st.frozensets(st.sampled_from("ab"), max_size=2)
    sent = st.builds(
        Sent,
        st.sampled_from((*DAYS, DAYS[0], DAYS[0])),
        ats,
        st.dictionaries(st.sampled_from("ab"), fact, max_size=2),
        keys if table.retracted else st.just(frozenset()),
    )
    shifts = st.sampled_from((-TICK, timedelta(), TICK))
    asked = st.lists(st.tuples(ats, shifts), min_size=3)
    moments = [at + shift for at, shift in draw(asked)]
    moments.append(NOON + timedelta(days=1))
    moved_at = draw(st.integers(0, 12))
    return Case(table, column, draw(st.lists(sent, min_size=1, max_size=9)), moments, moved_at)


@pytest.mark.slow
@settings(max_examples=60)
@given(cases())
def test_versions_are_what_was_known_at_every_moment(case: Case) -> None:
    table = case.table
    readings = {sent.day: Reading(table.delivery == "adds") for sent in case.sent}
    with TemporaryDirectory() as folder:
        root = Path(folder)
        for number, sent in enumerate(case.sent):
            readings[sent.day].receive(sent)
            declared, rows = case.declared(number), _rows(case, number, sent)
            landed(root, declared, sent.day, rows, sent.at, retract=True)
        versions = _versions(root, case.value)
        note(str(versions))
        for moment in case.moments:
            known = sorted(
                (day, key, fact.value)
                for day, reading in readings.items()
                for key, fact in reading.known(moment)
            )
            assert known == _read_at(versions, moment), moment
            for day, reading in readings.items():
                rows = day_rows(table, day_folder(root, "visits", day), moment).to_pylist()
                arrived = {key: fact.value for key, fact in reading.arrived(moment).items()}
                # A day has the columns of the delivery that was its last one then.
                assert {row["id"]: row.get("worth", row.get("value")) for row in rows} == arrived
    _never_overlap(versions)


class Version(NamedTuple):
    """One row of the versions of a table."""

    day: date
    key: str
    value: float
    known_at: datetime
    superseded_at: datetime | None


def _rows(case: Case, number: int, sent: Sent) -> pa.Table:
    facts = sent.facts.values()
    # Some sources go on as before.
    name = "worth" if number > case.moved_at else "value"
    kind = pa.float64() if name == "worth" else pa.int64()
    rows = pa.table(
        {
            "id": pa.array(sent.facts, pa.string()),
            name: pa.array([fact.value for fact in facts], kind),
        }
    )
    if case.said_in is not None:
        moments = pa.array([fact.said for fact in facts], pa.timestamp("us", tz="UTC"))
        rows = rows.append_column(case.said_in, moments)
    if case.table.retracted is not None:
        cancelled = pa.array([key in sent.cancelled for key in sent.facts], pa.bool_())
        rows = rows.append_column(case.table.retracted, cancelled)
    return rows


def _versions(root: Path, value: str) -> list[Version]:
    columns = f"day, id, {value}, known_at, superseded_at"
    with private_duckdb() as connection:
        rows = connection.sql(f"SELECT {columns} FROM ({versions_sql(root / 'visits')})")
        return [Version(*row) for row in rows.fetchall()]


def _read_at(versions: Sequence[Version], moment: datetime) -> list[tuple[date, str, float]]:
    return sorted(
        (version.day, version.key, version.value)
        for version in versions
        if version.known_at <= moment
        and (version.superseded_at is None or moment < version.superseded_at)
    )


def _never_overlap(versions: Sequence[Version]) -> None:
    ordered = sorted(versions, key=lambda version: (version.day, version.key, version.known_at))
    for one, other in pairwise(ordered):
        if (one.day, one.key) == (other.day, other.key):
            assert one.superseded_at is not None
            assert one.known_at < one.superseded_at <= other.known_at
