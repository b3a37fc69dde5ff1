"""Parquet files as inputs: what they have, and the SQL of their rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_platform.data.engine import literal
from mlops_platform.data.landing.files.input_files import (
    ROW_FILE,
    ROW_NUMBER,
    InputFileError,
    InputFiles,
    place,
)
from mlops_platform.data.parquet_files import escaped

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

DUCKDB_ROW_NUMBER = "file_row_number"
DURATION = "DURATION"
"""How we call what DuckDB reads as a plain number: Parquet has no such type, only Arrow has."""


def parquet_inputs(
    paths: Sequence[Path], connection: duckdb.DuckDBPyConnection
) -> list[InputFiles]:
    """Group files by their schema.

    Raises:
        InputFileError: a file is no Parquet, or cannot be numbered.
    """
    by_schema: dict[pa.Schema, list[Path]] = {}
    for path in paths:
        by_schema.setdefault(_schema(path), []).append(path)
    return [_inputs(files, schema, connection) for schema, files in by_schema.items()]


def _inputs(
    files: Sequence[Path], schema: pa.Schema, connection: duckdb.DuckDBPyConnection
) -> InputFiles:
    import pyarrow.types as pt

    names = tuple(schema.names)
    places = ", ".join(place(number) for number in range(len(names)))
    relation = (
        f"(FROM read_parquet([{', '.join(literal(escaped(file)) for file in files)}], "
        f"hive_partitioning = false, file_row_number = true, filename = '{ROW_FILE}') "
        f"AS source({', '.join(filter(None, (places, ROW_NUMBER, ROW_FILE)))}))"
    )
    described = connection.execute(f"DESCRIBE FROM {relation}").fetchall()
    types = tuple(
        DURATION if pt.is_duration(field.type) else str(kind)
        for field, (_, kind, *_) in zip(schema, described, strict=False)
    )
    return InputFiles("parquet", tuple(files), names, types, relation)


def _schema(path: Path) -> pa.Schema:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema = pq.read_schema(path).remove_metadata()
    except (pa.ArrowInvalid, OSError) as error:
        raise InputFileError(
            f"{path} cannot be read as Parquet ({error}).", "Deliver it again, whole."
        ) from error
    refuse_row_number(path, schema.names)
    return schema


def refuse_row_number(path: Path, names: Iterable[str]) -> None:
    """Pass where no column is called as DuckDB calls the place of a row in a Parquet file.

    Raises:
        InputFileError: one is.
    """
    for name in names:
        if name.lower() == DUCKDB_ROW_NUMBER:
            raise InputFileError(
                f"{path} has a column {name!r}, a name that DuckDB keeps for the place of a row.",
                "Call it otherwise in the file.",
            )
