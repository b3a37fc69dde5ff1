"""Canonical Arrow types: one spelling of what engines express in several."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_platform.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa


def in_canonical_types(table: pa.Table) -> pa.Table:
    """Cast to plain strings, UTC and whole microseconds; numbers keep their width.

    Raises:
        DataError: a column is nested or otherwise without canonical type, or has times finer than
            a microsecond.
    """
    import pyarrow as pa

    canonical = canonical_schema(table.schema)
    try:
        return table.cast(canonical)
    except pa.ArrowInvalid as error:
        raise DataError(
            f"values do not fit {[str(field) for field in canonical]} ({error}). "
            "Round times to whole microseconds."
        ) from error


def canonical_schema(schema: pa.Schema) -> pa.Schema:
    """The same columns in their canonical types.

    Raises:
        DataError: a column is nested or otherwise without canonical type.
    """
    import pyarrow as pa

    return pa.schema([pa.field(field.name, _canonical(field)) for field in schema])


def _canonical(field: pa.Field) -> pa.DataType:
    import pyarrow as pa
    import pyarrow.types as pt

    kind = field.type.value_type if pt.is_dictionary(field.type) else field.type
    if pt.is_string(kind) or pt.is_large_string(kind) or pt.is_string_view(kind):
        return pa.string()
    if pt.is_timestamp(kind):
        return pa.timestamp("us", tz="UTC" if kind.tz else None)
    if pt.is_date(kind):
        return pa.date32()
    if pt.is_boolean(kind) or pt.is_integer(kind) or pt.is_floating(kind) or pt.is_null(kind):
        return kind
    raise DataError(
        f"column '{field.name}' has type {field.type}, which has no canonical form. "
        "Cast it to a number, boolean, string, date or timestamp where it is made."
    )
