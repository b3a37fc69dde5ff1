"""One bounded scan of files: types, times, keys, what is missing, and how their text is written."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from mlops_platform.data.engine import identifier, open_engine, read_times_in
from mlops_platform.data.landing.files.column_types import IN_MICROSECONDS
from mlops_platform.data.landing.files.local_times import define_local_moments
from mlops_platform.data.landing.schema.types import ARROW, TEXT
from mlops_platform.data.landing.time_formats.time_format import CENTURY_START
from mlops_platform.data.profiling.columns.column_profiles import column_profiles
from mlops_platform.data.profiling.keys import duplicate_rows, key_profiles
from mlops_platform.data.profiling.output_names import output_names
from mlops_platform.data.profiling.profile import ColumnProfile, Dialect, TableProfile
from mlops_platform.data.profiling.reading.raw_rows import RAW, RawRows, expanded, open_rows
from mlops_platform.data.profiling.reading.text_types import TextTypeFinder, TextTypes
from mlops_platform.data.profiling.reading.time_texts import FLAG, SaidTimes, TextTimes
from mlops_platform.data.profiling.scanned_table import ALL_ROWS, ROW_NUMBER, SAMPLE
from mlops_platform.data.profiling.scanned_table import ScannedTable as ScannedTable
from mlops_platform.data.profiling.times import time_profiles
from mlops_platform.errors import DataError, SpecError
from mlops_platform.settings import settings

if TYPE_CHECKING:
    import duckdb

MEMORY: Final = "512MB"
"""Of DuckDB while it scans; what does not fit is put on disk."""
SAMPLE_ROWS: Final = 200_000
SAMPLE_VALUES: Final = 8_000_000
"""Of tables with many columns the sample has fewer rows."""
TYPE_ROWS: Final = 20_000
"""By which the types of texts are told, before they are proved by all."""


def scan_files(
    paths: Sequence[Path], *, timezone: str = "UTC", times: SaidTimes | None = None
) -> ScannedTable:
    """Scan files of one table, of any size, within the memory limit of an engine.

    Args:
        paths: CSV (.csv, .csv.gz, .csv.zst) or Parquet files, or folders of such.
        timezone: IANA zone in which times without one are read.
        times: what is known of how CSV files write them.

    Raises:
        DataError: there is no file, they are of two kinds, or one cannot be read.
        SpecError: what is said of times does not fit.
    """
    files = expanded(paths)
    with ExitStack() as resources:
        scratch = resources.enter_context(_scratch_folder())
        connection = resources.enter_context(_engine(scratch, timezone))
        raw = open_rows(files, connection, scratch)
        rows = _count(connection)
        if not rows:
            raise DataError(f"{files[0]} has no rows. Name files that have some.")
        texts = _text_types(raw, rows, connection, times or SaidTimes())
        _make_relations(raw, rows, texts, connection)
        source = str(files[0]) if len(files) == 1 else f"{len(files)} files, first {files[0]}"
        profile = _profile(source, _Parts(raw, texts, rows), connection)
        return ScannedTable(profile, connection, resources.pop_all())
    raise AssertionError("an exit stack swallows nothing")


@dataclass(frozen=True)
class _Parts:
    raw: RawRows
    texts: TextTypes
    rows: int


@contextmanager
def _scratch_folder() -> Iterator[Path]:
    place = settings()
    root = place.spill if place.home.is_dir() else None
    if root is not None:
        root.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="scan-", dir=root))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _engine(scratch: Path, timezone: str) -> Iterator[duckdb.DuckDBPyConnection]:
    from mlops_platform.data.engine import literal

    with open_engine(f"scan-{uuid4().hex}") as engine:
        engine.execute(f"SET memory_limit = {literal(MEMORY)}")
        engine.execute(f"SET temp_directory = {literal(scratch / 'spilled')}")
        read_times_in(timezone, engine)
        define_local_moments(engine, timezone, "later")
        yield engine


def _count(connection: duckdb.DuckDBPyConnection) -> int:
    [(rows,)] = connection.execute(f"SELECT count(*) FROM {RAW}").fetchall()
    return int(rows)


def _drawn(rows: int, wanted: int) -> str:
    """SQL of a sample of the raw rows, the same whenever it is drawn."""
    one_of = rows // wanted
    where = f" WHERE hash({ROW_NUMBER}) % {one_of} = 0" if one_of > 1 else ""
    return f"(FROM {RAW}{where})"


def _text_types(
    raw: RawRows, rows: int, connection: duckdb.DuckDBPyConnection, times: SaidTimes
) -> TextTypes:
    if times.formats and raw.dialect is None:
        fix = "It is said of CSV files, and these are Parquet: make it a time at the source."
        raise SpecError(FLAG, times.formats[0], fix)
    connection.execute(f"CREATE TEMP TABLE texts AS FROM {_drawn(rows, TYPE_ROWS)}")
    finder = TextTypeFinder(connection, "texts", RAW, times if raw.dialect else None)
    types = finder.types([name for name, kind in raw.types.items() if kind == TEXT])
    connection.execute("DROP TABLE texts")
    return types


def _make_relations(
    raw: RawRows, rows: int, texts: TextTypes, connection: duckdb.DuckDBPyConnection
) -> None:
    outputs = output_names(raw.names)
    taken = set(outputs.values())
    columns = [
        f"{_value(name, raw, texts)} AS {identifier(output)}" for name, output in outputs.items()
    ]
    aliases = [
        f"{identifier(output)} AS {identifier(name)}"
        for name, output in outputs.items()
        if name.lower() not in taken
    ]
    select = f"SELECT {', '.join(columns)}, {ROW_NUMBER} FROM"
    connection.execute(
        f"CREATE VIEW {ALL_ROWS} AS SELECT {', '.join(['*', *aliases])} FROM ({select} {RAW})"
    )
    wanted = min(SAMPLE_ROWS, SAMPLE_VALUES // len(outputs))
    connection.execute(
        f"CREATE TABLE {SAMPLE}_values AS {select} {_drawn(rows, wanted)} ORDER BY {ROW_NUMBER}"
    )
    connection.execute(
        f"CREATE VIEW {SAMPLE} AS SELECT {', '.join(['*', *aliases])} FROM {SAMPLE}_values"
    )


def _value(name: str, raw: RawRows, texts: TextTypes) -> str:
    """SQL of a value in the type that lands."""
    kind = raw.types[name]
    if kind == TEXT:
        return texts.value(name)
    landed = _landed_type(kind)
    return identifier(name) if landed == kind else f"CAST({identifier(name)} AS {landed})"


def _landed_type(kind: str) -> str:
    kind = IN_MICROSECONDS.get(kind, kind)
    if kind in ARROW:
        return kind
    return "DOUBLE" if kind.startswith(("DECIMAL", "HUGEINT", "UHUGEINT")) else TEXT


def _profile(source: str, parts: _Parts, connection: duckdb.DuckDBPyConnection) -> TableProfile:
    raw, texts = parts.raw, parts.texts
    outputs = output_names(raw.names)
    columns = tuple(
        _with_formats(column, texts.times)
        for column in column_profiles(connection, outputs, parts.rows, _met_in(texts))
    )
    times = time_profiles(connection, columns)
    duplicates = duplicate_rows(connection, columns, parts.rows)
    return TableProfile(
        source=source,
        rows=parts.rows,
        columns=columns,
        keys=key_profiles(connection, columns, times, duplicates),
        times=times,
        duplicates=duplicates,
        null_values=("", *texts.nulls),
        dialect=_dialect(raw, texts),
        first_day=times[0].first.date() if times else None,
        last_day=times[0].last.date() if times else None,
    )


def _century_start(times: TextTimes) -> int:
    """What was said of it, where years of two digits are there."""
    of_years = (form.century_start for form in times.formats.values() if form.has_short_year)
    return next(of_years, CENTURY_START)


def _with_formats(column: ColumnProfile, times: TextTimes) -> ColumnProfile:
    form, forms = times.formats.get(column.name), times.ambiguous.get(column.name, ())
    if form is None and not forms:
        return column
    return column.model_copy(
        update={
            "time_format": None if form is None else str(form),
            "possible_formats": tuple(map(str, forms)),
        }
    )


def _met_in(texts: TextTypes) -> Mapping[str, list[str]]:
    """The texts that mean NULL, by the columns that have them."""
    met: dict[str, list[str]] = {}
    for text, columns in texts.nulls.items():
        for column in columns:
            met.setdefault(column, []).append(text)
    return met


def _dialect(raw: RawRows, texts: TextTypes) -> Dialect | None:
    if raw.dialect is None:
        return None
    return Dialect(
        delimiter=raw.dialect.delimiter,
        quote=raw.dialect.quote,
        encoding=raw.dialect.encoding,
        decimal=texts.numbers.decimal,
        thousands=texts.numbers.thousands,
        two_digit_century_start=_century_start(texts.times),
    )
