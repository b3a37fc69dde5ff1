"""Counting: one scan of each column in DuckDB, in memory that does not grow with the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_platform.data.engine import identifier
from mlops_platform.monitoring.drift.profile.bins import (
    FIRST_BUCKET,
    HASH_BUCKETS,
    UNLISTED,
    ColumnBins,
    bin_number,
    category_hash,
    rounded,
)

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

FEW_ROWS, FINE_PARTS = 100_000, 256
"""Rows outside of all bins keep their own values up to `FEW_ROWS`, then they are rounded."""
NUMBER_BITS = 17
"""Of the number of a bin with NULL: so many groups are counted in a plain array."""


def count_bins(
    connection: duckdb.DuckDBPyConnection,
    rows: str,
    bins: ColumnBins,
    known: Numbers,
    day: str | None = None,
) -> pa.Table:
    """Rows of a table or view by day and key.

    Args:
        rows: SQL of the table; the column of the bins is a DOUBLE there, or a string.
        known: keys of the reference, of `values` bins.
        day: column of the day; None counts all days together, and gives none.

    Returns:
        Columns day (absent without one), key (DOUBLE, NULL for nulls and NaN), rows (BIGINT).
    """
    import pyarrow as pa

    connection.execute(f"SET perfect_ht_threshold = {NUMBER_BITS}")
    counter = _Counter(connection, rows, bins, day)
    if bins.kind == "uniform":
        counted, unplaced = counter.in_uniform_bins()
    else:
        counted, unplaced = counter.by_join(known)
    if not unplaced:
        return counted
    return pa.concat_tables([counted, counter.elsewhere(unplaced)])


class _Counter:
    """The queries of one column."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, rows: str, bins: ColumnBins, day: str | None
    ) -> None:
        self.connection, self.rows, self.bins = connection, rows, bins
        self.day = f"{identifier(day)} AS day, " if day else ""
        self.value = f"source.{identifier(bins.column)}"

    def in_uniform_bins(self) -> tuple[pa.Table, int]:
        """Rows per uniform bin and point mass, and how many have a value that is in neither."""
        of_points = "".join(
            f", count(*) FILTER ({self.value} = ({point!r})::DOUBLE) AS point{at}"
            for at, point in enumerate(self.bins.point_masses)
        )
        grouped = self.connection.sql(
            f"SELECT {self.day}{bin_number(self.bins, self.value)} AS number, "
            f"count(*) AS rows, count({self.value}) AS present{of_points} "
            f"FROM {self.rows} AS source GROUP BY ALL"
        ).to_arrow_table()
        return self._placed(grouped)

    def _placed(self, grouped: pa.Table) -> tuple[pa.Table, int]:
        """Turn numbers of bins into their centres, and take point masses out of them."""
        import numpy as np
        import pyarrow as pa

        numbers = grouped["number"].to_numpy().astype(np.float64)
        rows, outside = grouped["rows"].to_numpy().copy(), np.isnan(numbers)
        unplaced = np.where(outside, grouped["present"].to_numpy(), 0)
        rows -= unplaced
        parts = []
        for at, point in enumerate(self.bins.point_masses):
            of_point = grouped[f"point{at}"].to_numpy()
            rows -= of_point
            unplaced = np.where(outside, unplaced - of_point, 0)
            parts.append((np.full(len(rows), point), of_point))
        parts.append((self.bins.bin_centres(numbers), rows))
        tables = [self._table(grouped, keys, counts) for keys, counts in parts]
        return pa.concat_tables(tables), int(unplaced.sum())

    def _table(self, grouped: pa.Table, keys: Numbers, rows: NDArray[np.int64]) -> pa.Table:
        import pyarrow as pa

        columns = {"day": grouped["day"]} if self.day else {}
        columns |= {"key": pa.array(keys, from_pandas=True), "rows": pa.array(rows)}
        return pa.table(columns).filter(rows > 0)

    def by_join(self, known: Numbers) -> tuple[pa.Table, int]:
        """Rows per known value or listed category, and how many have another one."""
        import numpy as np
        import pyarrow as pa

        names: object = known if self.bins.kind == "values" else self.bins.categories
        keys = known if self.bins.kind == "values" else np.arange(len(self.bins.categories))
        kind = pa.float64() if self.bins.kind == "values" else pa.string()
        listed = pa.table({"name": pa.array(names, kind), "key": pa.array(keys, pa.float64())})
        self.connection.register("listed_bins", listed)
        grouped = self.connection.sql(
            f"SELECT {self.day}listed.key AS key, count(*) AS rows, count({self.value}) AS present "
            f"FROM {self.rows} AS source LEFT JOIN listed_bins AS listed "
            f"ON {self.value} = listed.name GROUP BY ALL"
        ).to_arrow_table()
        unlisted = np.where(grouped["key"].is_null().to_numpy(), grouped["present"].to_numpy(), 0)
        rows = grouped["rows"].to_numpy() - unlisted
        return self._table(grouped, grouped["key"].to_numpy(), rows), int(unlisted.sum())

    def elsewhere(self, unplaced: int) -> pa.Table:
        """Rows that are in no bin yet.

        Strings are under one key, or that of their bucket, numbers under (nearly) themselves.
        """
        if self.bins.kind == "categories":
            key = f"({UNLISTED!r})::DOUBLE"
        elif self.bins.kind == "hashed":
            hashed = category_hash(self.value)
            key = (
                f"CASE WHEN {hashed} < {self.bins.listed_below} THEN ({UNLISTED!r})::DOUBLE "
                f"ELSE ({FIRST_BUCKET!r})::DOUBLE - {hashed} % {HASH_BUCKETS} END"
            )
        elif unplaced <= FEW_ROWS:
            key = f"CASE WHEN isnan({self.value}) THEN NULL ELSE {self.value} END"
        else:
            key = rounded(self.value, FINE_PARTS)
        return self.connection.sql(
            f"SELECT {self.day}{key} AS key, count(*) AS rows FROM {self.rows} AS source "
            f"WHERE {self.value} IS NOT NULL AND {self._nowhere()} GROUP BY ALL"
        ).to_arrow_table()

    def _nowhere(self) -> str:
        if self.bins.kind != "uniform":
            return f"{self.value} NOT IN (SELECT name FROM listed_bins)"
        elsewhere = "".join(
            f" AND {self.value} <> ({point!r})::DOUBLE" for point in self.bins.point_masses
        )
        return f"{bin_number(self.bins, self.value)} IS NULL{elsewhere}"
