"""Generic landing: any folder of CSV or Parquet files with a declared time column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_platform.data.engine import identifier, literal, private_duckdb
from mlops_platform.data.landing.deliveries import PARTITION_COLUMN
from mlops_platform.data.landing.landed_table import LandedTable
from mlops_platform.data.landing.landing import Arrival, LandedPartition, land_days
from mlops_platform.data.parquet_files import escaped, parquet_files
from mlops_platform.errors import DataError

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


@dataclass(frozen=True)
class FolderSource:
    """Files of one landed table; each row is landed on the day of its time column.

    Columns of CSV files are text unless `casts` says otherwise: types that were guessed from the
    values could change with the next file, and landed facts are immutable. A column that one of
    the files lacks is NULL in its rows.

    Args:
        landed: the table, and what another delivery of a day means.
        folder: where the files are.
        pattern: glob of the files, for example ``*.csv``; all CSV or all Parquet.
        time_column: input column with the moment of the row, never NULL.
        timezone: IANA zone whose midnight starts a day, and in which times without zone are read.
            An hour that a clock change repeats is read as its second one.
        columns: output name -> input name; all columns under their own names where None.
        casts: output name -> DuckDB type; the time column is always TIMESTAMPTZ.
        null_values: texts of a CSV file that mean NULL.
    """

    landed: LandedTable
    folder: Path
    pattern: str
    time_column: str
    timezone: str
    columns: Mapping[str, str] | None = None
    casts: Mapping[str, str] = field(default_factory=dict)
    null_values: tuple[str, ...] = ("",)

    def land(self, landing_root: Path, arrival: Arrival) -> list[LandedPartition]:
        """Land the rows of an arrival's days; days without rows are landed empty.

        Raises:
            DataError: no file, missing columns, times or values that cannot be read, NULL times,
                keys that repeat, or a day that cannot be delivered again.
        """
        return land_days(landing_root, self.landed, self.rows(list(arrival.last)), arrival)

    def rows(self, days: Sequence[date]) -> pa.Table:
        """Read the rows of `days`, sorted by an added `day` column."""
        import duckdb

        with private_duckdb(self.timezone) as connection:
            try:
                connection.execute(f"CREATE TEMP VIEW files AS FROM {self._reader()}")
                present = [name for name, *_ in connection.execute("DESCRIBE files").fetchall()]
                outputs = self._outputs(present)
                # Files are read once: what lands, and what cannot.
                connection.execute(
                    "CREATE TEMP TABLE source AS FROM files AS source "
                    f"WHERE {self._moment} IS NULL OR {self._moment}::DATE IN $days",
                    {"days": list(days)},
                )
                self._refuse_rows_without_time(connection)
                return connection.sql(self._query(outputs)).to_arrow_table()
            except duckdb.Error as error:
                raise DataError(
                    f"{self._where} cannot be landed: {error}. Correct the files, or declare "
                    "`casts` and `null_values` that fit them."
                ) from error

    @property
    def _where(self) -> str:
        return f"{self.folder}/{self.pattern}"

    def _reader(self) -> str:
        if not self.folder.is_dir():
            raise DataError(f"folder {self.folder} does not exist. Name the folder of the files.")
        # A name with a dot in front is a file that somebody is still writing.
        matches = (path for path in self.folder.glob(self.pattern) if path.is_file())
        files = sorted(path for path in matches if not path.name.startswith("."))
        kinds = {path.suffix.lower() for path in files}
        if kinds == {".parquet"}:
            return parquet_files(files, union_by_name=True)
        if kinds == {".csv"}:
            names = ", ".join(literal(escaped(path)) for path in files)
            nulls = ", ".join(literal(text) for text in self.null_values)
            return (
                f"read_csv([{names}], header = true, all_varchar = true, union_by_name = true, "
                f"hive_partitioning = false, nullstr = [{nulls}])"
            )
        raise DataError(
            f"{self._where} matches {sorted(kinds) or 'no file'}. Choose a pattern that matches "
            "only .csv or only .parquet files."
        )

    def _outputs(self, present: Sequence[str]) -> dict[str, str]:
        """Output name -> input name of what is landed, checked against the columns of the files."""
        outputs = dict(self.columns) if self.columns else {name: name for name in present}
        absent = sorted({self.time_column, *outputs.values()} - set(present))
        if absent:
            raise DataError(f"{self._where} lacks {absent}. Its columns are {sorted(present)}.")
        if PARTITION_COLUMN in outputs:
            raise DataError(
                f"column '{PARTITION_COLUMN}' has the name of the landing's partition. List the "
                "columns under `columns` and give this one another name, or leave it out."
            )
        if self.time_column not in outputs.values():
            raise DataError(
                f"columns: {sorted(outputs)} leave out the time column '{self.time_column}'. "
                "Land it too: a fact without its moment cannot be used point-in-time."
            )
        named = {*self.casts, *self.landed.key, *self.landed.sorted_by}
        unknown = sorted(named - {*outputs, *self.landed.optional, self.landed.numbered_by})
        if unknown:
            raise DataError(
                f"types, key or order_by name {unknown}, which are not landed. "
                f"Use output names: {sorted(outputs)}."
            )
        return outputs

    @property
    def _moment(self) -> str:
        # Within a connection whose TimeZone is ours, this reads naive values in our zone.
        return f"try_cast(source.{identifier(self.time_column)} AS TIMESTAMPTZ)"

    def _refuse_rows_without_time(self, connection: duckdb.DuckDBPyConnection) -> None:
        column = f"source.{identifier(self.time_column)}"
        [(nulls, bad, example)] = connection.execute(
            f"SELECT count(*) FILTER ({column} IS NULL), count(*), any_value({column}::VARCHAR) "
            f"FROM source WHERE {self._moment} IS NULL"
        ).fetchall()
        if bad > nulls:
            raise DataError(
                f"{self._where}: {bad - nulls} values of time column '{self.time_column}' are no "
                f"times, for example {example!r}. Correct them, or list them in `null_values`."
            )
        if nulls:
            raise DataError(
                f"{self._where}: {nulls} rows have no '{self.time_column}', so their day is "
                "unknown and they would be lost. Fill it at the source."
            )

    def _query(self, outputs: Mapping[str, str]) -> str:
        selected = ", ".join(
            f"{self._value(output, name)} AS {identifier(output)}"
            for output, name in outputs.items()
        )
        day = f"{self._moment}::DATE"
        return f"SELECT {day} AS {PARTITION_COLUMN}, {selected} FROM source ORDER BY {day}"

    def _value(self, output: str, name: str) -> str:
        if name == self.time_column:
            return self._moment
        if output in self.casts:
            return f"CAST(source.{identifier(name)} AS {self.casts[output]})"
        return f"source.{identifier(name)}"
