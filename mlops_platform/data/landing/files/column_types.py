"""The DuckDB type in which a column lands: declared, as it landed before, or the files' own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mlops_platform.data.landing.files.parquet_inputs import DURATION
from mlops_platform.data.types import in_canonical_types
from mlops_platform.errors import DataError

if TYPE_CHECKING:
    import duckdb

NOTHING: Final = '"NULL"'
"""Type of a column without any value."""
IN_MICROSECONDS: Final = {
    "TIMESTAMP_S": "TIMESTAMP",
    "TIMESTAMP_MS": "TIMESTAMP",
    "TIMESTAMP_NS": "TIMESTAMP",
    "TIMESTAMPTZ_NS": "TIMESTAMP WITH TIME ZONE",
}
CASTS: Final = {
    "DECIMAL": "DOUBLE (rounded) or VARCHAR (exact)",
    "HUGEINT": "DOUBLE (rounded) or VARCHAR (exact)",
    "UHUGEINT": "DOUBLE (rounded) or VARCHAR (exact)",
    DURATION: "BIGINT (the number of its units)",
}
"""By type what can land instead; of all others the text, VARCHAR."""


class ColumnTypes:
    """Chooses types on a connection, which knows how types may be written.

    Args:
        declared: output columns to types.
        landed: the same of what has landed.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        declared: Mapping[str, str],
        landed: Mapping[str, str],
    ) -> None:
        self._connection = connection
        self._declared = {name: self._plain(name, kind) for name, kind in declared.items()}
        self._landed = landed

    def of(self, name: str, own: Sequence[tuple[Path, str]]) -> str:
        """The type of an output column.

        Args:
            own: files that have it, each with the type that it has there.

        Raises:
            DataError: the files do not say one type, or it is one that cannot land.
        """
        kind = self._declared.get(name)
        if kind is None and name in self._landed:
            kind = self._plain(name, self._landed[name])
        kind = kind or _common(name, own)
        where = "" if name in self._declared or not own else f"{own[0][0]}: "
        self._refuse_what_cannot_land(name, kind, where)
        return IN_MICROSECONDS.get(kind, kind)

    def _plain(self, name: str, kind: str) -> str:
        """DuckDB's own name of a type."""
        import duckdb

        try:
            described = self._connection.execute(f"DESCRIBE SELECT CAST(NULL AS {kind})").fetchall()
        except duckdb.Error as error:
            raise DataError(
                f"types: '{kind}' of '{name}' cannot be landed: DuckDB has no such type. Declare "
                "one such as DOUBLE, BIGINT, BOOLEAN, DATE, TIMESTAMPTZ or VARCHAR."
            ) from error
        return str(described[0][1])

    def _refuse_what_cannot_land(self, name: str, kind: str, where: str) -> None:
        cast = CASTS.get(kind.partition("(")[0], "VARCHAR (its text)")
        message = (
            f"{where}column '{name}' is {kind}, which cannot be landed. Declare {cast} for it in "
            "`types`."
        )
        if kind == DURATION:
            raise DataError(message)
        empty = self._connection.sql(f"SELECT CAST(NULL AS {kind}) AS value LIMIT 0")
        try:
            in_canonical_types(empty.to_arrow_table())
        except DataError as error:
            raise DataError(message) from error


def _common(name: str, own: Sequence[tuple[Path, str]]) -> str:
    kinds: dict[str, Path] = {}
    for file, kind in own:
        if kind != NOTHING:
            kinds.setdefault(IN_MICROSECONDS.get(kind, kind), file)
    if not kinds:
        raise DataError(
            f"{own[0][0]}: column '{name}' has no value and no type. Declare its type in `types`."
        )
    if len(kinds) > 1:
        told = " and ".join(f"{kind} in {file}" for kind, file in kinds.items())
        raise DataError(f"column '{name}' is {told}. Declare its type in `types`.")
    return next(iter(kinds))
