"""Columns as dbt is told of them: name, type and description."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlops_platform.usecases.scaffold.choices import (
    Choices,
    ColumnChoice,
    DatabaseSourceChoice,
    DbtSourceChoice,
)
from mlops_platform.usecases.scaffold.files.commented_yaml import neutral
from mlops_platform.usecases.scaffold.files.names import DELIVERED_AT, KNOWN_AT, SUPERSEDED_AT
from mlops_platform.usecases.scaffold.files.sql import quoted

NOT_NULL = [{"type": "not_null"}]


def column(name: str, data_type: str, description: str, **more: Any) -> dict[str, Any]:
    """One column; a word of SQL is quoted."""
    quote = {"quote": True} if quoted(name) != name else {}
    return {
        "name": name,
        **quote,
        "data_type": data_type,
        "description": neutral(description),
        **more,
    }


def moments_of_versions() -> list[dict[str, Any]]:
    """Columns that every landed table has."""
    return [
        column(DELIVERED_AT, "timestamptz", "When the row arrived."),
        column(KNOWN_AT, "timestamptz", "From when on this version of the row was known."),
        superseded(),
    ]


def superseded() -> dict[str, Any]:
    """Until when a version stood."""
    return column(
        SUPERSEDED_AT,
        "timestamptz",
        "Until when this version was what was known; NULL for the present one.",
    )


def source_text(choices: Choices) -> str:
    """Where rows come from, in words."""
    source = choices.source
    if isinstance(source, DatabaseSourceChoice):
        return f"the table {source.relation}"
    if isinstance(source, DbtSourceChoice):
        return f"the dbt model {source.model}"
    return f"{source.pattern} in {source.folder}"


def description(of: ColumnChoice) -> str:
    """What a column is, for who reads the tables."""
    sentences = [f"`{of.name}` of the source"]
    if of.missing_as:
        sentences.append(f"NULL where that is {' or '.join(of.missing_as)}")
    return "; ".join(sentences) + "."


def key_list(columns: Sequence[str]) -> list[str]:
    """Columns as arguments of macros and data tests, which put them into SQL as they are."""
    return [quoted(name) for name in columns]
