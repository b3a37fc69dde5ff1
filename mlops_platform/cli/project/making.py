"""From data to the files of a model, step by step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from mlops_platform.cli.console import console, say
from mlops_platform.cli.project import questions
from mlops_platform.cli.project.plan import (
    plan_text,
    refuse_foreign,
    show_diff,
    show_files,
    show_missed_changes,
    show_schema_difference,
)
from mlops_platform.cli.project.shown import (
    show_choices,
    show_findings,
    show_lost_without_clock,
    show_profile,
    show_scores,
)
from mlops_platform.cli.project.sources import Source, opened_source, shown_data
from mlops_platform.data.landing.time_formats.time_format import CENTURY_START
from mlops_platform.errors import DataError
from mlops_platform.usecases.scaffold.journal.earlier import (
    Earlier,
    SchemaDifference,
    earlier_entries,
    schema_difference,
    source_columns,
)
from mlops_platform.usecases.scaffold.journal.journal import Journal
from mlops_platform.usecases.scaffold.journal.planning import PlannedFile, planned_files
from mlops_platform.usecases.scaffold.proposing.answers import LANDING, Answers
from mlops_platform.usecases.scaffold.proposing.questions import require_known_at, require_label
from mlops_platform.usecases.scaffold.proposing.time_formats import (
    require_time_formats,
    with_formats_before,
)

if TYPE_CHECKING:
    from mlops_platform.cli.project.options import Options
    from mlops_platform.data.profiling.finding import Finding
    from mlops_platform.usecases.leakage.split_scores import SplitScores
    from mlops_platform.usecases.scaffold.choices import Choices
    from mlops_platform.usecases.scaffold.inquiry import Outcome
    from mlops_platform.usecases.scaffold.journal.entry import JournalEntry
    from mlops_platform.usecases.scaffold.proposing.draft import Draft


@dataclass(frozen=True)
class Made:
    """What came of it.

    Args:
        entry: to be written; its number and files are set then.
        plan: what becomes of each file.
        difference: of the source since it was made last.
    """

    source: Source
    draft: Draft
    findings: tuple[Finding, ...]
    scores: SplitScores | None
    entry: JournalEntry
    choices: Choices
    plan: tuple[PlannedFile, ...]
    difference: SchemaDifference

    def document(self, written: bool) -> dict[str, Any]:
        """The same for another program."""
        scores = self.scores
        return {
            "profile": self.source.table.profile.model_dump(mode="json"),
            "findings": [finding.model_dump(mode="json") for finding in self.findings],
            "scores": None
            if scores is None
            else {
                **scores.model_dump(mode="json"),
                "random_saved": scores.random_saved,
                "time_saved": scores.time_saved,
            },
            "choices": self.choices.model_dump(mode="json"),
            "schema_changes": {
                "new": [column.name for column in self.difference.new],
                "gone": [column.name for column in self.difference.gone],
                "retyped": [name for name, _, _ in self.difference.retyped],
            },
            "files": [
                {
                    "path": file.path,
                    "change": file.change,
                    "lines_to_add": [] if file.is_written else file.lines_to_add(),
                }
                for file in self.plan
            ],
            "written": written,
        }


@contextmanager
def made(options: Options, journal: Journal) -> Iterator[Made]:
    """Scan, ask, judge, choose and plan; nothing is written.

    Raises:
        MlopsError: what must be said was not, or what was said cannot be.
    """
    with _quiet(options), ExitStack() as resources:
        source = _scanned(options, resources)
        answers = _told_of_times(options, journal, source)
        if answers != options.answers:
            # All else follows from what the times are.
            resources.close()
            options = replace(options, answers=answers)
            source = _scanned(options, resources)
        yield _made(options, journal, source)


def _scanned(options: Options, resources: ExitStack) -> Source:
    from mlops_platform.data.profiling.reading.time_texts import SaidTimes

    assert options.data is not None, "whoever calls has looked"
    answers = options.answers
    times = SaidTimes(answers.time_format, answers.century_start or CENTURY_START)
    with console.status(f"scanning {shown_data(options.data)}"):
        return resources.enter_context(opened_source(options.data, answers.timezone, times))


def _told_of_times(options: Options, journal: Journal, source: Source) -> Answers:
    """The answers, with the formats that values do not tell: of before, or asked for."""
    profile = source.table.profile
    earlier = earlier_entries(journal, source.choice, options.answers).any
    answers = options.answers
    if earlier is not None and earlier.choices is not None:
        answers = with_formats_before(answers, earlier.choices, profile)
    return questions.ask_time_formats(answers, profile) if options.asks else answers


@contextmanager
def _quiet(options: Options) -> Iterator[None]:
    """Of JSON nothing else is on stdout."""
    quiet = console.quiet
    console.quiet = quiet or options.as_json
    try:
        yield
    finally:
        console.quiet = quiet


def _made(options: Options, journal: Journal, source: Source) -> Made:
    from mlops_platform.usecases.scaffold.files.project_files import project_files
    from mlops_platform.usecases.scaffold.inquiry import completed_choices
    from mlops_platform.usecases.scaffold.journal.entry import JournalEntry

    earlier = earlier_entries(journal, source.choice, options.answers)
    draft = _draft(options.answers, journal, source, earlier)
    show_profile(source.table.profile)
    columns = source_columns(source.table.profile)
    difference = schema_difference(earlier.any.columns if earlier.any else columns, columns)
    if difference:
        show_schema_difference(difference)
    show_findings(draft.findings)
    if not options.asks:
        require_time_formats(draft)
    draft, outcome = _answered(options, draft, source)
    draft = _clocked(options, draft, source)
    draft, scores = _judged(options, draft, source, outcome)
    choices = completed_choices(source.table, draft, outcome)
    show_choices(choices)
    if draft.time is None or draft.answers.known_at == LANDING:
        show_lost_without_clock(draft.time is not None)
    plan = planned_files(journal, project_files(choices), earlier.same, project_files)
    refuse_foreign(plan)
    entry = JournalEntry(
        number=1,
        domain=choices.domain,
        asked=draft.answers.said(),
        choices=choices,
        columns=columns,
    )
    return Made(source, draft, draft.findings, scores, entry, choices, tuple(plan), difference)


def _draft(answers: Answers, journal: Journal, source: Source, earlier: Earlier) -> Draft:
    from mlops_platform.data.profiling.findings import findings
    from mlops_platform.usecases.scaffold.journal.taken import taken_names
    from mlops_platform.usecases.scaffold.proposing.draft import Draft

    if earlier.same is not None:
        named = {"name": earlier.same.model, **earlier.same.asked}
        answers = answers.over(Answers.model_validate(named))
    of_model = earlier.same or earlier.any
    return Draft(
        profile=source.table.profile,
        source=source.choice,
        source_name=source.name,
        answers=answers,
        taken=taken_names(journal),
        findings=findings(source.table.profile),
        earlier=of_model.choices if of_model else None,
        landed=earlier.landed.choices if earlier.landed else None,
        others=tuple(entry.choices for entry in earlier.others if entry.choices is not None),
        today=datetime.now(UTC).date(),
    )


def _answered(options: Options, draft: Draft, source: Source) -> tuple[Draft, Outcome]:
    """What must be said is asked, or refused where nobody is there."""
    from mlops_platform.usecases.scaffold.inquiry import check_draft, outcome_of

    table = source.table
    if options.asks:
        draft = questions.ask_label(draft, lambda changed: outcome_of(table, changed))
    require_label(draft.answers.label, draft.profile)
    outcome = outcome_of(table, draft)
    if options.asks:
        draft = questions.ask_task(draft, outcome)
        for ask in (
            questions.ask_time,
            questions.ask_known_at,
            questions.ask_entity,
            questions.ask_name,
        ):
            draft = ask(draft, lambda changed: check_draft(table, changed))
        outcome = outcome_of(table, draft)
    if draft.time is not None:
        require_known_at(draft.answers.known_at, draft.profile, draft.time.columns)
    check_draft(table, draft)
    return draft, outcome


def _clocked(options: Options, draft: Draft, source: Source) -> Draft:
    """What clocks do to the times that land, and how these are read."""
    from mlops_platform.usecases.scaffold.inquiry import with_clock_changes

    draft = with_clock_changes(source.table, draft)
    show_findings(finding for finding in draft.findings if finding.kind == "clock_change")
    return questions.ask_clock_change(draft) if options.asks else draft


def _judged(
    options: Options, draft: Draft, source: Source, outcome: Outcome
) -> tuple[Draft, SplitScores | None]:
    """Leakage, what to do about it, and what the time of these data is worth."""
    from mlops_platform.data.profiling.findings import by_level
    from mlops_platform.usecases.leakage.judge import leakage_findings
    from mlops_platform.usecases.leakage.split_scores import split_scores
    from mlops_platform.usecases.scaffold.inquiry import question_of, unanswered

    with console.status("looking for leakage"):
        leaks = leakage_findings(source.table, question_of(draft, outcome))
    show_findings(leaks)
    draft = replace(draft, findings=by_level((*draft.findings, *leaks)))
    for finding in unanswered(draft, draft.findings) if options.asks else ():
        changed = questions.ask_about(draft, finding)
        if changed is None:
            raise click.Abort
        draft = changed
    left = [] if options.force or options.asks else unanswered(draft, draft.findings)
    if left:
        raise DataError(_refused(left))
    with console.status("comparing a random split with one by time"):
        scores = split_scores(source.table, question_of(draft, outcome))
    if scores is not None:
        show_scores(scores)
    return draft, scores


def _refused(findings: Sequence[Finding]) -> str:
    columns = dict.fromkeys(name for finding in findings for name in finding.columns)
    texts = " ".join(finding.text for finding in findings)
    drops = " ".join(f"--drop {_quoted(name)}" for name in columns)
    it = "it" if len(columns) == 1 else "them"
    answers = (
        f"Add {drops} to leave {it} out, or --keep COLUMN for one that is known in time."
        if columns
        else "Mend it at the source, or add --force."
    )
    return f"{texts} {answers}"


def _quoted(name: str) -> str:
    return name if name.isidentifier() else f"'{name}'"


def show_plan(made_: Made, *, as_diff: bool) -> None:
    """The files, or their diff."""
    if as_diff:
        console.print()
        show_diff(made_.plan)
    else:
        show_files(made_.plan)
    show_missed_changes(made_.plan)
    say(f"\n{plan_text(made_.plan)}")
