"""What builds have covered, and which days must be built again, as kept beside what is published.

What has landed is noted before a build, and what it covered after it has published: whatever a
crash leaves behind, days may be built once too often, and never once too seldom. What a build that
was not published has left in the warehouse is published by the next one: so that builds its days,
too, and their tests are asked again.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Final, Self

from pydantic import Field, ValidationError

from mlops_platform.data.features.kept_projects import BuiltWith
from mlops_platform.data.features.published import published_days
from mlops_platform.data.features.seen import (
    Happened,
    News,
    SeenDay,
    first_deliveries,
    look,
    news,
)
from mlops_platform.data.features.touched import Touched, touched_days
from mlops_platform.errors import DataError
from mlops_platform.files import FileState, write_text
from mlops_platform.record import Record, left_out_where_empty

STATE_FILE: Final = "_builds.json"
FIRST_STORE: Final = "dbt_features"
"""The store whose state has no name in its file: there was no other."""
Bounds = tuple[date, date]
"""First and last day of a build."""
ALL_DAYS: Final[Bounds] = (date.min, date.max)


class StaleDays(Record):
    """Days that one delivery made stale, and that were not built since.

    Args:
        happened: it arrived, its files were altered, or it is gone.
        added, changed, gone: rows of the delivery; unknown, and 0, where it did not arrive.
        noticed_at: by the machine's clock.
    """

    table: str
    day: date
    delivery: str
    happened: Happened
    added: int = 0
    changed: int = 0
    gone: int = 0
    noticed_at: datetime
    days: tuple[date, ...]

    @property
    def is_of(self) -> News:
        """What made them stale."""
        return News(self.table, self.day, self.delivery, self.happened)


class Project(Record):
    """What is to be known of the dbt project.

    Args:
        sources: landed tables that it reads.
        tables: those that it publishes.
        reach_days: so many later days a fact can influence; every later day where None.
        lasting: sources whose facts count until those of a later day take their place, and reach
            every later day.
        behind: by published table the landed ones that it is made from; all of them where it does
            not say.
    """

    sources: tuple[str, ...]
    tables: tuple[str, ...]
    reach_days: int | None
    lasting: tuple[str, ...] = ()
    behind: Mapping[str, tuple[str, ...]] = Field(default={}, exclude_if=left_out_where_empty)

    def daily_sources(self, table: str) -> list[str]:
        """Landed tables behind a published one that deliver every day, be it nothing."""
        sources = self.behind.get(table, self.sources)
        return [source for source in sources if source not in self.lasting]

    def reach_of(self, source: str) -> int | None:
        """So many later days a fact of a source can influence; every later day where None."""
        return None if source in self.lasting else self.reach_days


class BuildState(Record):
    """What builds of one project have seen and covered.

    Args:
        seen: landed days by table.
        built: landed days that a build has covered.
        stale: what is to be built again, and why.
        unfinished: first and last day of the builds since the last one that was published.
        built_with: what all built days were built with; None where it was not the same.
    """

    project: Project
    seen: Mapping[str, Mapping[date, SeenDay]]
    built: tuple[date, ...] = ()
    stale: tuple[StaleDays, ...] = ()
    unfinished: Bounds | None = None
    built_with: BuiltWith | None = Field(default=None, exclude_if=left_out_where_empty)

    @property
    def stale_days(self) -> list[date]:
        """All days that are to be built again, in order."""
        return sorted({day for stale in self.stale for day in stale.days})

    def complete_days(self, table: str) -> frozenset[date]:
        """Days of which a published table was built of all that it is made from.

        One without rows is empty. A lasting source needs no delivery on every day.
        """
        built = frozenset(self.built).difference(self.stale_days)
        sources = self.project.daily_sources(table)
        return built.intersection(*(self.seen.get(source, {}) for source in sources))

    def unlanded(self, table: str, days: Iterable[date]) -> dict[date, list[str]]:
        """Daily sources of a published table that lack some of these days, by day."""
        sources = self.project.daily_sources(table)
        lacking = {
            day: [source for source in sources if day not in self.seen.get(source, {})]
            for day in days
        }
        return {day: sources for day, sources in lacking.items() if sources}

    def is_late(self, happened: News) -> bool:
        """Whether it concerns what was built: the build of a later day will see it by itself."""
        return bool(self.built) and happened.day <= self.built[-1]

    def with_news(
        self,
        seen: Mapping[str, Mapping[date, SeenDay]],
        touched: Mapping[News, Touched],
        now: datetime,
    ) -> Self:
        """The same once something has been seen."""
        noticed = [
            StaleDays(
                **happened._asdict(),
                added=of_it.added,
                changed=of_it.changed,
                gone=of_it.gone,
                noticed_at=now,
                days=tuple(days),
            )
            for happened, of_it in touched.items()
            if (days := self._stale_by(happened, of_it))
        ]
        return self.model_copy(update={"seen": seen, "stale": (*self.stale, *noticed)})

    def _stale_by(self, happened: News, touched: Touched) -> list[date]:
        # Of what is gone or altered nobody knows the keys, nor on which later days they are.
        is_known = happened.happened == "arrived"
        reach_days = self.project.reach_of(happened.table) if is_known else None
        stale = stale_days(touched.days, self.built, reach_days)
        if is_known:
            # A gap that is filled belatedly was never built.
            stale.add(happened.day)
        return sorted(stale)

    def begun(self, bounds: Bounds) -> Self:
        """The same once a build begins; what the ones before it did not finish is part of it."""
        first, last = self.unfinished or bounds
        unfinished = (min(first, bounds[0]), max(last, bounds[1]))
        return self.model_copy(update={"unfinished": unfinished})

    @property
    def outstanding_days(self) -> list[date]:
        """Landed days that were not built, and those to be built again, in order.

        Facts that last are built with those of other days, and have none of their own.
        """
        lasting = self.project.lasting
        landed = {day for table, days in self.seen.items() if table not in lasting for day in days}
        return sorted(landed.difference(self.built).union(self.stale_days))

    def covered(self, landed: Iterable[date], built_with: BuiltWith | None) -> Self:
        """The same once what was begun is published.

        Args:
            landed: all days that have landed by now: who lands while a build runs may be read by
                a part of it only, so that what it brings is late.
            built_with: what the build ran with.
        """
        assert self.unfinished is not None, "a build begins before it ends"
        first, last = self.unfinished
        alike = not self.built or self.unfinished == ALL_DAYS or _alike(built_with, self.built_with)
        built = {day for day in landed if first <= day <= last}
        stale = (
            noticed.model_copy(
                update={"days": tuple(day for day in noticed.days if not first <= day <= last)}
            )
            for noticed in self.stale
        )
        return self.model_copy(
            update={
                "built": tuple(sorted({*self.built, *built})),
                "stale": tuple(noticed for noticed in stale if noticed.days),
                "unfinished": None,
                "built_with": built_with if alike else None,
            }
        )


def stale_days(
    touched: Iterable[date], built: Collection[date], reach_days: int | None
) -> set[date]:
    """Built days that a touched one influences: itself, and those in its reach after it."""
    ordered = sorted(touched)
    stale = set()
    for day in built:
        before = bisect_right(ordered, day)
        if before and (reach_days is None or (day - ordered[before - 1]).days <= reach_days):
            stale.add(day)
    return stale


@dataclass(frozen=True)
class Builds:
    """The state of the builds of one feature store: what is built together.

    Who writes it holds the build lock.

    Args:
        store: its name, that of the op which builds it.
    """

    landing: Path
    published: Path
    store: str = FIRST_STORE

    @property
    def file(self) -> Path:
        """Where it is kept."""
        kept = Path(STATE_FILE)
        name = kept if self.store == FIRST_STORE else f"{kept.stem}.{self.store}{kept.suffix}"
        return self.published / name

    def read(self) -> BuildState | None:
        """What is kept; None before the first build.

        Raises:
            DataError: the file was damaged.
        """
        try:
            return _read_state(FileState.of(self.file))
        except FileNotFoundError:
            return None
        except ValidationError as error:
            raise DataError(
                f"{self.file} is damaged. Restore it from a backup; or remove it and build all "
                "days again, because nobody knows what was built: `dg launch --job "
                f"{build_job(self.store)}`."
            ) from error

    def noticed(self, now: datetime) -> BuildState | None:
        """What is kept and what has happened since; writes nothing. None before the first build."""
        state = self.read()
        return None if state is None else self._noticed(state, now)

    def news(self) -> list[News]:
        """What has happened since the last build; writes nothing."""
        state = self.read()
        if state is None:
            return []
        return news(state.seen, look(self.landing, state.project.sources, state.seen))

    def notice(self, now: datetime) -> BuildState | None:
        """Keep what has happened since the last build, and return all that is known."""
        state = self.noticed(now)
        if state is not None:
            self._write(state)
        return state

    def begin(
        self, project: Project, now: datetime, days: Mapping[str, str], *, anew: bool = False
    ) -> dict[str, str]:
        """A build of a project begins: keep what it will see; the days that it has to build.

        Args:
            days: `start_day` and `end_day` that are asked for; no such bound where one lacks.
            anew: the warehouse has nothing that a build of some days could be added to.
        """
        state = self.read() or self._of_home_of_before(project)
        state = self._noticed(self._of_project(state, project), now)
        state = state.begun(_bounds({} if anew else days))
        self._take_over(project.tables)
        self._write(state)
        assert state.unfinished is not None
        return _named(state.unfinished)

    def outstanding(self, now: datetime, built_with: BuiltWith) -> dict[str, str]:
        """The days with which all that has landed is built: no bounds where that is all of them.

        What was built with the same before need not be built again. Where nothing is to be built it
        is the last day, so that a build says something.

        Args:
            built_with: what a build would run with now.
        """
        state = self.noticed(now)
        if state is None or not state.built or not built_with.is_like(state.built_with):
            return {}
        days = state.outstanding_days or [state.built[-1]]
        return _named((days[0], days[-1]))

    def end(self, built_with: BuiltWith | None = None) -> None:
        """All tables were built, for the days of `begin`, and published.

        Args:
            built_with: what the build ran with; None where nobody says.
        """
        state = self.read()
        assert state is not None, "a build begins before it ends"
        now = look(self.landing, state.project.sources, state.seen)
        landed = (day for days in now.values() for day in days)
        self._write(state.covered(landed, built_with))

    def _take_over(self, tables: Collection[str]) -> None:
        """What this store publishes now is no other one's: that of a domain that is gone."""
        for builds in kept_builds(self.landing, self.published):
            state = builds.read()
            if builds.store == self.store or state is None:
                continue
            others = tuple(table for table in state.project.tables if table not in tables)
            if others != state.project.tables:
                project = state.project.model_copy(update={"tables": others})
                _write(builds.file, state.model_copy(update={"project": project}))

    def _noticed(self, state: BuildState, now: datetime) -> BuildState:
        seen = look(self.landing, state.project.sources, state.seen)
        late = [happened for happened in news(state.seen, seen) if state.is_late(happened)]
        return state.with_news(seen, touched_days(self.landing, late), now)

    def _of_home_of_before(self, project: Project) -> BuildState:
        """What nobody has kept: what is published was built, of the first deliveries of its days.

        Later ones came after it, with the version of the platform that keeps them.
        """
        built = {day for table in project.tables for day in published_days(self.published, table)}
        seen = first_deliveries(look(self.landing, project.sources, {}))
        return BuildState(project=project, seen=seen, built=tuple(sorted(built)))

    def _of_project(self, state: BuildState, project: Project) -> BuildState:
        """The same of a project that may have changed: a source that is new to it is no news."""
        new = look(self.landing, set(project.sources) - set(state.project.sources), {})
        kept = {table: days for table, days in state.seen.items() if table in project.sources}
        return state.model_copy(update={"project": project, "seen": {**kept, **new}})

    def _write(self, state: BuildState) -> None:
        _write(self.file, state)


