"""TableSchema: the columns of a landed table from a moment on, and what became of those before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import Field

from mlops_platform.record import Record, left_out_where_empty


class TableSchema(Record):
    """What every delivery of a table is held to.

    Args:
        columns: names to types, as DuckDB calls them, in the order in which they land.
        renamed: names to those that older files, or deliveries, have for them.
        numbered_by: column that numbers equal rows; rows of before, which has none, are 1 of 1.
        since: moment of the delivery that brought it; None of the first one.
    """

    columns: Mapping[str, str]
    renamed: Mapping[str, str] = Field(default={}, exclude_if=left_out_where_empty)
    numbered_by: str | None = Field(default=None, exclude_if=left_out_where_empty)
    since: datetime | None = None


Names = Mapping[str, tuple[str, ...]]
"""Names that a column has had in older files, newest first, by its present one."""


def former_names(schemas: Sequence[TableSchema]) -> dict[str, tuple[str, ...]]:
    """What the columns of the last of some schemas, which follow each other, were called before."""
    former: dict[str, tuple[str, ...]] = {}
    for schema in schemas:
        before = dict(former)
        for new, old in schema.renamed.items():
            former.pop(old, None)
            former[new] = (old, *before.get(old, ()), *before.get(new, ()))
    return former


def by_every_name(types: Mapping[str, str], former: Names) -> dict[str, str]:
    """Types of columns, also by the names that these have had."""
    before = {old: types[new] for new, older in former.items() if new in types for old in older}
    return {**before, **types}
