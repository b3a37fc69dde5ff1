"""SQL of columns that follow from the choices, of which staging and marts are made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from mlops_platform.usecases.scaffold.choices import ColumnChoice, DbtSourceChoice
from mlops_platform.usecases.scaffold.files.names import KNOWN_AT, SUPERSEDED_AT, Names
from mlops_platform.usecases.scaffold.files.sql import (
    MOMENT,
    as_text,
    dbt_type,
    is_column,
    quoted,
    typed_literal,
)

ANY_STYLE: Final = "  -- noqa"
"""What a person wrote is not linted."""
KEYWORD: Final = "  -- noqa: RF04"
"""An alias that may be a word of SQL: the source calls its column so."""


class Expression(NamedTuple):
    """A part of a select list.

    Args:
        unlinted: comment behind it for the linter.
    """

    sql: str
    unlinted: str = ""


def written(expression: str, alias: str = "") -> Expression:
    """SQL that a person wrote, perhaps under a name."""
    ending = f" as {quoted(alias)}" if alias else ""
    if is_column(expression):
        same = not alias or expression == alias
        return Expression(quoted(expression) + ("" if same else ending))
    return Expression(f"({expression}){ending}", ANY_STYLE)


def entity(names: Names) -> Expression:
    """What identifies a prediction, over all days."""
    columns = names.choices.entity
    if len(columns) == 1:
        return Expression(quoted(columns[0]))
    parts = ",\n    ".join(as_text(column, names.types[column]) for column in columns)
    together = f"concat_ws(\n    '|',\n    {parts}\n)"
    joined = f"md5({together})" if names.entity_is_hashed else together
    return Expression(f"{joined} as {names.entity}")


def moment(names: Names, expression: str) -> Expression:
    """SQL of a moment, from a column or from what a person wrote."""
    kind = names.types.get(expression, "")
    if kind == "DATE":
        return Expression(f"timezone('{names.choices.timezone}', {quoted(expression)}::timestamp)")
    if kind.startswith("TIMESTAMP") and kind not in MOMENT:
        return Expression(f"timezone('{names.choices.timezone}', {quoted(expression)})")
    if kind in MOMENT:
        return Expression(quoted(expression))
    return Expression(f"({expression})::timestamptz", ANY_STYLE)


def known_at(names: Names) -> Expression | None:
    """SQL of the moment at which a label becomes known; None where that is its landing."""
    expression = names.choices.known_at
    if expression is None:
        return None
    if names.types.get(expression) == "DATE":
        # Some time on that day: it is known for sure when the day has ended.
        end = f"({quoted(expression)} + 1)::timestamp"
        return Expression(f"timezone('{names.choices.timezone}', {end})")
    return moment(names, expression)


def event_time(names: Names) -> Expression | None:
    """The moment of a prediction, under its name; None where rows have none."""
    name, expression = names.event_time, names.choices.event_time
    if name is None or expression is None:
        return None
    of_event = moment(names, expression)
    if of_event.sql == name:
        return of_event
    return Expression(f"{of_event.sql} as {name}", of_event.unlinted)


def cleaned(column: ColumnChoice) -> Expression:
    """A column of the source, NULL where it says in its own way that there is none."""
    name, sql = quoted(column.output), quoted(column.output)
    for value in column.missing_as:
        sql = f"nullif({sql}, {typed_literal(value, column.type)})"
    return Expression(f"{sql} as {name}", KEYWORD) if column.missing_as else Expression(name)


def fact_columns(names: Names) -> Sequence[Expression]:
    """What marts read of every row: of a landed table staging has said all of it."""
    source = names.choices.source
    if not isinstance(source, DbtSourceChoice):
        return [Expression("*")]
    of_source = [cleaned(column) for column in names.columns if column.missing_as]
    replaced = ",\n    ".join(column.sql for column in of_source)
    star = Expression(f"* replace (\n    {replaced}\n)", KEYWORD) if replaced else Expression("*")
    return [star, *computed(names)]


def computed(names: Names) -> Sequence[Expression]:
    """Columns that the source does not have: entity and event time."""
    of_event, of_entity = event_time(names), entity(names)
    added = [] if len(names.choices.entity) == 1 else [of_entity]
    if of_event is not None and of_event.sql != names.event_time:
        added.append(of_event)
    return added


def of_source(names: Names, name: str) -> Expression:
    """An entity, event time or day where marts read it: staging has it, what dbt has may not."""
    if isinstance(names.choices.source, DbtSourceChoice):
        for added in computed(names):
            if added.sql.endswith(f" as {name}"):
                return added
    return Expression(quoted(name))


def event_moment(names: Names) -> Expression:
    """The event time where marts read it, without a name."""
    name, expression = names.event_time, names.choices.event_time
    assert name is not None, "rows without event time have no moment"
    assert expression is not None, "rows without event time have no moment"
    if isinstance(names.choices.source, DbtSourceChoice):
        return moment(names, expression)
    return Expression(name)


def day(names: Names) -> str:
    """Column with the day by which a row is built."""
    source = names.choices.source
    return source.day if isinstance(source, DbtSourceChoice) else names.landing_day


def is_versioned(names: Names) -> bool:
    """Whether rows are versions."""
    source = names.choices.source
    return not isinstance(source, DbtSourceChoice) or source.is_versioned


def version_columns(names: Names) -> tuple[list[Expression], str]:
    """Since when a version was known, where rows are versions, and until when."""
    if is_versioned(names):
        return [Expression(KNOWN_AT)], SUPERSEDED_AT
    return [], f"null::timestamptz as {SUPERSEDED_AT}"


def contract_type(names: Names, output: str) -> str:
    """Type of a landed column as contracts name it."""
    return dbt_type(names.types[output])