@lru_cache(maxsize=8)
def _read_state(file: FileState) -> BuildState:
    return BuildState.from_stored(Path(file.path).read_bytes())


def _write(file: Path, state: BuildState) -> None:
    write_text(file, state.to_stored(indent=None))


def _alike(built_with: BuiltWith | None, before: BuiltWith | None) -> bool:
    return before is None if built_with is None else built_with.is_like(before)


def build_job(store: str) -> str:
    """Name of the job that builds a store."""
    return "build_features" + store.removeprefix(FIRST_STORE)


def kept_builds(landing: Path, published: Path) -> list[Builds]:
    """Of every store that was built, what is kept of its builds."""
    stem = Path(STATE_FILE).stem
    names = (path.stem.removeprefix(stem).lstrip(".") for path in published.glob(f"{stem}*.json"))
    return [Builds(landing, published, name or FIRST_STORE) for name in sorted(names)]


def readable_states(landing: Path, published: Path) -> tuple[list[BuildState], list[Builds]]:
    """What is kept of all builds, and those of which it cannot be read."""
    states, unread = list[BuildState](), list[Builds]()
    for builds in kept_builds(landing, published):
        try:
            state = builds.read()
        except DataError:
            unread.append(builds)
            continue
        states += [] if state is None else [state]
    return states, unread


def builds_of(landing: Path, published: Path, table: str) -> Builds | None:
    """The builds that have made a published table; None where none has."""
    for builds in kept_builds(landing, published):
        state = builds.read()
        if state is not None and table in state.project.tables:
            return builds
    return None


def complete_days_of(landing: Path, published: Path, table: str) -> frozenset[date]:
    """Days of which a published table was built of all that it is made from."""
    builds = builds_of(landing, published, table)
    state = None if builds is None else builds.read()
    return frozenset() if state is None else state.complete_days(table)


def _bounds(days: Mapping[str, str]) -> Bounds:
    first, last = days.get("start_day"), days.get("end_day")
    return (
        date.fromisoformat(first) if first else date.min,
        date.fromisoformat(last) if last else date.max,
    )


def _named(bounds: Bounds) -> dict[str, str]:
    """The other way round."""
    first, last = bounds
    return {
        **({} if first == date.min else {"start_day": first.isoformat()}),
        **({} if last == date.max else {"end_day": last.isoformat()}),
    }
