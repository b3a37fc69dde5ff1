"""Questions to a person: each with what is proposed and why, and never of what flags have said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from mlops_platform.cli.console import console
from mlops_platform.data.profiling.concerns.moments import ambiguity_text
from mlops_platform.errors import MlopsError, SpecError
from mlops_platform.usecases.scaffold.proposing.answers import LANDING, NO_TIME
from mlops_platform.usecases.scaffold.proposing.questions import (
    Suggestion,
    known_at_suggestions,
    label_suggestions,
)
from mlops_platform.usecases.scaffold.proposing.roles import LEAKAGE
from mlops_platform.usecases.scaffold.proposing.time_formats import AS_TEXT, format_suggestions

if TYPE_CHECKING:
    from mlops_platform.data.profiling.finding import Finding
    from mlops_platform.data.profiling.profile import TableProfile
    from mlops_platform.usecases.scaffold.inquiry import Outcome
    from mlops_platform.usecases.scaffold.proposing.answers import Answers
    from mlops_platform.usecases.scaffold.proposing.draft import Draft

Check = Callable[["Draft"], Any]
LABEL = "What is predicted?"
TIME = "When is the prediction made?"
KNOWN_AT = "When does the outcome become known?"
TIME_FORMAT = "How are these times written?"
CLOCK_CHANGE = "Which moment is a time that does not exist, or exists twice?"
ENTITY = "What identifies a prediction?"


def ask_label(draft: Draft, check: Check) -> Draft:
    """What is predicted."""
    if draft.answers.label is not None:
        return draft
    _title(LABEL, "A column, or SQL over columns such as `delay > 15`.")
    return _asked(draft, "label", label_suggestions(draft.profile), check)


def ask_task(draft: Draft, outcome: Outcome) -> Draft:
    """Only where several tasks fit."""
    if draft.answers.task is not None or len(outcome.proposals) < 2:
        return draft
    _title("What kind of outcome is it?")
    suggestions = [Suggestion(str(fit.task["type"]), fit.reason) for fit in outcome.proposals]
    return _asked(draft, "task", suggestions, lambda changed: None)


def ask_time(draft: Draft, check: Check) -> Draft:
    """The moment of a prediction, where there is one."""
    if draft.answers.time is not None or draft.landed is not None or not draft.profile.times:
        return draft
    _title(TIME, "A feature must have been known by then. A column, SQL, or `none`.")
    times = [
        Suggestion(
            moment.column,
            f"{moment.days:,} days, {moment.first:%Y-%m-%d} to {moment.last:%Y-%m-%d}",
        )
        for moment in draft.profile.times
    ]
    nothing = Suggestion(NO_TIME, "rows say how things are, and not when")
    return _asked(draft, "time", [*times, nothing], check)


def ask_known_at(draft: Draft, check: Check) -> Draft:
    """When the label becomes known: nothing is proposed, because nothing may be guessed."""
    if draft.answers.known_at is not None or draft.time is None:
        return draft
    _title(
        KNOWN_AT,
        "This is never guessed: a feature that knows outcomes too early looks perfect and is "
        f"worthless. A column, SQL, or `{LANDING}`.",
    )
    suggestions = known_at_suggestions(draft.profile, draft.time.columns)
    return _asked(draft, "known_at", suggestions, check, has_default=False)


def ask_clock_change(draft: Draft) -> Draft:
    """How times are read that clocks take away or give twice, where there are some."""
    is_declared = draft.earlier is not None and draft.earlier.clock_change != "refuse"
    if draft.answers.clock_change is not None or is_declared or not draft.clock_changes:
        return draft
    _title(CLOCK_CHANGE, "The landing has to know: what it cannot read it refuses.")
    suggestions = [
        Suggestion("earlier", "the first of two, or by the clock after the change"),
        Suggestion("later", "the second of two, or by the clock before the change"),
    ]
    return _asked(draft, "clock_change", suggestions, _require_rule)


def _require_rule(draft: Draft) -> None:
    if draft.answers.clock_change not in {"earlier", "later"}:
        raise SpecError("clock-change", draft.answers.clock_change, "Say earlier or later.")


def ask_time_formats(answers: Answers, profile: TableProfile) -> Answers:
    """How times are written that can be read in several ways, of columns of which nothing is said.

    One of which the answer is that it is text is no time.
    """
    said = {text.rpartition("=")[0] for text in answers.time_format}
    for column in profile.columns:
        if not column.possible_formats or column.name in said:
            continue
        _title(TIME_FORMAT, f"{ambiguity_text(column)}: values do not tell, so it is not guessed.")
        form = _chosen(format_suggestions(column))
        if form != AS_TEXT:
            formats = (*answers.time_format, f"{column.name}={form}")
            answers = answers.model_copy(update={"time_format": formats})
    return answers


def _chosen(suggestions: Sequence[Suggestion]) -> str:
    """One of the suggestions, by its number or in words."""
    _show(suggestions)
    ways = [suggestion.answer for suggestion in suggestions]
    while True:
        said = str(click.prompt(">", prompt_suffix=" ")).strip()
        if said.isdecimal() and 0 < int(said) <= len(ways):
            return ways[int(said) - 1]
        if said in ways:
            return said
        console.print(Text(f"'{said}' is none of these.", "red"))


def ask_entity(draft: Draft, check: Check) -> Draft:
    """What identifies a prediction, where some columns could."""
    keys = [key for key in draft.profile.keys if key.repeated <= draft.profile.duplicates]
    if draft.answers.entity or draft.earlier is not None or not keys:
        return draft
    _title(ENTITY, "One column, or several with commas.")
    suggestions = [Suggestion(",".join(key.columns), "no two rows share it") for key in keys]
    return _asked(draft, "entity", suggestions, check)


def ask_name(draft: Draft, check: Check) -> Draft:
    """Of the model."""
    if draft.answers.name is not None:
        return draft
    _title("What is the model called?")
    suggestion = Suggestion(draft.model, f"its folder is defs/{draft.domain}/{draft.model}")
    return _asked(draft, "name", [suggestion], check)


def ask_about(draft: Draft, finding: Finding) -> Draft | None:
    """What to do about what is refused; None where the answer is to stop."""
    if finding.kind not in LEAKAGE:
        console.print()
        go_on = click.confirm("This would make a bad model. Go on all the same?", default=False)
        return draft if go_on else None
    names = ", ".join(finding.columns)
    console.print()
    leave_out = click.confirm(f"Leave {names} out?", default=True)
    flag = "drop" if leave_out else "keep"
    said = (*getattr(draft.answers, flag), *finding.columns)
    return draft.with_answers(draft.answers.model_copy(update={flag: said}))


def _asked(
    draft: Draft,
    answer: str,
    suggestions: Sequence[Suggestion],
    check: Check,
    *,
    has_default: bool = True,
) -> Draft:
    """Ask until the answer is one that can be; a number means a suggestion."""
    _show(suggestions)
    default = "1" if has_default and suggestions else None
    while True:
        said = click.prompt(">", default=default, prompt_suffix=" ").strip()
        if said.isdecimal() and 0 < int(said) <= len(suggestions):
            said = suggestions[int(said) - 1].answer
        value = tuple(name.strip() for name in said.split(",")) if answer == "entity" else said
        changed = draft.with_answers(draft.answers.model_copy(update={answer: value}))
        try:
            check(changed)
        except MlopsError as error:
            console.print(Text(str(error), "red"))
        else:
            return changed


def _show(suggestions: Sequence[Suggestion]) -> None:
    for number, suggestion in enumerate(suggestions, 1):
        console.print(
            Text.assemble(
                (f"  {number} ", "cyan"), suggestion.answer, (f"  {suggestion.reason}", "dim")
            )
        )


def _title(question: str, help_text: str = "") -> None:
    console.print()
    console.print(Text(question, "bold"))
    if help_text:
        console.print(Text(help_text, "dim"))
