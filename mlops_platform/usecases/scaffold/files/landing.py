"""How a table lands: the YAML of its component, and what dbt is told of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from mlops_platform.data.landing.schema.types import DATE, LOCAL_TIME, MOMENT
from mlops_platform.data.profiling.profile import Dialect
from mlops_platform.usecases.scaffold.choices import (
    Choices,
    DatabaseSourceChoice,
    DbtSourceChoice,
    FileSourceChoice,
)
from mlops_platform.usecases.scaffold.files.columns import moments_of_versions, source_text
from mlops_platform.usecases.scaffold.files.commented_yaml import commented_yaml, neutral
from mlops_platform.usecases.scaffold.files.days import day_after_last
from mlops_platform.usecases.scaffold.files.names import Names
from mlops_platform.usecases.scaffold.files.sql import dbt_type

COMPONENTS: Final = "mlops_platform.components"
ROOT: Final = "attributes"
_REASONS: Final[Mapping[str, str]] = {
    "time_column": "Each row lands on the day of this time.",
    "key": "What tells the facts of a day apart.",
    "columns": "The name here, and the name at the source.",
    "types": "A value that its type cannot hold is refused, with its line; nothing is rounded.",
    "null_values": "Texts that mean that there is no value.",
    "csv": "How the text of the files is written: nothing of it is guessed.",
    "csv.timestamp_format": "Every time is written so; another one is refused, with its line.",
    "csv.date_format": "Every day is written so; another one is refused, with its line.",
    "csv.formats": "Every time of the column is written so; another one is refused.",
    "csv.two_digit_century_start": "You said so: a year of two digits is of a hundred from here.",
}
_FIELDS: Final = {"timestamp_format": (LOCAL_TIME, MOMENT, "TIMESTAMPTZ"), "date_format": (DATE,)}
"""Of a landing's `csv`, with the types that each is of."""


def landing_defs(names: Names) -> str:
    """The YAML of the component that lands the table."""
    choices = names.choices
    document = {"type": f"{COMPONENTS}.{_component(choices)}", ROOT: _attributes(names)}
    given = {**_REASONS, **_duplicates(choices), **_partitions(choices), **choices.reasons}
    dropped = [
        f"{column.name}: {(column.reason or 'not wanted').rstrip('.')}."
        for column in choices.columns
        if column.role == "dropped"
    ]
    if dropped:
        given["columns"] = "\n".join([given["columns"], "Left out are", *dropped])
    attributes = document[ROOT]
    assert isinstance(attributes, dict)
    reasons = {f"{ROOT}.{path}": why for path, why in given.items() if _is_there(path, attributes)}
    return commented_yaml(document, reasons)


def landing_source(names: Names) -> str:
    """The YAML that declares the landed table as a source of dbt."""
    choices = names.choices
    columns = [
        {
            "name": output,
            "data_type": dbt_type(kind),
            "description": _described(names, output),
        }
        for output, kind in names.types.items()
    ]
    day = {
        "name": "day",
        "data_type": "date",
        "description": f"Day of the row in {choices.timezone} (hive partition).",
    }
    table = {
        "name": choices.table,
        "description": neutral(f"Rows of {source_text(choices)}, as they land."),
        "columns": [*columns, day, *moments_of_versions()],
    }
    source = {
        "name": "landing",
        "config": {"meta": {"external_location": "read_landing('{name}')"}},
        "tables": [table],
    }
    return commented_yaml({"version": 2, "sources": [source]}, {})


def _component(choices: Choices) -> str:
    if isinstance(choices.source, DatabaseSourceChoice):
        return "DatabaseLandingComponent"
    return "SnapshotLandingComponent" if choices.time_column is None else "FolderLandingComponent"


def _attributes(names: Names) -> dict[str, Any]:
    choices = names.choices
    attributes = {
        "table": choices.table,
        "description": neutral(f"Rows of {source_text(choices)}."),
        **_place(choices),
        **_days(choices),
        "key": list(choices.key),
    }
    if choices.duplicates != "refuse":
        attributes["duplicates"] = choices.duplicates
    if choices.numbered_by is not None:
        attributes["numbered_by"] = choices.numbered_by
    if choices.clock_change != "refuse":
        attributes["clock_change"] = choices.clock_change
    attributes["columns"] = {column.output: column.name for column in names.columns}
    attributes["types"] = {
        column.output: column.type for column in names.columns if column.name != choices.time_column
    }
    if isinstance(choices.source, FileSourceChoice):
        attributes |= _text(choices.source, names)
    return {**attributes, "owners": list(choices.owners)}


def _place(choices: Choices) -> dict[str, Any]:
    source = choices.source
    assert not isinstance(source, DbtSourceChoice), "what dbt has does not land"
    if isinstance(source, FileSourceChoice):
        return {"folder": source.folder, "pattern": source.pattern}
    # The name of a variable stands for what nobody should read.
    url = f"{{{{ env('{source.url}') }}}}" if source.url.isidentifier() else source.url
    return {"url": url, "relation": source.relation}


def _days(choices: Choices) -> dict[str, Any]:
    if choices.time_column is None:
        return {"timezone": choices.timezone}
    assert choices.first_day is not None, "without it nothing is written"
    return {
        "time_column": choices.time_column,
        "partitions": {
            "start": choices.first_day.isoformat(),
            "end": day_after_last(choices).isoformat(),
            "timezone": choices.timezone,
        },
    }


def _text(source: FileSourceChoice, names: Names) -> dict[str, Any]:
    """What is to be said of CSV files, where it is not the usual."""
    said: dict[str, Any] = {}
    if source.null_values != ("",):
        said["null_values"] = list(source.null_values)
    if source.dialect is None:
        return said
    usual = Dialect().model_dump()
    unusual = {
        name: value for name, value in source.dialect.model_dump().items() if value != usual[name]
    }
    if csv := {**unusual, **_formats(names)}:
        said["csv"] = csv
    return said


def _formats(names: Names) -> dict[str, Any]:
    """How times are written: once where all columns have one format, else of each column."""
    usual: dict[str, Any] = {}
    others: dict[str, str] = {}
    for field, kinds in _FIELDS.items():
        formats = {
            column.output: column.time_format
            for column in names.columns
            if names.types[column.output] in kinds
        }
        written = {output: form for output, form in formats.items() if form is not None}
        if written and len({*formats.values()}) == 1:
            usual[field] = next(iter(written.values()))
        else:
            others |= written
    return {**usual, **({"formats": others} if others else {})}


def _duplicates(choices: Choices) -> Mapping[str, str]:
    if choices.duplicates == "number":
        text = "Equal rows are numbered: each of them counts, and nothing else tells them apart."
        return {"duplicates": text}
    if choices.duplicates == "drop":
        return {"duplicates": "Of rows that are equal in all columns one is kept."}
    return {}


def _partitions(choices: Choices) -> Mapping[str, str]:
    last: date | None = choices.last_day
    if choices.goes_on or last is None:
        return {"partitions": "Days that land; the first one is the first that has rows."}
    return {
        "partitions": (
            "Days that have rows; the end is the day after the last one. Move it when there are "
            "more."
        )
    }


def _described(names: Names, output: str) -> str:
    for column in names.columns:
        if column.output == output:
            return neutral(f"`{column.name}` of the source.")
    return "Number of a row among those that are equal to it in all columns, from 1."


def _is_there(path: str, attributes: Mapping[str, Any]) -> bool:
    first, _, rest = path.partition(".")
    if first not in attributes:
        return False
    value = attributes[first]
    return not rest or (isinstance(value, Mapping) and _is_there(rest, value))
