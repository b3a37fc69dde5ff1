"""ScannedTable: a profile, and the rows behind it for as long as it is open."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final, Self

from mlops_platform.data.profiling.profile import TableProfile

if TYPE_CHECKING:
    import duckdb
    from pandas import DataFrame

ALL_ROWS: Final = "scanned"
"""View of all rows, by the output names of their columns and by their names in the source."""
SAMPLE: Final = "sampled"
"""Table of a bounded sample of them, drawn by the hash of the row's number."""
ROW_NUMBER: Final = "row__number"
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
        raise NotImplementedError

    def sample(self, columns: Mapping[str, str], rows: int | None = None) -> DataFrame:
        """A sample of the rows, in their order in the files.

        Args:
            columns: name in the result -> SQL over columns under their output or source names.
            rows: at most; the whole sample (some 200,000) where None.

        Raises:
            DataError: an expression is none of this table.
        """
        raise NotImplementedError
