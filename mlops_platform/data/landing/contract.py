"""The contract of a landed table: which columns a delivery has, in which types, and how both move.

What landed first is the contract, or what was declared; it moves by lines of YAML only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final

from mlops_platform.data.engine import identifier, private_duckdb
from mlops_platform.data.landing.deliveries import (
    DELIVERY,
    FIRST,
    PARTITION_COLUMN,
    delivery_folders,
)
from mlops_platform.data.landing.landed_table import LandedTable, read_state
from mlops_platform.data.landing.schema.casting import lossy
from mlops_platform.data.landing.schema.layouts import (
    ByName,
    Columns,
    columns_of,
)
from mlops_platform.data.landing.schema.table_schema import (
    Names,
    TableSchema,
    by_every_name,
    former_names,
)
from mlops_platform.data.landing.schema.types import (
    FLOATS,
    INTEGERS,
    NULL,
    TEXT,
    common_type,
    is_wider,
    landed_type,
)
from mlops_platform.data.parquet import read_parquet_schema
from mlops_platform.errors import DataError

Schemas = tuple[TableSchema, ...]
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
NUMBER: Final = "BIGINT"
"""Type of the column that numbers rows."""


def landed_types(table_folder: Path, renamed: Mapping[str, str] = _NOTHING) -> dict[str, str]:
    """The types in which a source is read, by every name of a column; none before a first landing.

    Args:
        renamed: new names to old ones, as the table declares them now.

    Raises:
        DataError: what is kept of the table was damaged.
    """
    by_name = ByName.last_of(landed_schemas(table_folder))
    typed = {name: kind for name, kind in by_name.columns.items() if kind != NULL}
    types = by_every_name(typed, by_name.former)
    return types | {new: types[old] for new, old in renamed.items() if old in types}


def landed_schemas(table_folder: Path) -> Schemas:
    """What the deliveries of a table were held to, oldest first; none before its first landing.

    Raises:
        DataError: what is kept of the table was damaged.
    """
    return read_state(table_folder).schemas or _schemas_of_files(table_folder)


def first_files(table_folder: Path) -> list[Path]:
    """The files of the first deliveries of all days, oldest day first."""
    files = (
        delivery / f"{FIRST}.parquet"
        for day in sorted(table_folder.glob(f"{PARTITION_COLUMN}=*"))
        for delivery in delivery_folders(day)
    )
    return [file for file in files if file.is_file()]


def _schemas_of_files(table_folder: Path) -> Schemas:
    """Of a table that landed without a contract: what holds all of its files."""
    layouts = [columns_of(read_parquet_schema(file)) for file in first_files(table_folder)]
    if not layouts:
        return ()
    columns: dict[str, str] = {}
    for layout in layouts:
        for name, kind in layout.items():
            known = columns.get(name, NULL)
            common = common_type(known, kind)
            if common is None:
                raise DataError(
                    f"column '{name}' in {table_folder} landed as {known} and as {kind}, which no "
                    "type holds. Land its days anew, in one of them."
                )
            columns[name] = common
    first = TableSchema(columns=layouts[0])
    # Two schemas say that files differ from the last one.
    is_one = all(layout == columns for layout in layouts)
    return (first,) if is_one else (first, TableSchema(columns=columns))


@dataclass(frozen=True)
class Contract:
    """What the next delivery of a table is held to.

    Args:
        schemas: of the deliveries until now.
    """

    table: LandedTable
    schemas: Schemas

    def after(self, delivered: Columns, at: datetime) -> Schemas:
        """The schemas once something is delivered, which may bring one more.

        Args:
            delivered: columns and types of what comes.

        Raises:
            DataError: columns are lacking or unknown, or a declared change is impossible; says
                which line of YAML would allow what has come.
        """
        before, former = ByName.last_of(self.schemas).columns, self.former
        self._refuse_former_names(former)
        kept = self._by_present_name(before, former)
        comes = self._by_present_name(delivered, former)
        comes.pop(self.table.retracted or "", None)
        self._refuse_other_columns(kept, comes)
        ever = ByName.ever_of(self.schemas).columns
        # What was dropped must be readable again, once it comes again.
        added = {name: ever.get(name, NULL) for name in (*comes, *self._declared)}
        wanted = kept | {name: kind for name, kind in added.items() if name not in kept}
        columns = {name: self._type(name, kind, comes) for name, kind in wanted.items()}
        if self.table.numbered_by is not None:
            columns.setdefault(self.table.numbered_by, NUMBER)
        renamed = self._newly_renamed()
        if columns == before and not renamed:
            return self.schemas
        schema = TableSchema(
            columns=columns,
            renamed=renamed,
            numbered_by=self.table.numbered_by,
            since=at if self.schemas else None,
        )
        return (*self.schemas, schema)

    @property
    def former(self) -> Names:
        """Names that a delivery may have for columns, newest first, by the present one.

        Raises:
            DataError: a name cannot be changed as declared.
        """
        renamed = TableSchema(columns={}, renamed=self._newly_renamed())
        return former_names((*self.schemas, renamed))

    @property
    def _declared(self) -> list[str]:
        """Columns that have a declared type, and land."""
        apart = {*self.table.dropped, self.table.retracted}
        return [name for name in self.table.types if name not in apart]

    def _by_present_name(self, columns: Columns, former: Names) -> dict[str, str]:
        """The columns that land, by the names that they have now."""
        present = {old: new for new, older in former.items() for old in older}
        by_name: dict[str, str] = {}
        for name, kind in columns.items():
            new = present.get(name, name)
            if new not in self.table.dropped:
                by_name[new] = common_type(kind, by_name.get(new, NULL)) or kind
        return by_name

    def _newly_renamed(self) -> dict[str, str]:
        """Lines of `renamed` that no schema has yet."""
        before, known = ByName.last_of(self.schemas).columns, former_names(self.schemas)
        past = {old for older in known.values() for old in older}
        renamed = {}
        for new, old in self.table.renamed.items():
            if new in past or new in self.table.dropped or old in known.get(new, ()):
                continue
            if new in before and old in before:
                raise DataError(
                    f"renamed: {{{new}: {old}}}: both have landed, each with values of its own. "
                    "Leave the line out, or land under another name."
                )
            if before and new not in before and old not in before:
                raise DataError(
                    f"renamed: {{{new}: {old}}}: neither has landed, as {list(before)} have. "
                    "Correct the names, or leave the line out."
                )
            renamed[new] = old
        return renamed

    def _refuse_former_names(self, former: Names) -> None:
        for new, older in former.items():
            declared = [name for name in older if name in self._declared]
            if declared:
                raise DataError(
                    f"types: {{{declared[0]}: ...}}: the column is called '{new}' now. Declare "
                    "the type under that name; what is new needs another."
                )

    def _refuse_other_columns(self, kept: Columns, comes: Columns) -> None:
        lands = {*kept, *self._declared}
        number = self.table.numbered_by
        if number in comes:
            raise DataError(
                f"numbered_by: column '{number}' comes with the delivery. Name another one."
            )
        may_lack = {*self.table.optional, number}
        unknown = [name for name in comes if self.schemas and name not in lands]
        lacking = [name for name in lands if name not in comes and name not in may_lack]
        if unknown:
            [name, *_], kind = unknown, comes[unknown[0]]
            raise DataError(
                f"columns {unknown} are new; it has {list(kept)}. Land one with "
                f"`types: {{{name}: {TEXT if kind == NULL else kind}}}`, or leave it out with "
                f"`dropped: [{name}]`{_or_renamed(name, lacking)}."
            )
        if lacking:
            [name, *_] = sorted(lacking)
            raise DataError(
                f"columns {sorted(lacking)} are lacking; what comes has {list(comes)}. "
                f"Deliver them; or let deliveries lack one with `optional: [{name}]`, or take it "
                f"out of the table with `dropped: [{name}]`."
            )

    def _type(self, name: str, kind: str, comes: Columns) -> str:
        """The type of a column, which has one already unless it is NULL."""
        if name not in self.table.types:
            known = comes.get(name, NULL) if kind == NULL else kind
            if known == NULL:
                raise DataError(
                    f"column '{name}' has no value yet, which says nothing of its type. Declare "
                    f"it, for example `types: {{{name}: {TEXT}}}`."
                )
            return known
        declared = landed_type(self.table.types[name])
        if declared == kind or is_wider(declared, kind):
            return declared
        raise DataError(
            f"types: {{{name}: {declared}}}: it has landed as {kind}, and {declared} does not hold "
            f"all of that. Declare {kind}, or a type that does; or land it under another name."
        )


def _or_renamed(name: str, lacking: Sequence[str]) -> str:
    if not lacking:
        return ""
    old = next((old for old in lacking if old.lower() == name.lower()), min(lacking))
    return f"; if it is '{old}' under a new name, declare `renamed: {{{name}: {old}}}`"


def refuse_ambiguous_names(names: Sequence[str]) -> None:
    """Refuse names that DuckDB cannot tell apart.

    Raises:
        DataError: a name is empty, or another one but for its case.
    """
    if any(not name.strip() for name in names):
        raise DataError(
            f"a column has an empty name, beside {[name for name in names if name]}. "
            "Name it at the source."
        )
    by_plain: dict[str, list[str]] = {}
    for name in names:
        by_plain.setdefault(name.lower(), []).append(name)
    alike = next((same for same in by_plain.values() if len(same) > 1), None)
    if alike is not None:
        raise DataError(
            f"columns {alike} have one name: case makes no difference. Rename them at the source, "
            "or give one another name under `columns`."
        )


def refuse_inexact(table_folder: Path, schemas: Schemas, after: Schemas) -> None:
    """Refuse a wider type that would not hold every value that has landed.

    Raises:
        DataError: a whole number has more digits than the new type.
    """
    before, present = ByName.ever_of(schemas).columns, ByName.last_of(after)
    for name, kind in present.columns.items():
        have = next((before[old] for old in present.names_in(name, before)), kind)
        if have not in INTEGERS or kind not in FLOATS:
            continue
        files = sorted(table_folder.glob(f"{PARTITION_COLUMN}=*/{DELIVERY}=*/[!.]*.parquet"))
        rows = present.with_columns({name: have}).files(files)
        condition = lossy(identifier(name), kind, have)
        with private_duckdb() as connection:
            value = connection.execute(
                f"SELECT {identifier(name)} FROM ({rows}) WHERE {condition} LIMIT 1"
            ).fetchone()
        if value is not None:
            raise DataError(
                f"types: {{{name}: {kind}}}: {value[0]} has landed, and {kind} has not all of its "
                f"digits. Declare `types: {{{name}: {TEXT}}}`."
            )
