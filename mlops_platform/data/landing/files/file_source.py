"""What sources of files share: what is declared of the files of a table, and how they are read."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mlops_platform.data.landing.contract import Contract, landed_schemas, landed_types
from mlops_platform.data.landing.files.checked_rows import CheckedRows, Wanted
from mlops_platform.data.landing.files.column_types import ColumnTypes
from mlops_platform.data.landing.files.columns import (
    chosen_columns,
    refuse_partial_columns,
    refuse_unfit_formats,
    refuse_unknown_formats,
    refuse_unknown_types,
)
from mlops_platform.data.landing.files.csv_dialect import CsvDialect
from mlops_platform.data.landing.files.csv_faults import csv_fault
from mlops_platform.data.landing.files.csv_files import csv_inputs
from mlops_platform.data.landing.files.input_files import InputFiles, kind_of
from mlops_platform.data.landing.files.local_times import (
    ClockChange,
    changed_days,
    define_local_moments,
)
from mlops_platform.data.landing.files.misfits import MisfitFinder
from mlops_platform.data.landing.files.parquet_inputs import parquet_inputs
from mlops_platform.data.landing.files.staged_rows import StagedRows, unordered_duckdb
from mlops_platform.data.landing.files.values import NumberFormat, Reading
from mlops_platform.data.landing.landed_table import LandedTable
from mlops_platform.data.landing.landing import Arrival
from mlops_platform.data.landing.schema.table_schema import Names, by_every_name
from mlops_platform.data.landing.schema.types import MOMENT
from mlops_platform.data.landing.time_formats.time_format import TimeFormat
from mlops_platform.errors import DataError

if TYPE_CHECKING:
    import duckdb

RowsWithoutTime = Literal["refuse", "leave_out"]


@dataclass(frozen=True, kw_only=True)
class FileSource:
    """Files of one landed table, which are read as they are declared.

    Columns of CSV files are text unless `casts` or what has landed says otherwise: types that were
    guessed from the values could change with the next file, and landed facts are immutable. A day
    has the columns that its files have; one that only some of them have must be optional, and is
    NULL in the rows of the others.

    Args:
        landed: the table, and what another delivery of a day means.
        folder: where the files are.
        pattern: glob of the files, for example ``*.csv``; all CSV or all Parquet.
        timezone: IANA zone whose midnight starts a day, and in which times without zone are read.
        columns: output name -> input name; all columns under their own names where None.
        casts: output name -> DuckDB type; a time column is always TIMESTAMPTZ.
        null_values: texts of a CSV file that mean NULL.
        dialect: of CSV files.
        clock_change: how a time without zone is read that does not exist, or exists twice.
        time_column: input column with the moment of the row; None where rows have none, and all
            that are read at once are of one day.
        without_time: rows without time are refused, or left out and told.
        partitions: first day, and the day after the last one, that will ever land.
    """

    landed: LandedTable
    folder: Path
    pattern: str
    timezone: str
    columns: Mapping[str, str] | None = None
    casts: Mapping[str, str] = field(default_factory=dict)
    null_values: tuple[str, ...] = ("",)
    dialect: CsvDialect = field(default_factory=CsvDialect)
    clock_change: ClockChange = "refuse"
    time_column: str | None = None
    without_time: RowsWithoutTime = "refuse"
    partitions: tuple[date, date] | None = None

    @contextmanager
    def read(
        self, table_folder: Path, files: Sequence[Path], arrival: Arrival, day: date | None = None
    ) -> Iterator[StagedRows]:
        """Read and check files.

        Args:
            table_folder: of what has landed.
            day: of all rows, where they have no time; else each is of the day of its time.

        Raises:
            DataError: no file, a file that is no table of the declared dialect, missing columns, or
                times or values that cannot be read.
        """
        import duckdb

        days = list(arrival.last) if day is None else [day]
        landed = landed_types(table_folder, self.landed.renamed)
        former = Contract(self.landed, landed_schemas(table_folder)).former
        casts = by_every_name(self.casts, former)
        with unordered_duckdb(self.timezone) as connection:
            inputs = self._inputs(files, connection)
            outputs = self._outputs(inputs, {*landed, *former})
            types = self._types(inputs, outputs, ColumnTypes(connection, casts, landed))
            times = self._times(types, former)
            parts = [self._part(of_one, outputs, types, times, days[0]) for of_one in inputs]
            wanted = self._wanted(days, arrival, landed)
            define_local_moments(connection, self.timezone, self.clock_change)
            finder = MisfitFinder(connection, self.dialect, self.null_values, self.timezone)
            try:
                staged = StagedRows(connection, parts, wanted)
                self._refuse_faults(staged, parts, wanted, finder)
                for of_day in staged.parts_by_day.values():
                    refuse_partial_columns(of_day, former, self._may_be_absent)
                yield staged
            except duckdb.OutOfMemoryException as error:
                raise DataError(
                    f"{self.where}: rows of {len(types)} columns do not fit into the memory of "
                    "DuckDB while they are read. List under `columns` those that are to land, set "
                    f"MLOPS_MEMORY_LIMIT higher, or deliver Parquet ({error})."
                ) from error
            except duckdb.Error as error:
                raise DataError(self._fault(inputs, str(error))) from error

    @property
    def where(self) -> str:
        """Where its files are looked for."""
        return f"{self.folder}/{self.pattern}"

    def _fault(self, inputs: Sequence[InputFiles], message: str) -> str:
        if inputs[0].kind == "csv":
            return str(csv_fault(inputs, self.dialect, message))
        return f"{self.where} cannot be landed: {message}. Correct the files."

    def _inputs(
        self, files: Sequence[Path], connection: duckdb.DuckDBPyConnection
    ) -> list[InputFiles]:
        if not self.null_values:
            raise DataError("null_values: [] names no text. Declare [''] at least.")
        if kind_of(files, self.where) == "parquet":
            return parquet_inputs(files, connection)
        return csv_inputs(files, self.dialect, self.null_values)

    @property
    def _may_be_absent(self) -> set[str]:
        """Output columns that no file has to have."""
        table = self.landed
        numbered = {table.numbered_by} if table.numbered_by else set()
        return {*table.optional, *table.dropped, *numbered}

    def _outputs(self, inputs: Sequence[InputFiles], known: Collection[str]) -> dict[str, str]:
        outputs = chosen_columns(inputs, self.columns, self.time_column, self._may_be_absent)
        # Of a column that has landed, and comes no more, the contract says what to do.
        refuse_unknown_types(self.casts, {*outputs, *self._may_be_absent, *known})
        return outputs

    def _types(
        self, inputs: Sequence[InputFiles], outputs: Mapping[str, str], types: ColumnTypes
    ) -> dict[str, str]:
        return {
            output: MOMENT if name == self.time_column else types.of(output, _own(inputs, name))
            for output, name in outputs.items()
        }

    def _times(self, types: Mapping[str, str], former: Names) -> dict[str, TimeFormat]:
        """How CSV files write times, by output, where not as ISO 8601 has them."""
        formats = self.dialect.formats
        refuse_unknown_formats(formats, {*types, *former, *self._may_be_absent})
        dialect = replace(self.dialect, formats=by_every_name(formats, former))
        times = {name: dialect.time_format(name, kind) for name, kind in types.items()}
        declared = {name: form for name, form in times.items() if form is not None}
        refuse_unfit_formats(declared, types, dialect.formats)
        return declared

    def _part(
        self,
        files: InputFiles,
        outputs: Mapping[str, str],
        types: Mapping[str, str],
        times: Mapping[str, TimeFormat],
        day: date,
    ) -> CheckedRows:
        places = {output: files.find(name) for output, name in outputs.items()}
        columns = {output: at for output, at in places.items() if at is not None}
        time = (columns[output] for output, name in outputs.items() if name == self.time_column)
        if files.kind != "csv":
            return CheckedRows(files, columns, types, next(time, day), Reading())
        reading = Reading(NumberFormat(self.dialect.decimal, self.dialect.thousands))
        return CheckedRows(files, columns, types, next(time, day), reading, times)

    def _wanted(self, days: Sequence[date], arrival: Arrival, landed: Collection[str]) -> Wanted:
        refused = changed_days(self.timezone) if self.clock_change == "refuse" else set()
        changed = [day for day in days if day in refused]
        # Nothing says what a day without rows has: it is what the table has.
        columns = {*landed, self.landed.retracted} if landed else None
        return Wanted(days, self.partitions, arrival.by_the_machine, changed, columns)

    def _refuse_faults(
        self, staged: StagedRows, parts: Sequence[CheckedRows], wanted: Wanted, finder: MisfitFinder
    ) -> None:
        faults = staged.faults()
        if faults.unreadable:
            raise finder.of_times(parts, absent=False)
        if faults.without_time and self.without_time == "refuse":
            raise finder.of_times(parts, absent=True)
        if faults.misfits:
            raise finder.of_values(parts, wanted)


def _own(inputs: Sequence[InputFiles], name: str) -> list[tuple[Path, str]]:
    """The files that have a column, each with its type there."""
    places = [(files, files.find(name)) for files in inputs]
    return [(files.paths[0], files.types[at]) for files, at in places if at is not None]
