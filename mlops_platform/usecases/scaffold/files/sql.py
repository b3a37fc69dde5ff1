"""SQL of names and values, as it stands in the files of a dbt project."""

from __future__ import annotations

from typing import Final

_WORDS: Final = """
    all analyse analyze and anti any array as asc asof asymmetric at authorization between
    bigint binary bit boolean both by case cast char character check coalesce collate collation
    column columns concurrently constraint create cross dec decimal default deferrable desc
    describe distinct do else end except exists extract false fetch float for foreign freeze
    from full generated glob group grouping grouping_id having ilike in initially inner inout
    int integer intersect interval into is isnull join lambda lateral leading left like limit
    map national natural nchar none not notnull null nullif numeric offset on only or order out
    outer over overlaps overlay pivot pivot_longer pivot_wider placing positional precision
    primary qualify real references returning right row rows select semi setof show similar
    smallint some struct substring summarize symmetric table tablesample then to trailing treat
    trim true try_cast tuple union unique unpack unpivot using values varchar variadic verbose
    when where window with
"""
_RESERVED: Final = frozenset(_WORDS.split())
"""Words that DuckDB, or the linter's idea of it, does not take for a column."""
NUMBERS: Final = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
"""Ends of the names of types of whole numbers."""
MOMENT: Final = ("TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE")


def quoted(name: str) -> str:
    """A column, in quotes where it is a word of SQL."""
    return f'"{name}"' if name in _RESERVED else name


def is_column(expression: str) -> bool:
    """Whether an expression is a plain name."""
    return expression.isidentifier()


def typed_literal(value: str, kind: str) -> str:
    """A value of a column's type, as SQL says it."""
    if is_number(kind):
        try:
            float(value)
        except ValueError:
            pass
        else:
            return value
    text = "'" + value.replace("'", "''") + "'"
    return text if kind == "VARCHAR" else f"{text}::{dbt_type(kind)}"


def dbt_type(kind: str) -> str:
    """A type as contracts name it."""
    return "timestamptz" if kind.upper() in MOMENT else kind.lower()


def is_number(kind: str) -> bool:
    """Whether values of a type are numbers."""
    return is_whole(kind) or kind.upper().startswith(("DOUBLE", "FLOAT", "DECIMAL"))


def is_whole(kind: str) -> bool:
    """Whether values of a type are whole numbers."""
    return kind.upper().endswith(NUMBERS)


def as_text(name: str, kind: str) -> str:
    """SQL of a value as a text that depends on no setting; empty where it is missing."""
    column = quoted(name)
    if kind.upper() in MOMENT:
        return f"coalesce(strftime(timezone('UTC', {column}), '%Y-%m-%dT%H:%M:%S.%fZ'), '')"
    return f"coalesce({column}, '')" if kind == "VARCHAR" else f"coalesce({column}::varchar, '')"
