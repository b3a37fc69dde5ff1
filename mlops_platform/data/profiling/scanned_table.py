"""ScannedTable: a profile, and the rows behind it for as long as it is open."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final, Self

from mlops_platform.data.engine import identifier
from mlops_platform.data.profiling.profile import TableProfile
from mlops_platform.data.profiling.raw_rows import NUMBER
from mlops_platform.errors import DataError

if TYPE_CHECKING:
    import duckdb
    from pandas import DataFrame

ALL_ROWS: Final = "scanned"
"""View of all rows, by the output names of their columns and by their names in the source."""
SAMPLE: Final = "sampled"
"""Table of a bounded sample of them, drawn by the hash of the row's number."""
ROW_NUMBER: Final = NUMBER
"""Column of both: the place of a row in its files, from 0."""
RUN_ROWS: Final = 500
"""Rows that follow each other, where their order is looked at."""


class ScannedTable:
    """A context manager: closing it removes what it holds on disk.

    Args:
        profile: what was found.
        connection: has the relations `ALL_ROWS` and `SAMPLE`.
        resources: closed with it.
    """

    def __init__(
        self, profile: TableProfile, connection: duckdb.DuckDBPyConnection, resources: ExitStack
    ) -> None:
        self.profile = profile
        self._connection, self._resources = connection, resources

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove what is held; a second time does nothing."""
        self._resources.close()

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a query over `ALL_ROWS` and `SAMPLE`, for few of them.

        Raises:
            DataError: DuckDB refuses it.
        """
        import duckdb

        try:
            return self._connection.execute(sql).fetchall()
        except duckdb.Error as error:
            raise self._refusal(error, sql) from error

    def sample(self, columns: Mapping[str, str], rows: int | None = None) -> DataFrame:
        """A sample of the rows, in their order in the files.

        Args:
            columns: name in the result -> SQL over columns under their output or source names.
            rows: at most; the whole sample (some 200,000) where None.

        Raises:
            DataError: an expression is none of this table.
        """
        drawn = SAMPLE
        if rows is not None:
            drawn = f"(FROM {SAMPLE} ORDER BY hash({ROW_NUMBER} + 1) LIMIT {rows})"
        return self._frame(columns, drawn)

    def runs(self, columns: Mapping[str, str], rows: int) -> DataFrame:
        """Some runs of rows that follow each other in the files, about `rows` in all.

        Raises:
            DataError: an expression is none of this table.
        """
        one_of = max(self.profile.rows // rows, 1)
        drawn = (
            f"(FROM {ALL_ROWS} WHERE hash({ROW_NUMBER} // {RUN_ROWS}) % {one_of} = 0)"
            if one_of > 1
            else ALL_ROWS
        )
        return self._frame({**columns, "run__": f"{ROW_NUMBER} // {RUN_ROWS}"}, drawn)

    def _frame(self, columns: Mapping[str, str], drawn: str) -> DataFrame:
        import duckdb

        listed = ", ".join(f"({sql}) AS {identifier(name)}" for name, sql in columns.items())
        query = f"SELECT {listed} FROM {drawn} ORDER BY {ROW_NUMBER}"
        try:
            return self._connection.sql(query).df()
        except duckdb.Error as error:
            refused = [sql for sql in columns.values() if not self._is_expression(sql)]
            raise self._refusal(error, refused[0] if refused else query) from error

    def _is_expression(self, sql: str) -> bool:
        import duckdb

        try:
            self._connection.execute(f"SELECT ({sql}) FROM {SAMPLE}").fetchall()
        except duckdb.Error:
            return False
        return True

    def _refusal(self, error: Exception, sql: str) -> DataError:
        reason = str(error).strip().splitlines()[0]
        names = ", ".join(column.output for column in self.profile.columns[:40])
        return DataError(f"'{sql}' cannot be computed: {reason}. Columns are {names}.")
