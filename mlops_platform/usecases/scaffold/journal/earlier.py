"""What was made before of the same data, and what is another since."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from mlops_platform.data.profiling.profile import TableProfile
from mlops_platform.errors import DataError
from mlops_platform.usecases.scaffold.choices import (
    DbtSourceChoice,
    FileSourceChoice,
    SourceChoice,
)
from mlops_platform.usecases.scaffold.journal.entry import JournalEntry, SourceColumn
from mlops_platform.usecases.scaffold.journal.journal import Journal
from mlops_platform.usecases.scaffold.proposing.answers import Answers


class Earlier(NamedTuple):
    """Entries about the same data.

    Args:
        same: of the model that is made again; None where it is a new one.
        any: of this or another model; its landing stays.
        landed: of the other model for which the data land; None where they land for this one.
        others: of other models, whatever their domain, that were there when this one was made
            first.
    """

    same: JournalEntry | None
    any: JournalEntry | None
    landed: JournalEntry | None = None
    others: tuple[JournalEntry, ...] = ()


class SchemaDifference(NamedTuple):
    """Between the columns of a source then and now.

    Args:
        retyped: name, type then, type now.
    """

    new: tuple[SourceColumn, ...]
    gone: tuple[SourceColumn, ...]
    retyped: tuple[tuple[str, str, str], ...]

    def __bool__(self) -> bool:
        return bool(self.new or self.gone or self.retyped)


def earlier_entries(journal: Journal, source: SourceChoice, answers: Answers) -> Earlier:
    """What was made of a source; answers tell which of several models is meant.

    Raises:
        DataError: it may be one of several.
    """
    of_source = [
        entry
        for entry in journal.entries()
        if entry.choices is not None and _is_same(entry.choices.source, source)
    ]
    last = {
        (entry.domain, entry.model): entry
        for entry in of_source
        if answers.domain in {None, entry.domain}
    }
    entries = list(last.values())
    same = _meant(entries, answers)
    any_entry = entries[0] if entries else None
    return Earlier(same, any_entry, _landed(entries, same), _before(of_source, same))


def source_columns(profile: TableProfile) -> tuple[SourceColumn, ...]:
    """Columns as the journal notes them."""
    return tuple(SourceColumn(name=column.name, type=column.type) for column in profile.columns)


def schema_difference(
    then: Sequence[SourceColumn], now: Sequence[SourceColumn]
) -> SchemaDifference:
    """Columns that are new, gone, or of another type."""
    types = {column.name: column.type for column in then}
    names = {column.name for column in now}
    return SchemaDifference(
        new=tuple(column for column in now if column.name not in types),
        gone=tuple(column for column in then if column.name not in names),
        retyped=tuple(
            (column.name, types[column.name], column.type)
            for column in now
            if types.get(column.name, column.type) != column.type
        ),
    )


def _landed(entries: Sequence[JournalEntry], same: JournalEntry | None) -> JournalEntry | None:
    """The first of a domain, unless that is the one that is made again; of dbt nothing lands."""
    domain = (same or entries[0]).domain if entries else None
    first = next((entry for entry in entries if entry.domain == domain), None)
    if first is None or first == same or first.choices is None:
        return None
    return None if isinstance(first.choices.source, DbtSourceChoice) else first


def _before(entries: Sequence[JournalEntry], same: JournalEntry | None) -> tuple[JournalEntry, ...]:
    """Entries until a model was made first: what was made later takes no feature from it."""
    if same is None:
        return tuple(entries)
    first = min(entry.number for entry in entries if entry.model == same.model)
    return tuple(entry for entry in entries if entry.number < first)


def _meant(entries: Sequence[JournalEntry], answers: Answers) -> JournalEntry | None:
    if answers.name is not None:
        return next((entry for entry in entries if entry.model == answers.name), None)
    if answers.label is not None:
        return next((e for e in entries if e.asked.get("label") == answers.label), None)
    if len(entries) > 1:
        names = ", ".join(str(entry.model) for entry in entries)
        raise DataError(
            f"There are several models of these data: {names}. Say which one with --name, or what "
            "else is predicted with --label."
        )
    return entries[0] if entries else None


def _is_same(then: SourceChoice, now: SourceChoice) -> bool:
    if isinstance(then, FileSourceChoice) and isinstance(now, FileSourceChoice):
        return (then.folder, then.pattern) == (now.folder, now.pattern)
    return then == now
