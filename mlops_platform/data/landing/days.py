"""Tables that are cut by day."""

from __future__ import annotations

from datetime import date
from itertools import accumulate
from operator import itemgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


def rows_by_day(rows: pa.Table, column: str) -> dict[date, pa.Table]:
    """Rows of every day, without the date column by which `rows` are sorted; nothing is copied."""
    import pyarrow.compute as pc

    counts = sorted(pc.value_counts(rows.column(column)).to_pylist(), key=itemgetter("values"))
    starts = accumulate((count["counts"] for count in counts), initial=0)
    content = rows.drop_columns([column])
    return {
        count["values"]: content.slice(start, count["counts"])
        for count, start in zip(counts, starts, strict=False)
    }
