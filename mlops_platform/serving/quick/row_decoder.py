"""Bodies of rows, decoded in one step: only those about which there is no doubt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import UNSET, Meta, UnsetType

from mlops_platform.column_kind import LARGEST_NUMBER
from mlops_platform.serving.schema import (
    MAX_TEXT,
    BooleanColumn,
    FeatureColumn,
    FeatureSchema,
    NumericColumn,
    TextColumn,
)


class DecodedRow(NamedTuple):
    """One row.

    Args:
        values: in the order of the schema.
    """

    values: tuple[Any, ...]
    entity: str | None


class DecodedBatch(NamedTuple):
    """Some rows, by the values of each column, in the order of the schema."""

    columns: Sequence[Sequence[Any]]
    entities: Sequence[str | None]


class _Found(NamedTuple):
    """What a batch holds.

    Args:
        names: how many were sent.
    """

    columns: Sequence[Sequence[Any]]
    entities: Sequence[str | None]
    names: int


class RowDecoder:
    """Decodes what the typed request of a model takes, and nothing that it refuses.

    It takes less: a body with an escape, for one. What it takes it reads to the same values; the
    tests compare both on thousands of bodies.

    Args:
        max_rows: of one batch.
    """

    def __init__(self, schema: FeatureSchema, max_rows: int = 1) -> None:
        names = [f"f{position}" for position in range(len(schema.columns))]
        fields: list[tuple[str, Any] | tuple[str, Any, Any]] = [
            (name, _type(column)) for name, column in zip(names, schema.columns, strict=True)
        ]
        fields.append(("entity", _Text | None | UnsetType, UNSET))
        # Columns may be called what Python or msgspec keep for themselves.
        sent = dict(zip((*names, "entity"), (*schema.names, schema.entity), strict=True))
        row = msgspec.defstruct("Row", fields, rename=sent, forbid_unknown_fields=True, gc=False)
        bounds = Meta(min_length=1, max_length=max_rows)
        rows = Annotated[list[row], bounds]  # type: ignore[valid-type]
        listed: list[tuple[str, Any] | tuple[str, Any, Any]] = [
            (name, Annotated[list[kind], bounds])  # type: ignore[valid-type]
            for name, kind in zip(names, map(_type, schema.columns), strict=True)
        ]
        listed.append(("entity", Annotated[list[_Text | None], bounds] | UnsetType, UNSET))
        columns = msgspec.defstruct(
            "Columns", listed, rename=sent, forbid_unknown_fields=True, gc=False
        )
        forms = [("rows", rows | UnsetType, UNSET), ("columns", columns | UnsetType, UNSET)]
        batch = msgspec.defstruct("Batch", forms, forbid_unknown_fields=True, gc=False)
        self._decode = msgspec.json.Decoder(row).decode
        self._decode_batch: Callable[[bytes], Any] = msgspec.json.Decoder(batch).decode
        self._astuple = msgspec.structs.astuple
        self._names = len(names)
        self._texts = tuple(
            position
            for position, column in enumerate(schema.columns)
            if column.column_kind.json_type is str
        )

    def row(self, body: bytes) -> DecodedRow | None:
        """The row of a body; None where it may be none, or may mean another one."""
        if b"\\" in body:
            return None
        try:
            *values, entity = self._astuple(self._decode(body))
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None
        # Without escapes two quotation marks make a string. More than those of the names and the
        # texts that were found, and a name is there twice.
        strings = self._names
        for position in self._texts:
            if values[position] is not None:
                strings += 1
        if entity is None:
            strings += 1
        elif entity is UNSET:
            entity = None
        else:
            strings += 2
        if body.count(b'"') != 2 * strings:
            return None
        return DecodedRow(tuple(values), entity)

    def batch(self, body: bytes) -> DecodedBatch | None:
        """The rows of a body, whichever way it gives them.

        None where one may be none, or may mean another one.
        """
        if b"\\" in body:
            return None
        try:
            sent = self._decode_batch(body)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None
        if (sent.rows is UNSET) == (sent.columns is UNSET):
            return None
        found = self._of_columns(sent.columns) if sent.rows is UNSET else self._of_rows(sent.rows)
        columns, entities, names = found
        count = len(entities)
        if any(len(column) != count for column in columns):
            return None
        strings = 1 + names + count - entities.count(None)
        for position in self._texts:
            strings += count - columns[position].count(None)
        if body.count(b'"') != 2 * strings:
            return None
        return DecodedBatch(columns, entities)

    def _of_rows(self, rows: Sequence[Any]) -> _Found:
        *columns, entities = zip(*map(self._astuple, rows), strict=True)
        names = len(rows) * (self._names + 1) - entities.count(UNSET)
        named = [None if entity is UNSET else entity for entity in entities]
        return _Found(columns, named, names)

    def _of_columns(self, sent: Any) -> _Found:
        *columns, entities = self._astuple(sent)
        if entities is UNSET:
            return _Found(columns, [None] * len(columns[0]), self._names)
        return _Found(columns, entities, self._names + 1)


_Text = Annotated[str, Meta(max_length=MAX_TEXT)]
_Number = Annotated[float, Meta(ge=-LARGEST_NUMBER, le=LARGEST_NUMBER)]


def _type(column: FeatureColumn) -> Any:
    """As `http.request` types it; a NUL can only be sent as an escape."""
    kind = _kind(column)
    return kind | None if column.missing_allowed else kind


def _kind(column: FeatureColumn) -> Any:
    if isinstance(column, NumericColumn):
        return _Number
    if isinstance(column, BooleanColumn):
        return bool
    if isinstance(column, TextColumn):
        return Annotated[str, Meta(max_length=column.max_characters)]
    return _Text
