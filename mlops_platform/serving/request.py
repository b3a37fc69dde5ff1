"""The typed request of one model, generated from its feature schema."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, create_model

from mlops_platform.serving.frames import Row
from mlops_platform.serving.schema import CategoricalColumn, Column, FeatureSchema, NumericColumn

MAX_TEXT = 256
NO_NUL = r"^[^\x00]*$"
"""NumPy drops trailing NULs of strings: with one, an unknown category could pass for a known."""
LISTED_CATEGORIES = 20

_STRICT = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)
_Text = Annotated[str, Field(max_length=MAX_TEXT, pattern=NO_NUL)]


class RowRequest(BaseModel):
    """One row to score; a model's own subclass has one field per feature.

    Attributes are numbered and only the aliases carry the columns' names, because a column may be
    called what pydantic or BentoML call a method (`copy`, `media_type`).
    """

    model_config = _STRICT

    def columns(self) -> dict[str, Any]:
        """Values by column name, the entity included; None where missing."""
        return self.model_dump(by_alias=True)


class BatchRequest(BaseModel):
    """Rows to score in one call; a model's own subclass types and bounds them."""

    model_config = _STRICT

    rows: list[Any]


def row_request(schema: FeatureSchema, example: Row | None = None) -> type[RowRequest]:
    """Type one row: every feature is required, null only where training saw it.

    Args:
        example: a row that the documentation shows.
    """
    fields: dict[str, Any] = {
        "entity": (
            _Text | None,
            Field(
                default=None,
                alias=schema.entity,
                description="Key of the row, echoed in the answer. Not a feature; may be left out.",
                json_schema_extra=_nullable,
            ),
        )
    }
    for position, column in enumerate(schema.columns):
        fields[f"column_{position}"] = _field(column)
    shown = {"json_schema_extra": {"example": example}} if example else {}
    return create_model(f"{_title(schema)}Row", __base__=RowRequest, __cls_kwargs__=shown, **fields)


def batch_request(
    schema: FeatureSchema, row: type[RowRequest], max_rows: int
) -> type[BatchRequest]:
    """Type a batch of 1 to `max_rows` rows."""
    rows = (
        list[row],  # type: ignore[valid-type]
        Field(min_length=1, max_length=max_rows, description=f"1 to {max_rows} rows."),
    )
    return create_model(f"{_title(schema)}Batch", __base__=BatchRequest, rows=rows)


def _title(schema: FeatureSchema) -> str:
    return "".join(part.capitalize() for part in schema.model.split("_"))


def _field(column: Column) -> tuple[Any, Any]:
    kind = float if isinstance(column, NumericColumn) else _Text
    missing = " Null where it is not known." if column.missing_allowed else " Never null."
    return (
        kind | None if column.missing_allowed else kind,
        Field(
            alias=column.name,
            description=_seen(column) + missing,
            examples=_examples(column) or None,
            json_schema_extra=_nullable if column.missing_allowed else None,
        ),
    )


def _seen(column: Column) -> str:
    if isinstance(column, NumericColumn):
        if column.minimum is None:
            return "Number, always missing in training."
        return f"Number, {column.minimum:g} to {column.maximum:g} in training."
    if column.categories is None:
        return "String with too many categories in training to list."
    listed = ", ".join(column.categories[:LISTED_CATEGORIES])
    more = ", ..." if len(column.categories) > LISTED_CATEGORIES else ""
    return f"String, {len(column.categories)} categories in training: {listed}{more}."


def _examples(column: Column) -> list[Any]:
    if isinstance(column, CategoricalColumn):
        return list(column.categories or ())[:LISTED_CATEGORIES]
    return [v for v in dict.fromkeys((column.minimum, column.maximum)) if v is not None]


def _nullable(field: dict[str, Any]) -> None:
    """Say "or null" as OpenAPI 3.0 does, which has no null type."""
    branches = field.pop("anyOf")
    field.update(next(branch for branch in branches if branch != {"type": "null"}), nullable=True)
