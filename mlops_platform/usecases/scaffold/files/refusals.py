"""Choices of which no files can be made."""

from __future__ import annotations

import re
from typing import Final

from mlops_platform.errors import SpecError
from mlops_platform.usecases.scaffold.choices import Choices, DbtSourceChoice
from mlops_platform.usecases.scaffold.files.store import STORE

_ADDED: Final = ("day", "delivered_at", "known_at", "superseded_at")
"""Columns that landing adds."""
_TEMPLATE: Final = re.compile(r"\{[{%#]")
_NO_EXPRESSION: Final = re.compile(r"\{[{%#]|;|--|/\*")


def refuse_unusable(choices: Choices) -> None:
    """Refuse choices that contradict each other, or that YAML or SQL cannot hold.

    Raises:
        SpecError: with the choice, its value and the fix.
    """
    _refuse_columns(choices)
    _refuse_expressions(choices)
    landed = {column.output for column in choices.columns if column.role != "dropped"}
    landed |= {choices.numbered_by} if choices.numbered_by else set()
    named = {
        "key": choices.key,
        "entity": choices.entity,
        **{f"rolling.{rolling.name}.key": rolling.key for rolling in choices.rolling},
    }
    for field, columns in named.items():
        for column in columns:
            if column not in landed:
                fix = f"No column lands under this name; name one of {', '.join(sorted(landed))}."
                raise SpecError(field, column, fix)
    if choices.model == STORE:
        fix = "The feature store of every domain is called so; choose another name."
        raise SpecError("name", choices.model, fix)
    if not choices.entity:
        raise SpecError("entity", [], "Name the columns that identify one prediction.")
    if choices.first_day is None:
        fix = "Say the first day that has rows; without time that of the first landing."
        raise SpecError("first_day", None, fix)
    lands = not isinstance(choices.source, DbtSourceChoice)
    if lands and (choices.event_time is None) != (choices.time_column is None):
        fix = "Rows that have a time have both an event time and a time column."
        raise SpecError("event_time", choices.event_time, fix)
    if choices.event_time is None and choices.rolling:
        fix = "Rows without event time have nothing before them: leave rolling features out."
        raise SpecError("rolling", [rolling.name for rolling in choices.rolling], fix)


def _refuse_columns(choices: Choices) -> None:
    outputs = [column.output for column in choices.columns if column.role != "dropped"]
    landed = not isinstance(choices.source, DbtSourceChoice)
    for column in choices.columns:
        field = f"columns.{column.output}"
        if column.role != "dropped" and landed and column.output in _ADDED:
            fix = "Landing adds a column of this name; choose another output, as source_{}."
            raise SpecError(field, column.output, fix.format(column.output))
        if outputs.count(column.output) > 1:
            raise SpecError(field, column.output, "Two columns land under this name; rename one.")
        if _TEMPLATE.search(column.name):
            fix = "A template engine would take this for a template: rename it at the source."
            raise SpecError(field, column.name, fix)


def _refuse_expressions(choices: Choices) -> None:
    expressions = {
        "label": choices.label,
        "event_time": choices.event_time,
        "known_at": choices.known_at,
        **{f"rolling.{rolling.name}.value": rolling.value for rolling in choices.rolling},
    }
    for field, expression in expressions.items():
        if expression is not None and _NO_EXPRESSION.search(expression):
            fix = "Write one SQL expression, without comments, semicolons or templates."
            raise SpecError(field, expression, fix)
