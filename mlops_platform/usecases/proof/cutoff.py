"""The cutoff is exact: a fact counts from the moment of the event on, and not a second later."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from mlops_platform.data.landing.landed_table import KNOWN_AT, SUPERSEDED_AT
from mlops_platform.data.scratch.built_rows import Built
from mlops_platform.usecases.proof.declared import DeclaredTables, Origin
from mlops_platform.usecases.proof.doubts import CutoffWorlds, Doubts
from mlops_platform.usecases.proof.moved_worlds import Changed, MovedWorlds
from mlops_platform.usecases.proof.plan import SECOND, TableFacts, cutoff_events, moves
from mlops_platform.usecases.proof.records import Finding, Outcome, Verdict
from mlops_platform.usecases.proof.worlds import Worlds


@dataclass(frozen=True)
class CutoffProof:
    """Facts that are moved across event times, by the finest step that their sources know.

    Args:
        origins: what each feature is made from.
    """

    worlds: Worlds
    declared: DeclaredTables
    facts: Sequence[TableFacts]
    origins: Mapping[str, Collection[Origin]]

    def verdicts(self, random: Random) -> Iterator[Verdict]:
        """For each landed table."""
        moved = self._moved(random)
        expected = self._features_of(point_in_time=True)
        with moved.world(moved.step * 0) as at, moved.world(moved.step) as after:
            changed = _by_table(moved.changed(at, after))
            doubtful = {
                table: columns - changed[table]
                for table, columns in expected.items()
                if columns - changed[table]
            }
            worlds = CutoffWorlds(at, after)
            findings = Doubts(moved, doubtful).findings(worlds) if doubtful else {}
        undeclared = self._features_of(point_in_time=False)
        for table in sorted(self.worlds.sample.tables):
            of_table = findings.get(table, [])
            failed = {finding.column for finding in of_table}
            yield from _failed(table, of_table)
            yield from _proved(table, changed[table] & self._made_from(table), moved)
            for columns, why in (
                (doubtful.get(table, set()) - failed, "no fact that was moved changes"),
                (
                    undeclared.get(table, set()) - changed[table] - doubtful.get(table, set()),
                    "no macro with `point_in_time: true` is on the way to",
                ),
            ):
                yield from _verdict(table, "not proved", columns, why)

    def _moved(self, random: Random) -> MovedWorlds:
        built = Built(self.worlds.base, self.declared.features)
        names = [table.name for table in self.facts]
        events = cutoff_events(built.event_times(), names, random)
        entities = built.entities_at([event.moment for event in events]) if events else {}
        return MovedWorlds(
            worlds=self.worlds,
            table=self.declared.features,
            kept=self.declared.columns_of_events(self.origins),
            moves=moves(events, self.facts, entities, random),
            step=max((table.step for table in self.facts), default=SECOND),
        )

    def _features_of(self, *, point_in_time: bool) -> dict[str, set[str]]:
        """Features by table that are made from it, those that declare how or the others.

        What says which event a row is of is known with the event.
        """
        events = self.declared.columns_of_events(self.origins)
        features: defaultdict[str, set[str]] = defaultdict(set)
        for column in self.origins.keys() - self._no_features:
            for origin in self.origins[column]:
                if origin.point_in_time == point_in_time and origin.column not in events.get(
                    origin.table, ()
                ):
                    features[origin.table].add(column)
        return features

    def _made_from(self, table: str) -> set[str]:
        """Features that are made from a table; all where nobody can tell."""
        if not self.origins:
            built = Built(self.worlds.base, self.declared.features)
            return {*built.columns()} - self._no_features
        return {
            column
            for column, origins in self.origins.items()
            if table in {origin.table for origin in origins}
        }

    @property
    def _no_features(self) -> set[str]:
        """Nor what is known ahead, which no fact may change: the proof of the future sees to it."""
        features, known = self.declared.features, self.declared.spec.task.known_ahead
        return {*features.key, str(features.event_time), SUPERSEDED_AT, KNOWN_AT, *known}


def _by_table(changed: Changed) -> defaultdict[str, set[str]]:
    tables: defaultdict[str, set[str]] = defaultdict(set)
    for event, columns in changed.items():
        tables[event.table] |= set(columns)
    return tables


def _proved(table: str, columns: Collection[str], moved: MovedWorlds) -> Iterator[Verdict]:
    events = len({move.event for move in moved.moves if move.event.table == table})
    step = "a second" if moved.step == SECOND else "a microsecond"
    yield from _verdict(
        table, "proved", columns, f"{step} across the cutoff of {events} events changes"
    )


def _failed(table: str, findings: Sequence[Finding]) -> Iterator[Verdict]:
    if findings:
        yield Verdict(
            property="cutoff",
            table=table,
            outcome="failed",
            detail="a fact that moves across the event time does not change "
            + ", ".join(finding.column for finding in findings),
            findings=tuple(findings),
        )


def _verdict(table: str, outcome: Outcome, columns: Collection[str], why: str) -> Iterator[Verdict]:
    if columns:
        yield Verdict(
            property="cutoff",
            table=table,
            outcome=outcome,
            detail=f"{why} {', '.join(sorted(columns))}",
        )
