"""The typed request of one model, generated from its feature schema."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, NotRequired

from pydantic import ConfigDict, Field, TypeAdapter, with_config
from typing_extensions import TypedDict

from mlops_platform.column_kind import LARGEST_NUMBER
from mlops_platform.serving.frames import Row
from mlops_platform.serving.schema import (
    MAX_TEXT,
    BooleanColumn,
    CategoricalColumn,
    FeatureColumn,
    FeatureSchema,
    NumericColumn,
    TextColumn,
)
from mlops_platform.tasks import Expansion, Task

NO_NUL = r"^[^\x00]*$"
"""NumPy drops trailing NULs of strings: with one, an unknown category could pass for a known."""
LISTED_CATEGORIES = 20

# Typed dictionaries, not models: a column may be called what a model calls a method, and a row
# is used as the dictionary that validation makes.
_STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
_Text = Annotated[str, Field(max_length=MAX_TEXT, pattern=NO_NUL)]
_Number = Annotated[float, Field(ge=-LARGEST_NUMBER, le=LARGEST_NUMBER)]

Json = dict[str, Any]


@dataclass(frozen=True)
class ExpandedType:
    """What names many rows at once, and how it does.

    Args:
        body: a text for every field of the expansion.
    """

    expansion: Expansion
    body: TypeAdapter[Json]


@dataclass(frozen=True)
class RequestTypes:
    """What the endpoints of one model take.

    Args:
        row: one row, by column name; the entity may be left out.
        batch: `{"rows": [...]}`.
        columns: `{"columns": {...}}`, the values of each column.
        entity: the entity alone.
        expanded: None where the task composes no entities.
    """

    row: TypeAdapter[Json]
    batch: TypeAdapter[Json]
    columns: TypeAdapter[Json]
    entity: TypeAdapter[Json]
    expanded: ExpandedType | None = None


def request_types(
    schema: FeatureSchema,
    max_rows: int,
    example: Row | None = None,
    task: Task | None = None,
) -> RequestTypes:
    """Type the requests: every feature is there, null where it may be missing.

    Args:
        max_rows: of one batch.
        example: a row that the documentation shows.
        task: what it says of columns, and of requests that name many rows.
    """
    known_ahead = () if task is None else task.known_ahead
    expansion = None if task is None else task.expansion
    described = {column.name: _described(column, known_ahead) for column in schema.columns}
    row = _row(schema, described, example)
    return RequestTypes(
        row=TypeAdapter(row),
        batch=TypeAdapter(_batch(schema, row, max_rows)),
        columns=TypeAdapter(_columns(schema, described, max_rows, example)),
        entity=TypeAdapter(_entity(schema)),
        expanded=None if expansion is None else _expanded(schema, expansion),
    )


def _row(schema: FeatureSchema, described: Mapping[str, str], example: Row | None) -> Any:
    key = "Key of the row, echoed in the answer. Not a feature; may be left out."
    fields: Json = {schema.entity: NotRequired[Annotated[_Text | None, Field(description=key)]]}
    fields |= {column.name: _field(column, described[column.name]) for column in schema.columns}
    return _typed(f"{_title(schema)}Row", fields, {"example": example} if example else {})


def _batch(schema: FeatureSchema, row: Any, max_rows: int) -> Any:
    bounds = Field(min_length=1, max_length=max_rows, description=f"1 to {max_rows} rows.")
    return _typed(f"{_title(schema)}Batch", {"rows": Annotated[list[row], bounds]})


def _columns(
    schema: FeatureSchema, described: Mapping[str, str], max_rows: int, example: Row | None
) -> Any:
    bounds = Field(min_length=1, max_length=max_rows)
    keys = Field(description="Keys of the rows, echoed in the answer; may be left out.")
    entities = Annotated[list[_Text | None], bounds, keys]
    fields: Json = {schema.entity: NotRequired[entities]}
    for column in schema.columns:
        values = list[_allowed(column)]  # type: ignore[misc, valid-type]
        said = Field(description=described[column.name])
        fields[column.name] = Annotated[values, bounds, said]
    shown = {"example": {name: [value] for name, value in example.items()}} if example else {}
    listed = _typed(f"{_title(schema)}ColumnValues", fields, shown)
    meaning = f"1 to {max_rows} rows by their columns: every list has a value for each row."
    named = Annotated[listed, Field(description=meaning)]  # type: ignore[valid-type]
    return _typed(f"{_title(schema)}Columns", {"columns": named})


def _entity(schema: FeatureSchema) -> Any:
    described = Field(min_length=1, description="Key whose latest features are scored.")
    return _typed(f"{_title(schema)}Entity", {schema.entity: Annotated[_Text, described]})


def _expanded(schema: FeatureSchema, expansion: Expansion) -> ExpandedType:
    described = Field(
        min_length=1,
        description=f"What keys of the form `{expansion.template}` have in its place, as text.",
    )
    fields = dict.fromkeys(expansion.fields, Annotated[_Text, described])
    body = _typed(f"{_title(schema)}{expansion.route.capitalize()}", fields)
    return ExpandedType(expansion, TypeAdapter(body))


def _typed(name: str, fields: Json, documented: Json | None = None) -> Any:
    config = ConfigDict(**_STRICT, json_schema_extra=documented or {})
    return with_config(config)(TypedDict(name, fields))  # type: ignore[operator]


def _title(schema: FeatureSchema) -> str:
    return "".join(part.capitalize() for part in schema.model.split("_"))


def _field(column: FeatureColumn, text: str) -> Any:
    return Annotated[_allowed(column), Field(description=text, examples=_examples(column) or None)]


def _described(column: FeatureColumn, known_ahead: Collection[str]) -> str:
    missing = " Null where it is not known." if column.missing_allowed else " Never null."
    ahead = " Known ahead, for the step that is forecast." if column.name in known_ahead else ""
    return _seen(column) + missing + ahead


def _allowed(column: FeatureColumn) -> Any:
    kind = _type(column)
    return kind | None if column.missing_allowed else kind


def _type(column: FeatureColumn) -> Any:
    if isinstance(column, NumericColumn):
        return _Number
    if isinstance(column, BooleanColumn):
        return bool
    if isinstance(column, TextColumn):
        return Annotated[str, Field(max_length=column.max_characters)]
    return _Text


def _seen(column: FeatureColumn) -> str:
    if isinstance(column, BooleanColumn):
        return "True or false."
    if isinstance(column, TextColumn):
        return f"Text of at most {column.max_characters} characters."
    if isinstance(column, NumericColumn):
        if column.minimum is None:
            return "Number, always missing in training."
        return f"Number, {column.minimum:g} to {column.maximum:g} in training."
    if column.categories is None:
        return "String with too many categories in training to list."
    if not column.categories:
        return "String, always missing in training."
    listed = ", ".join(column.categories[:LISTED_CATEGORIES])
    more = ", ..." if len(column.categories) > LISTED_CATEGORIES else ""
    return f"String, {len(column.categories)} categories in training: {listed}{more}."


def _examples(column: FeatureColumn) -> list[Any]:
    if isinstance(column, CategoricalColumn):
        return list(column.categories or ())[:LISTED_CATEGORIES]
    if isinstance(column, NumericColumn):
        return [v for v in dict.fromkeys((column.minimum, column.maximum)) if v is not None]
    return [column.column_kind.example]
