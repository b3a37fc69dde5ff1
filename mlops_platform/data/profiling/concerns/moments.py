"""Which columns could be the moment of a row, and which only look like it."""

import re
from collections.abc import Iterator
from typing import Final

from mlops_platform.data.profiling.finding import Finding
from mlops_platform.data.profiling.profile import ColumnProfile, TableProfile

COMPACT_DAY: Final = re.compile(r"(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])")
WRITTEN_DAY: Final = re.compile(r"\d{1,2}[./-]\d{1,2}[./-](\d{4}|\d{2})( \d{1,2}:\d{2}(:\d{2})?)?")
SECONDS: Final = re.compile(r"(9|1\d)\d{8}(\d{3}|\d{6})?")
PARTS: Final = ("year", "month", "day")
_EPOCH_NAME: Final = re.compile(r"time|date|epoch|_at$|^ts$|stamp")


def moments(profile: TableProfile) -> Iterator[Finding]:
    """Candidates, or why there is none."""
    yield from _ambiguous(profile)
    yield from _unread(profile)
    yield from _short_years(profile)
    if not profile.times:
        yield Finding(
            kind="no_time",
            level="note",
            text=(
                "No column is a time that rows could be ordered by: there will be no split by "
                "time, no features as they were known, and no windows but those of landing."
            ),
            fix=_of_parts(profile) or "--time",
        )
    elif len(profile.times) > 1:
        others = ", ".join(f"'{time.column}'" for time in profile.times[1:])
        first = profile.times[0].column
        yield Finding(
            kind="several_times",
            columns=tuple(time.column for time in profile.times),
            level="note",
            text=f"'{first}' seems to be the moment of a row; {others} could be it, too.",
            fix=f"--time {profile.column(first).output}",
        )


def _of_parts(profile: TableProfile) -> str | None:
    """An expression of columns that are a day together."""
    numbers = {column.name.lower() for column in profile.columns if column.kind == "number"}
    if not numbers.issuperset(PARTS):
        return None
    return f'--time "make_date({", ".join(PARTS)})"'


def ambiguity_text(column: ColumnProfile) -> str:
    """What somebody has to know who says in which format a column is."""
    forms = " and as ".join(column.possible_formats)
    numbers = (re.findall(r"\d+", text)[:2] for text in column.examples)
    telling = (len({*map(int, first)}) > 1 for first in numbers)
    example = next(
        (text for text, tells in zip(column.examples, telling, strict=True) if tells),
        column.examples[0],
    )
    return f"Every value of '{column.name}', such as '{example}', can be read as {forms}"


def format_flag(column: ColumnProfile, form: str) -> str:
    """The flag that says in which format a column is."""
    return f"--time-format '{column.name}={form}'"


def _ambiguous(profile: TableProfile) -> Iterator[Finding]:
    """Times of which no value tells whether the day or the month is first."""
    for column in profile.columns:
        if column.possible_formats:
            flags = [format_flag(column, form) for form in column.possible_formats]
            yield Finding(
                kind="ambiguous_time",
                columns=(column.name,),
                level="warn",
                text=f"{ambiguity_text(column)}: until somebody says which, it lands as text.",
                fix=" or ".join(flags),
            )


def _short_years(profile: TableProfile) -> Iterator[Finding]:
    """Times whose century is ruled, and not said."""
    for column in profile.columns:
        form = column.time_format
        if form is not None and "%y" in form:
            yield Finding(
                kind="short_year",
                columns=(column.name,),
                level="note",
                text=(
                    f"Years of '{column.name}' have two digits, and are read as "
                    f"{str(column.minimum)[:4]} to {str(column.maximum)[:4]}."
                ),
                fix="--century-start",
            )


def _unread(profile: TableProfile) -> Iterator[Finding]:
    """Times in a form that is not read as one."""
    for column in profile.columns:
        if column.possible_formats:
            continue
        if profile.dialect is None:
            expression = _expression(column)
            fix = f'--time "{expression}"'
        else:
            expression = _declared_format(column)
            fix = "" if expression is None else format_flag(column, expression)
        if expression is not None:
            yield Finding(
                kind="unread_time",
                columns=(column.name,),
                level="note",
                text=(
                    f"'{column.name}' looks like a time ('{column.examples[0]}'), and lands as "
                    f"{column.type}."
                ),
                fix=fix,
            )


def _declared_format(column: ColumnProfile) -> str | None:
    """The format of numbers that nobody has called a time."""
    if column.kind != "number" or not column.examples:
        return None
    if all(map(COMPACT_DAY.fullmatch, column.examples)):
        return "%Y%m%d"
    return None


def _expression(column: ColumnProfile) -> str | None:
    if not column.examples:
        return None
    if all(map(COMPACT_DAY.fullmatch, column.examples)):
        return f"strptime({column.output}::VARCHAR, '%Y%m%d')"
    if column.kind == "category" and all(map(WRITTEN_DAY.fullmatch, column.examples)):
        return f"strptime({column.output}, '{_format(column.examples)}')"
    if (
        column.kind == "number"
        and _EPOCH_NAME.search(column.output)
        and all(map(SECONDS.fullmatch, column.examples))
    ):
        unit = {10: "", 9: "", 13: " / 1000", 12: " / 1000"}.get(len(column.examples[0]), " / 1e6")
        return f"to_timestamp({column.output}{unit})"
    return None


def _format(examples: tuple[str, ...]) -> str:
    """Of days written by people; the month is first where a second number is above 12."""
    separator = next(character for character in examples[0] if not character.isdigit())
    parts = [re.split(r"[./ -]", text) for text in examples]
    month_first = any(int(part[1]) > 12 for part in parts) or separator == "/"
    month_first = month_first and not any(int(part[0]) > 12 for part in parts)
    year = "%Y" if len(parts[0][2]) == 4 else "%y"
    days = ("%m", "%d") if month_first else ("%d", "%m")
    clock = {0: "", 1: " %H:%M", 2: " %H:%M:%S"}[examples[0].count(":")]
    return f"{separator.join((*days, year))}{clock}"
