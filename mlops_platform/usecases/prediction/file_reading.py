"""Which columns a file has, under the names of features or as the files of a landing have them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mlops_platform.data.landing.files.csv_files import csv_inputs
from mlops_platform.data.landing.files.input_files import (
    ENDINGS,
    InputFileError,
    InputFiles,
    column_names,
    file_kind,
)
from mlops_platform.data.landing.files.parquet_inputs import parquet_inputs
from mlops_platform.errors import DataError
from mlops_platform.usecases.prediction.csv_text import CsvFlags, CsvText
from mlops_platform.usecases.prediction.landing_format import LandingFormat

if TYPE_CHECKING:
    import duckdb

SAID: Final = {"\t": "tab"}
"""How a value is written on a command line, where it is written otherwise."""


@dataclass(frozen=True)
class FileReading:
    """One way to read a file.

    Args:
        places: of its columns, by name.
        landing: as whose files it is read; None where its names are its own.
        has_other_text: only its names are the landing's, its text cannot be.
    """

    inputs: InputFiles
    places: Mapping[str, int]
    text: CsvText
    landing: LandingFormat | None = None
    has_other_text: bool = False

    def features(self, names: Sequence[str]) -> dict[str, int]:
        """The places of those columns that it has; DuckDB does not tell case apart."""
        places = {name.lower(): at for name, at in self.places.items()}
        return {name: places[name.lower()] for name in names if name.lower() in places}

    @property
    def landed(self) -> set[str]:
        """Columns, in lower case, that it has under the names of the landing's files."""
        if self.landing is None:
            return set()
        return {output.lower() for output in self.landing.declared(self.inputs.names)}

    @property
    def told(self) -> str | None:
        """As what the file is read, as a sentence; None where its names are its own."""
        if self.landing is None:
            return None
        if self.has_other_text:
            return (
                f"The columns are read as {self.landing.name} declares them, their text is not: "
                f"the delimiter is {self.text.dialect.delimiter!r}, the decimal "
                f"{self.text.dialect.decimal!r}, the encoding {self.text.dialect.encoding}."
            )
        written = str(self.text) if self.inputs.kind == "csv" else ""
        return f"Read as {self.landing.name} declares it{f': {written}' if written else ''}."


def read_columns(
    path: Path,
    connection: duckdb.DuckDBPyConnection,
    features: Sequence[str],
    flags: CsvFlags | None,
    landings: Sequence[LandingFormat],
) -> FileReading:
    """Read a file under its own names, or as the landing by which it has more features.

    Raises:
        DataError: it is no table, or two of its columns are one of the landing.
    """
    try:
        reading = _chosen(path, connection, features, flags, landings)
    except InputFileError as error:
        raise refusal(error) from error
    if reading.landing is not None:
        reading.landing.refuse_clash(path, reading.inputs.names)
    return reading


def refusal(error: InputFileError) -> DataError:
    """What is wrong with a file, and what somebody can do who declares nothing of it."""
    if error.setting is None:
        return DataError(f"{error.fact} Correct the file, or write it again.")
    name, value = error.setting
    written = SAID.get(value, value)
    shown = written if written.replace("-", "").isalnum() else f"'{written}'"
    return DataError(f"{error.fact} Say `--{name} {shown}` if it is written so.")


def _chosen(
    path: Path,
    connection: duckdb.DuckDBPyConnection,
    features: Sequence[str],
    flags: CsvFlags | None,
    landings: Sequence[LandingFormat],
) -> FileReading:
    kind = file_kind(path)
    if kind is None:
        *others, last = ENDINGS
        raise DataError(f"{path}: predict reads {', '.join(others)} and {last}.")
    if kind == "parquet":
        if flags is not None:
            raise DataError(f"{path} is Parquet: --delimiter and the like are said of CSV files.")
        (inputs,) = parquet_inputs([path], connection)
        own = _own(inputs, CsvText())
        return _better(own, _as_landed(path, landings, inputs), features)
    said = flags or CsvFlags()
    try:
        text = said.over(CsvText())
        own = _own(_csv(path, text), text)
    except DataError:
        landed = [way for way in _as_landed(path, landings, said) if way.features(features)]
        if not landed:
            raise
        return _most(landed, features)
    return _better(own, _as_landed(path, landings, said), features)


def _better(
    own: FileReading, landed: Iterator[FileReading], features: Sequence[str]
) -> FileReading:
    ways = list(landed)
    if not ways:
        return own
    best, own_places = _most(ways, features), own.features(features)
    places = best.features(features)
    if len(places) > len(own_places):
        return best
    # The names tell nothing apart: then it is a file that lands, unless it has what never does.
    is_same = places == own_places and {name.lower() for name in places} <= best.landed
    return best if places and is_same and best.text != own.text else own


def _most(ways: Sequence[FileReading], features: Sequence[str]) -> FileReading:
    return max(
        ways,
        key=lambda way: (len(way.features(features)), len(way.landed)),
    )


def _own(inputs: InputFiles, text: CsvText) -> FileReading:
    places = {name: at for at, name in enumerate(column_names([inputs]))}
    return FileReading(inputs, places, text)


def _as_landed(
    path: Path, landings: Sequence[LandingFormat], given: InputFiles | CsvFlags
) -> Iterator[FileReading]:
    """The file as each landing has it, where it can be one of its files."""
    for landing in landings:
        if isinstance(given, CsvFlags):
            texts = [given.over(text) for text in _texts(landing)]
        else:
            texts = [CsvText()]
        for text in texts:
            try:
                inputs = _csv(path, text) if isinstance(given, CsvFlags) else given
                places = landing.places(column_names([inputs]))
            except DataError:
                continue
            yield FileReading(inputs, places, text, landing, text != texts[0])
            break


def _texts(landing: LandingFormat) -> Iterator[CsvText]:
    """How its files are written, and how somebody's program may have written one of them anew."""
    yield landing.text
    yield CsvText(replace(landing.csv, encoding="utf-8"), landing.null_values)
    yield CsvText(null_values=landing.null_values)


def _csv(path: Path, text: CsvText) -> InputFiles:
    (inputs,) = csv_inputs([path], text.dialect, text.null_values)
    return inputs
