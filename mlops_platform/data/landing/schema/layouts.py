"""Rows and files of several layouts, read by the names and types of one schema.

No file is written again when a schema moves: whoever reads casts, by what each file has.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from mlops_platform.data.engine import identifier, literal, private_duckdb
from mlops_platform.data.landing.schema.table_schema import Names, TableSchema, former_names
from mlops_platform.data.landing.schema.types import NULL, arrow_type, duckdb_type
from mlops_platform.data.parquet import read_parquet_schema
from mlops_platform.data.parquet_files import FILE, escaped
from mlops_platform.data.types import canonical_schema

if TYPE_CHECKING:
    import pyarrow as pa

Columns = Mapping[str, str]
"""Names to types, as DuckDB calls them."""


def columns_of(schema: pa.Schema) -> dict[str, str]:
    """Columns and their types, as DuckDB calls what is canonical of them.

    Raises:
        DataError: a column has no canonical type.
    """
    return {field.name: duckdb_type(field.type) for field in canonical_schema(schema)}


@dataclass(frozen=True)
class ByName:
    """Reads rows of any layout by the columns of one schema; what they lack is NULL.

    Args:
        columns: names to types.
        former: older names of columns, by which rows may have them.
        number: column that numbers equal rows; where rows lack it, each was the only one.
    """

    columns: Columns
    former: Names
    number: str | None = None

    @classmethod
    def last_of(cls, schemas: Sequence[TableSchema]) -> Self:
        """By the present columns of a table; none before anything has landed."""
        if not schemas:
            return cls({}, {})
        return cls(schemas[-1].columns, former_names(schemas), schemas[-1].numbered_by)

    @classmethod
    def ever_of(cls, schemas: Sequence[TableSchema]) -> Self:
        """By the present columns of a table, and by those that were dropped."""
        present = cls.last_of(schemas)
        renamed = {old for older in present.former.values() for old in older}
        ever = {name: kind for schema in schemas for name, kind in schema.columns.items()}
        columns = {name: ever[name] for name in ever if name not in renamed}
        return cls(columns, present.former, present.number)

    def with_columns(self, columns: Columns) -> Self:
        """By other columns of the same table, such as those that a delivery had."""
        former = {
            name: older[position:]
            for new, older in self.former.items()
            for position, name in enumerate((new, *older))
        }
        numbers = self.names_of(self.number) if self.number is not None else ()
        return type(self)(columns, former, next(iter(set(numbers).intersection(columns)), None))

    def names_in(self, column: str, have: Collection[str]) -> list[str]:
        """The names, newest first, under which rows have a column; none where they lack it."""
        return [name for name in self.names_of(column) if name in have]

    def names_of(self, column: str) -> tuple[str, ...]:
        """The names that a column has and had, newest first."""
        return (column, *self.former.get(column, ()))

    def called(self, names: Iterable[str]) -> str | None:
        """The column that is or was called by one of some names; None where none is."""
        asked = set(names)
        return next(
            (name for name in self.columns if asked.intersection(self.names_of(name))), None
        )

    def moved(self, have: Columns) -> list[str]:
        """Columns that rows have in another type, under other names, or not at all."""
        return [
            name
            for name, kind in self.columns.items()
            if self.names_in(name, have) != [name] or have[name] != kind
        ]

    def rows(self, rows: pa.Table) -> pa.Table:
        """Read rows, in their order."""
        import pyarrow as pa

        have, rows = columns_of(rows.schema), without_halves(rows)
        if not self.moved(have):
            return rows.select(list(self.columns))
        schema = pa.schema([(name, arrow_type(kind)) for name, kind in self.columns.items()])
        with private_duckdb() as connection:
            connection.register("rows_of_another_layout", rows)
            query = f"SELECT {self.selected(have)} FROM rows_of_another_layout"
            return connection.sql(query).to_arrow_table().cast(schema)

    def files(self, files: Sequence[Path], *added: str) -> str:
        """Write the SQL of the rows of some files.

        Args:
            added: what else is selected, of the column `FILE`: here, a condition on it decides
                which files are opened.
        """
        return " UNION ALL ".join(
            f"SELECT {', '.join((self.selected(_columns_of(of_layout[0])), *added))} "
            f"FROM {_read(of_layout)}"
            for of_layout in files_by_layout(files)
        )

    def selected(self, have: Columns) -> str:
        """Write what stands after SELECT, for rows that have some columns."""
        return ", ".join(
            f"{self._value(name, kind, have)} AS {identifier(name)}"
            for name, kind in self.columns.items()
        )

    def _value(self, column: str, kind: str, have: Columns) -> str:
        sources = self.names_in(column, have)
        values = [_cast(identifier(source), have[source], kind) for source in sources]
        match values:
            case [] if column == self.number:
                return f"CAST(1 AS {kind})"
            case []:
                return _cast(NULL, NULL, kind)
            case [value]:
                return value
            case _:
                return f"coalesce({', '.join(values)})"


def without_halves(rows: pa.Table) -> pa.Table:
    """The same with FLOAT for half floats, which DuckDB takes from files, but not from Arrow."""
    import pyarrow as pa

    for position, field in enumerate(rows.schema):
        if pa.types.is_float16(field.type):
            single = rows.column(position).cast(pa.float32())
            rows = rows.set_column(position, field.name, single)
    return rows


def _columns_of(file: Path) -> dict[str, str]:
    return columns_of(read_parquet_schema(file))


def files_by_layout(files: Iterable[Path]) -> list[list[Path]]:
    """Files that have the same columns in the same types, whatever their order, together."""
    by_layout: defaultdict[frozenset[tuple[str, str]], list[Path]] = defaultdict(list)
    for file in files:
        by_layout[frozenset(_columns_of(file).items())].append(file)
    return list(by_layout.values())


def _cast(value: str, have: str, kind: str) -> str:
    return value if have == kind else f"CAST({value} AS {kind})"


def _read(files: Sequence[Path]) -> str:
    listed = ", ".join(literal(escaped(file)) for file in files)
    return f"read_parquet([{listed}], hive_partitioning = false, filename = {literal(FILE)})"
