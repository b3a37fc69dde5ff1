"""Landing without any time: what a file holds is how its table stood on one day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mlops_platform.data.engine import identifier, literal, private_duckdb
from mlops_platform.data.landing.deliveries import PARTITION_COLUMN
from mlops_platform.data.landing.landed_table import LandedTable
from mlops_platform.data.landing.landing import Arrival, LandedPartition, land_day
from mlops_platform.data.parquet_files import escaped, parquet_files
from mlops_platform.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

DAY: Final = "{day}"
"""In a pattern: the day of a file, as 2024-03-10."""


@dataclass(frozen=True)
class SnapshotSource:
    """Files of one landed table, of which all rows are of the day that is landed.

    Columns of CSV files are text unless `casts` says otherwise, as those of a `FolderSource`.

    Args:
        landed: the table, and what another delivery of a day means.
        folder: where the files are.
        pattern: glob of the files, all CSV or all Parquet. With `{day}` every day has its own;
            without it they are read as they are now, whatever day it is.
        columns: output name -> input name; all columns under their own names where None.
        casts: output name -> DuckDB type.
        null_values: texts of a CSV file that mean NULL.
    """

    landed: LandedTable
    folder: Path
    pattern: str
    columns: Mapping[str, str] | None = None
    casts: Mapping[str, str] = field(default_factory=dict)
    null_values: tuple[str, ...] = ("",)

    def land(self, landing_root: Path, arrival: Arrival) -> list[LandedPartition]:
        """Land the days of an arrival that have files; those without any stay as they are.

        A day without a file is no day without rows: its file may be late.

        Raises:
            DataError: no file was ever there, files cannot be read or lack columns, or a day cannot
                be delivered again.
        """
        files = {day: self._files(day) for day in arrival.last}
        landed_before = (landing_root / self.landed.table).glob(f"{PARTITION_COLUMN}=*")
        if not any(files.values()) and not any(landed_before):
            named = f"{min(files)} to {max(files)}" if len(files) > 1 else str(min(files))
            raise DataError(
                f"{self.folder}/{self.pattern} has no file of {named}. Put it there, or correct "
                "`folder` and `pattern`."
            )
        return [
            land_day(landing_root, self.landed, day, self._rows(of_day), arrival)
            for day, of_day in files.items()
            if of_day
        ]

    def _files(self, day: date) -> list[Path]:
        if not self.folder.is_dir():
            raise DataError(f"folder {self.folder} does not exist. Name the folder of the files.")
        matches = self.folder.glob(self.pattern.replace(DAY, day.isoformat()))
        # A name with a dot in front is a file that somebody is still writing.
        return sorted(path for path in matches if path.is_file() and path.name[0] != ".")

    def _rows(self, files: Sequence[Path]) -> pa.Table:
        import duckdb

        with private_duckdb() as connection:
            try:
                connection.execute(f"CREATE TEMP VIEW files AS FROM {self._reader(files)}")
                present = [name for name, *_ in connection.execute("DESCRIBE files").fetchall()]
                return connection.sql(self._query(present)).to_arrow_table()
            except duckdb.Error as error:
                raise DataError(
                    f"{self.folder}/{self.pattern} cannot be landed: {error}. Correct the files, "
                    "or declare `types` and `null_values` that fit them."
                ) from error

    def _reader(self, files: Sequence[Path]) -> str:
        kinds = {path.suffix.lower() for path in files}
        if kinds == {".parquet"}:
            return parquet_files(files, union_by_name=True)
        if kinds == {".csv"}:
            names = ", ".join(literal(escaped(path)) for path in files)
            nulls = ", ".join(map(literal, self.null_values))
            return (
                f"read_csv([{names}], header = true, all_varchar = true, union_by_name = true, "
                f"hive_partitioning = false, nullstr = [{nulls}])"
            )
        raise DataError(
            f"{self.folder}/{self.pattern} matches {sorted(kinds)}. Choose a pattern that matches "
            "only .csv or only .parquet files."
        )

    def _query(self, present: Sequence[str]) -> str:
        outputs = dict(self.columns) if self.columns else {name: name for name in present}
        absent = sorted(set(outputs.values()) - set(present))
        if absent:
            raise DataError(
                f"{self.folder}/{self.pattern} lacks {absent}. Its columns are {sorted(present)}."
            )
        unknown = sorted({*self.casts, *self.landed.key, *self.landed.sorted_by} - set(outputs))
        if unknown:
            raise DataError(
                f"types, key or order_by name {unknown}, which are not landed. "
                f"Use output names: {sorted(outputs)}."
            )
        if PARTITION_COLUMN in outputs:
            raise DataError(
                f"column '{PARTITION_COLUMN}' has the name of the landing's partition. List the "
                "columns under `columns` and give this one another name, or leave it out."
            )
        selected = ", ".join(
            f"{self._value(output, name)} AS {identifier(output)}"
            for output, name in outputs.items()
        )
        return f"SELECT {selected} FROM files"

    def _value(self, output: str, name: str) -> str:
        if output in self.casts:
            return f"CAST({identifier(name)} AS {self.casts[output]})"
        return identifier(name)
