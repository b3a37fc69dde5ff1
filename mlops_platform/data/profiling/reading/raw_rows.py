"""The rows of files as one relation, columns by name, as they are in the files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mlops_platform.data.engine import identifier, literal
from mlops_platform.data.landing.files.csv_dialect import CsvDialect, Encoding
from mlops_platform.data.landing.files.csv_faults import csv_fault
from mlops_platform.data.landing.files.csv_files import csv_inputs
from mlops_platform.data.landing.files.input_files import (
    ENDINGS,
    InputFileError,
    InputFiles,
    column_names,
    kind_of,
    place,
)
from mlops_platform.data.landing.files.parquet_inputs import parquet_inputs, refuse_row_number
from mlops_platform.data.parquet_files import escaped
from mlops_platform.data.profiling.reading.found_dialect import found_dialect, has_utf8_characters
from mlops_platform.errors import DataError

if TYPE_CHECKING:
    import duckdb

RAW: Final = "raw"
"""View of all rows, with `NUMBER`."""
NUMBER: Final = "row__number"
WIDER: Final[Mapping[Encoding, tuple[Encoding, ...]]] = {
    "utf-8": ("latin-1", "windows-1252"),
    "latin-1": ("windows-1252",),
}
"""Encodings that a file may be of which looked like another one at first."""


@dataclass(frozen=True)
class RawRows:
    """What files hold.

    Args:
        names: of the columns, in the order of the files.
        types: DuckDB types, by name.
        dialect: of CSV files; None of Parquet.
    """

    names: tuple[str, ...]
    types: dict[str, str]
    dialect: CsvDialect | None


def expanded(paths: Sequence[Path]) -> list[Path]:
    """Files, and those of folders that can be landed, in the order of their names."""
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = (file for file in path.iterdir() if file.is_file())
            files += sorted(
                file
                for file in inside
                if file.name.lower().endswith(tuple(ENDINGS)) and not file.name.startswith(".")
            )
        elif path.exists():
            files.append(path)
        else:
            raise DataError(f"{path} does not exist. Name a CSV or Parquet file, or their folder.")
    return files


def open_rows(
    files: Sequence[Path], connection: duckdb.DuckDBPyConnection, scratch: Path
) -> RawRows:
    """Make the view `RAW` of files.

    Args:
        scratch: folder that outlives the view: the texts of CSV files are parsed once into it.

    Raises:
        DataError: there is no file, they are of two kinds, or one cannot be read.
    """
    kind = kind_of(files, ", ".join(map(str, files[:3])) or "this")
    if kind == "parquet":
        return _view(parquet_inputs(files, connection), connection, None)
    dialect = found_dialect(files)
    while True:
        try:
            return _parsed(files, dialect, connection, scratch)
        except InputFileError as error:
            # A file need not be of another encoding from its first bytes on.
            others = WIDER.get(dialect.encoding, ())
            meant = [other for other in others if error.setting == ("encoding", other)]
            if not meant or has_utf8_characters(files):
                raise
            dialect = replace(dialect, encoding=meant[0])


def _parsed(
    files: Sequence[Path], dialect: CsvDialect, connection: duckdb.DuckDBPyConnection, scratch: Path
) -> RawRows:
    import duckdb

    inputs = csv_inputs(files, dialect, [""])
    names, parsed = column_names(inputs), scratch / "texts.parquet"
    refuse_row_number(files[0], names)
    try:
        connection.execute(f"COPY ({_united(inputs, names)}) TO {literal(parsed)} (FORMAT parquet)")
    except duckdb.Error as error:
        raise csv_fault(inputs, dialect, str(error)) from error
    return _view(parquet_inputs([parsed], connection), connection, dialect)


def _view(
    inputs: Sequence[InputFiles],
    connection: duckdb.DuckDBPyConnection,
    dialect: CsvDialect | None,
) -> RawRows:
    names = column_names(inputs)
    if len(inputs) == 1:
        files = ", ".join(literal(escaped(file)) for file in inputs[0].paths)
        columns = ", ".join(map(identifier, names))
        # Over several files each is numbered by itself.
        number = (
            "file_row_number" if len(inputs[0].paths) == 1 else _running_number(inputs[0].paths)
        )
        connection.execute(
            f"CREATE VIEW {RAW} AS SELECT {columns}, {number} AS {NUMBER} FROM read_parquet("
            f"[{files}], hive_partitioning = false, file_row_number = true, filename = 'file__')"
        )
    else:
        numbered = f"SELECT *, row_number() OVER () - 1 AS {NUMBER} FROM ({_united(inputs, names)})"
        connection.execute(f"CREATE VIEW {RAW} AS {numbered}")
    described = connection.execute(f"DESCRIBE {RAW}").fetchall()
    types = {str(name): str(kind) for name, kind, *_ in described if name != NUMBER}
    return RawRows(tuple(names), types, dialect)


def _running_number(paths: Sequence[Path]) -> str:
    """SQL of the place of a row in all files, of its place in its own."""
    import pyarrow.parquet as pq

    before, cases = 0, []
    for path in paths:
        cases.append(f"WHEN {literal(path)} THEN {before}")
        before += pq.read_metadata(path).num_rows
    return f"CASE file__ {' '.join(cases)} END + file_row_number"


def _united(inputs: Sequence[InputFiles], names: Sequence[str]) -> str:
    """SQL of the rows of all files; a column that some lack is NULL there."""
    selects = []
    for files in inputs:
        places = [files.find(name) for name in names]
        columns = ", ".join(
            f"{'NULL' if at is None else place(at)} AS {identifier(name)}"
            for name, at in zip(names, places, strict=True)
        )
        selects.append(f"SELECT {columns} FROM {files.relation}")
    return " UNION ALL ".join(selects)
