"""ScannedTable: a profile, and the rows behind it for as long as it is open."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final, Self

from mlops_platform.data.engine import identifier, literal
from mlops_platform.data.profiling.profile import TableProfile
from mlops_platform.data.profiling.reading.raw_rows import NUMBER
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

    def require(self, sql: str) -> None:
        """Refuse what is no expression of this table.

        Raises:
            DataError: names it, and the columns that there are.
        """
        import duckdb

        try:
            self._connection.execute(f"SELECT ({self.expression(sql)}) FROM {SAMPLE} LIMIT 0")
        except duckdb.Error as error:
            raise self._refusal(error, sql) from error

    def count(self, condition: str) -> int:
        """How many of all rows meet a condition in SQL.

        Raises:
            DataError: it is none of this table.
        """
        [(rows,)] = self.query(f"SELECT count(*) FROM {ALL_ROWS} WHERE {condition}")
        return int(rows)

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

    def expression(self, sql: str) -> str:
        """SQL as it can be evaluated: the bare name of a column may be a word of the language."""
        name = sql.strip().lower()
        named = (
            column.output
            for column in self.profile.columns
            if name in (column.output, column.name.lower())
        )
        output = next(named, None)
        return sql if output is None else identifier(output)

    def columns_in(self, sql: str) -> set[str]:
        """Output names of the columns that an expression is made of.

        Raises:
            DataError: it is no expression.
        """
        query = f"SELECT ({self.expression(sql)})"
        [(parsed,)] = self.query(f"SELECT json_serialize_sql({literal(query)})")
        tree = json.loads(parsed)
        if tree.get("error"):
            raise DataError(
                f"'{sql}' is no SQL expression: {tree.get('error_message')}. Name a column, or "
                "write one such as `delay > 15`."
            )
        names = {name.lower() for name in _column_names(tree)}
        return {
            column.output
            for column in self.profile.columns
            if names & {column.output, column.name.lower()}
        }

    def _frame(self, columns: Mapping[str, str], drawn: str) -> DataFrame:
        import duckdb

        listed = ", ".join(
            f"({self.expression(sql)}) AS {identifier(name)}" for name, sql in columns.items()
        )
        query = f"SELECT {listed} FROM {drawn} ORDER BY {ROW_NUMBER}"
        try:
            frame: DataFrame = self._connection.sql(query).df()
        except duckdb.Error as error:
            for sql in columns.values():
                self.require(sql)
            raise self._refusal(error, query) from error
        return frame

    def _refusal(self, error: Exception, sql: str) -> DataError:
        reason = str(error).strip().splitlines()[0]
        names = ", ".join(column.output for column in self.profile.columns[:40])
        return DataError(f"'{sql}' cannot be computed: {reason}. Columns are {names}.")


def _column_names(tree: Any) -> Iterator[str]:
    """The last part of every reference to a column within a parsed query."""
    if isinstance(tree, dict):
        if tree.get("class") == "COLUMN_REF":
            yield str(tree["column_names"][-1])
        tree = [*tree.values()]
    if isinstance(tree, list):
        for branch in tree:
            yield from _column_names(branch)
