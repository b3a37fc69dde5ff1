"""SQL of names and values, as it stands in the files of a dbt project."""

from __future__ import annotations

from typing import Final

_RESERVED: Final = frozenset(
    [
        "all",
        "analyse",
        "analyze",
        "and",
        "any",
        "array",
        "as",
        "asc",
        "asymmetric",
        "both",
        "case",
        "cast",
        "check",
        "collate",
        "column",
        "constraint",
        "create",
        "default",
        "deferrable",
        "desc",
        "describe",
        "distinct",
        "do",
        "else",
        "end",
        "except",
        "false",
        "fetch",
        "for",
        "foreign",
        "from",
        "group",
        "having",
        "in",
        "initially",
        "intersect",
        "into",
        "lambda",
        "lateral",
        "leading",
        "limit",
        "not",
        "null",
        "offset",
        "on",
        "only",
        "or",
        "order",
        "pivot",
        "pivot_longer",
        "pivot_wider",
        "placing",
        "primary",
        "qualify",
        "references",
        "returning",
        "select",
        "show",
        "some",
        "summarize",
        "symmetric",
        "table",
        "then",
        "to",
        "trailing",
        "true",
        "union",
        "unique",
        "unpivot",
        "using",
        "variadic",
        "when",
        "where",
        "window",
        "with",
        "anti",
        "asof",
        "at",
        "authorization",
        "between",
        "bigint",
        "binary",
        "bit",
        "boolean",
        "by",
        "char",
        "character",
        "coalesce",
        "collation",
        "columns",
        "concurrently",
        "cross",
        "dec",
        "decimal",
        "exists",
        "extract",
        "float",
        "freeze",
        "full",
        "generated",
        "glob",
        "grouping",
        "grouping_id",
        "ilike",
        "inner",
        "inout",
        "int",
        "integer",
        "interval",
        "is",
        "isnull",
        "join",
        "left",
        "like",
        "map",
        "national",
        "natural",
        "nchar",
        "none",
        "notnull",
        "nullif",
        "numeric",
        "out",
        "outer",
        "over",
        "overlaps",
        "overlay",
        "positional",
        "precision",
        "real",
        "right",
        "row",
        "rows",
        "semi",
        "setof",
        "similar",
        "smallint",
        "struct",
        "substring",
        "tablesample",
        "treat",
        "trim",
        "try_cast",
        "tuple",
        "unpack",
        "values",
        "varchar",
        "verbose",
    ]
)
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
