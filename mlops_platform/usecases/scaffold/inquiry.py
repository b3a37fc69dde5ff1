"""Inquiry: what is asked of a scanned table on the way from answers to choices."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from mlops_platform.data.profiling.expressions.clock_changes import (
    clock_change_finding,
    clock_changes,
)
from mlops_platform.data.profiling.expressions.facts import (
    delay_days,
    label_facts,
    repeated_rows,
    require_moment,
    told_shares,
)
from mlops_platform.data.profiling.finding import Finding
from mlops_platform.data.profiling.findings import by_level
from mlops_platform.data.profiling.scanned_table import ScannedTable
from mlops_platform.errors import SpecError
from mlops_platform.tasks.proposals.proposal import LabelFacts, Proposal
from mlops_platform.tasks.starting import propose_tasks
from mlops_platform.usecases.leakage.question import Question
from mlops_platform.usecases.scaffold.choices import Choices
from mlops_platform.usecases.scaffold.proposing.draft import Draft
from mlops_platform.usecases.scaffold.proposing.propose import choices_of, choose_task
from mlops_platform.usecases.scaffold.proposing.roles import LEAKAGE


class Outcome(NamedTuple):
    """What is predicted, and as which task."""

    facts: LabelFacts
    proposals: tuple[Proposal, ...]
    proposal: Proposal


def outcome_of(table: ScannedTable, draft: Draft) -> Outcome:
    """The outcomes of a draft that says what they are.

    Raises:
        SpecError: they cannot be computed, are all missing or all the same, or no task fits.
    """
    assert draft.label is not None, "it has been asked for"
    facts = label_facts(table, draft.label)
    proposals = propose_tasks(facts)
    return Outcome(facts, proposals, choose_task(proposals, draft.answers.task))


def check_draft(table: ScannedTable, draft: Draft) -> None:
    """Refuse answers that do not fit the rows.

    Raises:
        SpecError: names the flag.
    """
    for flag, expression in (("time", draft.time), ("known-at", draft.known_at)):
        if expression is not None:
            require_moment(table, flag, expression)
    _ = draft.said_of_columns, draft.domain, draft.model
    draft.require_landed_time()
    _check_entity(table, draft)


def with_clock_changes(table: ScannedTable, draft: Draft) -> Draft:
    """The draft with what clocks do to the times that land, as a finding too where they do."""
    changes = clock_changes(table, draft.landed_moments(), draft.timezone)
    of_clocks = (clock_change_finding(changes),) if changes else ()
    return replace(draft, clock_changes=changes, findings=by_level((*draft.findings, *of_clocks)))


def question_of(draft: Draft, outcome: Outcome) -> Question:
    """What is looked at for leakage: all columns but those that will be no feature."""
    columns = draft.columns()
    return Question(
        label=outcome.proposal.label,
        task=outcome.proposal.task,
        time=draft.time.sql if draft.time else None,
        known_at=draft.known_at.sql if draft.known_at else None,
        entity=tuple(draft.profile.column(name).output for name in draft.named("entity")),
        dropped=tuple(column.output for column in columns if column.role != "feature"),
    )


def unanswered(draft: Draft, findings: tuple[Finding, ...]) -> list[Finding]:
    """Findings that stop what is done until somebody has said what to do about them."""
    columns = draft.said_of_columns
    answered = {*columns.drop, *columns.sensitive, *columns.keep}
    return [
        finding
        for finding in findings
        if finding.level == "refuse"
        and not (finding.kind in LEAKAGE and set(finding.columns) <= answered)
    ]


def completed_choices(table: ScannedTable, draft: Draft, outcome: Outcome) -> Choices:
    """Everything that the files follow from.

    Raises:
        SpecError: as `choices_of`.
    """
    shares, delay = {}, None
    # Outcomes that are texts have no variance.
    if draft.label is not None and outcome.proposal.label_type != "VARCHAR":
        keys = draft.rolling_keys()
        shares = told_shares(table, draft.label.sql, outcome.proposal.label, keys)
    if draft.time is not None and draft.known_at is not None:
        delay = delay_days(table, draft.time.sql, draft.known_at.sql)
    known = replace(draft, told=shares, label_delay_days=delay)
    return choices_of(known, outcome.proposal, outcome.facts)


def _check_entity(table: ScannedTable, draft: Draft) -> None:
    names = draft.named("entity")
    if not names:
        return
    outputs = [draft.profile.column(name).output for name in names]
    repeated = repeated_rows(table, outputs)
    if repeated > draft.profile.duplicates:
        keys = draft.profile.keys
        better = f", such as {','.join(keys[0].columns)}" if keys else ""
        raise SpecError(
            "entity",
            ",".join(names),
            f"{repeated:,} of {draft.profile.rows:,} rows repeat another one's: name columns that "
            f"together identify one prediction{better}.",
        )
