"""Tables that are cut by day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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


def tables_by_day(
    batches: pa.RecordBatchReader, column: str, days: Iterable[date]
) -> Iterator[tuple[date, pa.Table]]:
    """Rows of each of `days`, without the date column; one day is in memory at a time.

    Args:
        batches: sorted by the date column, which has no others than these days.
        days: in order; of one without rows the table is empty.
    """
    import pyarrow as pa

    content = pa.schema([field for field in batches.schema if field.name != column])
    parts = _parts(batches, column)
    day, rows = next(parts, (None, None))
    for wanted in days:
        of_day = []
        while day == wanted:
            of_day.append(rows)
            day, rows = next(parts, (None, None))
        yield wanted, pa.concat_tables([content.empty_table(), *of_day])


def _parts(
    batches: pa.RecordBatchReader, column: str
) -> Iterator[tuple[date | None, pa.Table | None]]:
    """The rows of each day in each batch, in order."""
    import pyarrow as pa

    for batch in batches:
        yield from rows_by_day(pa.Table.from_batches([batch]), column).items()
