"""Rows and files of several layouts, read by the names and types of one schema.

No file is written again when a schema moves: whoever reads casts, by what each file has.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mlops_platform.data.engine import identifier, literal
from mlops_platform.data.landing.schema.table_schema import Names
from mlops_platform.data.landing.schema.types import NULL, duckdb_type
from mlops_platform.data.parquet import read_parquet_schema
from mlops_platform.data.parquet_files import FILE, escaped
from mlops_platform.data.types import canonical_schema

if TYPE_CHECKING:
    import pyarrow as pa

Columns = Mapping[str, str]
"""Names to types, as DuckDB calls them."""
FILE_COLUMN: Final = identifier(FILE)


def columns_of(schema: pa.Schema) -> dict[str, str]:
    """Columns and their types, as DuckDB calls what is canonical of them.

    Raises:
        DataError: a column has no canonical type.
    """
    return {field.name: duckdb_type(field.type) for field in canonical_schema(schema)}


def sources_of(column: str, have: Columns, former: Names) -> list[str]:
    """The names, newest first, under which rows have a column; none where they lack it."""
    return [name for name in (column, *former.get(column, ())) if name in have]


def selected(columns: Columns, have: Columns, former: Names) -> str:
    """Write what stands after SELECT, so that rows have the names and types of a schema.

    Args:
        columns: of the schema.
        have: of the rows.
    """
    return ", ".join(
        f"{_value(kind, sources_of(name, have, former), have)} AS {identifier(name)}"
        for name, kind in columns.items()
    )


def _value(kind: str, sources: Sequence[str], have: Columns) -> str:
    values = [_cast(identifier(source), kind, have[source]) for source in sources]
    match values:
        case []:
            return _cast(NULL, kind, NULL)
        case [value]:
            return value
        case _:
            return f"coalesce({', '.join(values)})"


def _cast(value: str, kind: str, have: str) -> str:
    return value if have == kind else f"CAST({value} AS {kind})"


def rows_by_name(files: Sequence[Path], columns: Columns, former: Names) -> str:
    """Write the SQL of the rows of some files by the columns of a schema, and of their file."""
    by_layout: defaultdict[tuple[tuple[str, str], ...], list[Path]] = defaultdict(list)
    for file in files:
        layout = columns_of(read_parquet_schema(file))
        by_layout[tuple(sorted(layout.items()))].append(file)
    return " UNION ALL ".join(
        f"SELECT {selected(columns, dict(layout), former)}, {FILE_COLUMN} FROM {_read(of_layout)}"
        for layout, of_layout in by_layout.items()
    )


def _read(files: Sequence[Path]) -> str:
    listed = ", ".join(literal(escaped(file)) for file in files)
    return (
        f"read_parquet([{listed}], union_by_name = false, hive_partitioning = false, "
        f"filename = {literal(FILE)})"
    )
