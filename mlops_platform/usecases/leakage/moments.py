"""Times after the event, and outcomes that are known before it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mlops_platform.data.profiling.concerns.lists import percent
from mlops_platform.data.profiling.finding import Finding
from mlops_platform.data.profiling.scanned_table import ScannedTable
from mlops_platform.usecases.leakage.evidence import KNOWN, TIME, Evidence, seconds

LEAST_SHARE: Final = 0.01
DAY: Final = 86_400.0


def later_times(evidence: Evidence) -> Iterator[Finding]:
    """Columns with moments after that of the row."""
    if evidence.question.time is None:
        return
    frame = evidence.frame
    for column in evidence.times:
        moments = seconds(frame[column.output])
        event = frame[TIME] // DAY * DAY if column.kind == "date" else frame[TIME]
        later = int((moments > event).sum())
        if later < max(LEAST_SHARE * len(frame), 1):
            continue
        yield Finding(
            kind="after_event",
            columns=(column.name,),
            level="warn",
            text=(
                f"'{column.name}' is after the moment of the row in {percent(later, len(frame))} "
                "of the rows: unless it was planned, nobody knows it then."
            ),
            fix=f"--drop {column.output}",
        )


def outcome_moments(evidence: Evidence) -> Iterator[Finding]:
    """A label that is known before its event, or at once."""
    question = evidence.question
    if question.time is None or question.known_at is None:
        return
    labelled = evidence.labelled
    known = labelled[KNOWN]
    early, rows = int((known < labelled[TIME]).sum()), max(len(labelled), 1)
    if early:
        yield Finding(
            kind="known_before_event",
            level="refuse" if early >= LEAST_SHARE * rows else "warn",
            text=(
                f"the outcome is known before the moment of the row in {percent(early, rows)} of "
                f"the rows, by '{question.known_at}' and '{question.time}'."
            ),
            fix="--known-at, or --time",
        )
    elif bool((known == labelled[TIME]).all()):
        yield Finding(
            kind="known_at_once",
            level="warn",
            text=(
                f"the outcome is known at the very moment of the row in all {rows:,} rows: there "
                "would be nothing to predict."
            ),
            fix="--known-at, or --time",
        )
    absent = int(known.isna().sum())
    if absent:
        yield Finding(
            kind="known_at_missing",
            level="warn",
            text=(
                f"'{question.known_at}' is missing in {percent(absent, rows)} of the rows that "
                "have an outcome: these would never be learnt from."
            ),
            fix="--known-at",
        )


def rows_to_come(table: ScannedTable, evidence: Evidence) -> Iterator[Finding]:
    """Rows later than now, by a time that is no column: those of columns are in the profile."""
    time = evidence.question.time
    names = {column.output for column in table.profile.columns}
    if time is None or time.strip('" ').lower() in names:
        return
    later = table.count(f"CAST(({time}) AS TIMESTAMPTZ) > now()")
    if later:
        yield Finding(
            kind="future_rows",
            columns=tuple(sorted(table.columns_in(time))),
            level="warn",
            text=(
                f"'{time}' is in the future in {later:,} rows "
                f"({percent(later, table.profile.rows)}): they land once their day has come."
            ),
            fix="correct them at the source, or name another moment: --time",
        )
