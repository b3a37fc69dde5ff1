"""How times are written of which no value tells whether the day or the month is first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mlops_platform.data.profiling.concerns.moments import ambiguity_text, format_flag
from mlops_platform.data.profiling.profile import ColumnProfile, TableProfile
from mlops_platform.errors import DataError
from mlops_platform.usecases.scaffold.choices import Choices, FileSourceChoice
from mlops_platform.usecases.scaffold.proposing.answers import Answers
from mlops_platform.usecases.scaffold.proposing.draft import Draft
from mlops_platform.usecases.scaffold.proposing.questions import Suggestion

AS_TEXT: Final = "text"
_FIRST: Final = {"d": "the day is first", "m": "the month is first", "y": "the year is first"}


def format_suggestions(column: ColumnProfile) -> list[Suggestion]:
    """The formats that a column could be in, and what to say if it is no time."""
    forms = [Suggestion(form, _FIRST[form[1].lower()]) for form in column.possible_formats]
    return [*forms, Suggestion(AS_TEXT, "it is no time, or none that matters")]


def with_formats_before(answers: Answers, before: Choices, profile: TableProfile) -> Answers:
    """The answers, and the formats and the century in which the same data land already."""
    said = {text.rpartition("=")[0] for text in answers.time_format}
    ambiguous = {column.name for column in profile.columns if column.possible_formats}
    formats = [
        f"{column.name}={column.time_format}"
        for column in before.columns
        if column.time_format is not None and column.name in ambiguous - said
    ]
    century = answers.century_start
    if century is None and isinstance(before.source, FileSourceChoice) and before.source.dialect:
        landed, usual = before.source.dialect, profile.dialect
        if usual is not None and landed.two_digit_century_start != usual.two_digit_century_start:
            century = landed.two_digit_century_start
    return answers.model_copy(
        update={"time_format": (*answers.time_format, *formats), "century_start": century}
    )


def require_time_formats(draft: Draft) -> None:
    """Refuse to guess how times are written that matter.

    Raises:
        DataError: nothing was said, and values do not tell.
    """
    profile = draft.profile
    ambiguous = [column for column in profile.columns if column.possible_formats]
    needed = {*_named(draft)}
    if draft.answers.time is None and draft.landed is None and not profile.times:
        needed |= {column.name for column in ambiguous}
    for column in ambiguous:
        if column.name in needed and column.name not in draft.named("drop"):
            flags = " or ".join(format_flag(column, form) for form in column.possible_formats)
            raise DataError(
                f"{ambiguity_text(column)}, which is never guessed. Say {flags}; or leave the "
                f"column out with --drop '{column.name}'."
            )


def _named(draft: Draft) -> Iterator[str]:
    """Columns that the answers are made of."""
    for expression in (draft.label, draft.time, draft.known_at):
        if expression is not None:
            yield from expression.columns
