"""FeatureFile: a CSV or Parquet file whose columns are matched with the features of a model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mlops_platform.data.engine import identifier, private_duckdb
from mlops_platform.data.landing.files.input_files import place
from mlops_platform.data.landing.files.values import Cast, NumberFormat, Reading, cast_of
from mlops_platform.data.landing.schema.types import LOCAL_TIME, MOMENT, TEXT, landed_type
from mlops_platform.errors import DataError
from mlops_platform.usecases.prediction.csv_text import CsvFlags
from mlops_platform.usecases.prediction.file_reading import FileReading, read_columns, refusal
from mlops_platform.usecases.prediction.landing_format import LandingFormat

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from mlops_platform.serving.schema import FeatureColumn
    from mlops_platform.usecases.prediction.predictor import Predictor

BATCH_ROWS: Final = 65_536
EVENT_TIME: Final = "event time"
SQL_OF_TEXT: Final[Mapping[str, str]] = {"numeric": "DOUBLE", "boolean": "BOOLEAN"}
"""Type that the text of a CSV file is read as, by the kind of the feature."""
NEEDED: Final = {"numeric": "a number", "boolean": "true or false", "text": "a string"}
"""What a column of a kind is, in words."""


@dataclass(frozen=True)
class FeatureFile:
    """An open file.

    Args:
        features: place of each feature that the file has.
        others: place of every other column.
    """

    path: Path
    reading: FileReading
    features: Mapping[str, int]
    others: Mapping[str, int]
    connection: duckdb.DuckDBPyConnection
    predictor: Predictor

    @property
    def absent(self) -> tuple[str, ...]:
        """Features that the file does not have."""
        return tuple(name for name in self.predictor.schema.names if name not in self.features)

    @property
    def has_moments(self) -> bool:
        """Whether the moment of each row is there, and matters."""
        return self.predictor.is_adjusted and self.predictor.event_time in self.others

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows in their order.

        Columns: the others under their own names; of each feature `feature(name)` in the type of
        its kind (NULL where absent) and `misfit(name)`, the text that is none of its type; and
        `EVENT_TIME` (UTC), where it matters.

        Raises:
            DataError: the file is damaged.
        """
        import duckdb

        columns = [
            *(f"{place(at)} AS {identifier(name)}" for name, at in self.others.items()),
            *(part for column in self.predictor.schema.columns for part in self._of(column)),
        ]
        if self.has_moments:
            columns.append(f"CAST({self._moment} AS TIMESTAMP) AS {identifier(EVENT_TIME)}")
        tried = "".join(f", {cast.tried} AS t{at}" for at, cast in self._casts.items())
        rows = f"(SELECT *{tried} FROM {self.reading.inputs.relation})"
        try:
            selected = self.connection.sql(f"SELECT {', '.join(columns)} FROM {rows}")
            yield from selected.to_arrow_reader(BATCH_ROWS)
        except (duckdb.Error, OSError) as error:
            raise self._fault(str(error)) from error

    @property
    def _moment(self) -> str:
        """SQL of the moment of a row."""
        name = self.predictor.event_time or ""
        raw = place(self.others[name])
        is_text = self.reading.inputs.kind == "csv"
        form = self.reading.text.dialect.time_format(name, MOMENT) if is_text else None
        return f"TRY_CAST({raw if form is None else form.time(raw)} AS TIMESTAMPTZ)"

    def _of(self, column: FeatureColumn) -> Iterator[str]:
        kind, name = column.column_kind, column.name
        at = self.features.get(name)
        if at is None:
            yield f"CAST(NULL AS {kind.sql_type}) AS {identifier(feature(name))}"
        elif at in self._casts:
            raw, fits = place(at), f"t{at} IS NOT NULL AND {self._casts[at].fits}"
            yield f"CAST(t{at} AS {kind.sql_type}) AS {identifier(feature(name))}"
            yield (
                f"CASE WHEN {raw} IS NOT NULL AND NOT ({fits}) THEN {raw} END "
                f"AS {identifier(misfit(name))}"
            )
        else:
            yield f"CAST({place(at)} AS {kind.sql_type}) AS {identifier(feature(name))}"

    @cached_property
    def _casts(self) -> Mapping[int, Cast]:
        """How texts become numbers, by place; what is none must be told."""
        if self.reading.inputs.kind == "parquet":
            return {}
        dialect = self.reading.text.dialect
        numbers = NumberFormat(dialect.decimal, dialect.thousands)

        def reading(column: FeatureColumn, target: str) -> Reading:
            return Reading(numbers, times=dialect.time_format(column.name, target))

        return {
            at: cast_of(place(at), TEXT, target, f"t{at}", reading(column, target))
            for column in self.predictor.schema.columns
            if (at := self.features.get(column.name)) is not None
            and (target := self._type_of_text(column))
        }

    def _type_of_text(self, column: FeatureColumn) -> str | None:
        """A number is one; of what else lands in a type, the text is that of its value."""
        landing = self.reading.landing
        declared = landing.type_of(column.name) if landing else None
        if declared is None or column.kind == "numeric":
            return SQL_OF_TEXT.get(column.kind)
        landed = landed_type(declared)
        # Of a time the text is made by whoever writes the features.
        if landed in (TEXT, MOMENT, LOCAL_TIME):
            return SQL_OF_TEXT.get(column.kind)
        return landed

    def _fault(self, message: str) -> DataError:
        from mlops_platform.data.landing.files.csv_faults import csv_fault

        if self.reading.inputs.kind == "parquet":
            first_line = message.splitlines()[0]
            return DataError(f"{self.path} cannot be read: {first_line} Write it again, whole.")
        return refusal(csv_fault([self.reading.inputs], self.reading.text.dialect, message))


def feature(name: str) -> str:
    """What the column of a feature is called in a batch."""
    return f"feature {name}"


def misfit(name: str) -> str:
    """What the column of texts is called that are none of a feature's type."""
    return f"misfit {name}"


@contextmanager
def open_feature_file(
    path: Path,
    predictor: Predictor,
    flags: CsvFlags | None = None,
    landings: Sequence[LandingFormat] = (),
) -> Iterator[FeatureFile]:
    """Open a file and match its columns with the features of a version.

    Args:
        flags: what is said of a CSV file; None where nothing is.
        landings: files that land for the model, as which it may be written.

    Raises:
        DataError: there is no such file, it is no table, lacks a column that must be there, or one
            is of another type.
    """
    if not path.is_file():
        raise DataError(f"{path} is no file. Name a CSV or Parquet file with one row per entity.")
    schema = predictor.schema
    with private_duckdb() as connection:
        reading = read_columns(path, connection, schema.names, flags, landings)
        features = reading.features(schema.names)
        taken = {name.lower() for name in features}
        others = {name: at for name, at in reading.places.items() if name.lower() not in taken}
        _refuse_lacking(path, predictor, features, list(others))
        _refuse_other_types(path, predictor, reading, features)
        yield FeatureFile(path, reading, features, others, connection, predictor)


def _refuse_lacking(
    path: Path, predictor: Predictor, features: Mapping[str, int], others: Sequence[str]
) -> None:
    schema = predictor.schema
    lacking = [column.name for column in schema.columns if column.name not in features]
    needed = [
        column.name
        for column in schema.columns
        if column.name not in features and not column.missing_allowed
    ]
    if len(lacking) == len(schema.columns):
        raise DataError(
            f"{path} has none of the {len(lacking)} features of {schema.model}, such as "
            f"'{lacking[0]}'; its columns are {others}. {_raw_file_text(predictor)}"
        )
    if needed:
        near = _near(needed, others)
        raise DataError(
            f"{path} lacks the column{'s' if len(needed) > 1 else ''} {needed}, without which "
            f"version {predictor.version} of {schema.model} scores no row.{near} "
            f"{_raw_file_text(predictor)}"
        )


def near_names_text(lacking: Sequence[str], others: Sequence[str]) -> str:
    """Other columns that may be meant, as a sentence; empty where there is none."""
    return _near(lacking, others).strip()


def _near(lacking: Sequence[str], others: Sequence[str]) -> str:
    lower = {name.lower(): name for name in others}
    meant = {
        name: lower[close]
        for name in lacking
        for close in get_close_matches(name.lower(), lower, n=1, cutoff=0.7)
    }
    if not meant:
        return ""
    renamed = " and ".join(f"'{other}' for '{name}'" for name, other in meant.items())
    return f" Did you mean {renamed}? Rename it."


def _raw_file_text(predictor: Predictor) -> str:
    """How features come about, for who has a file as it lands."""
    table = f" of {predictor.table}" if predictor.table else ""
    return (
        f"Scored are features, one row per entity, as in the columns{table}: of what has landed "
        f"`mlops watch {predictor.schema.model}` makes them, and scores it."
    )


def _refuse_other_types(
    path: Path, predictor: Predictor, reading: FileReading, features: Mapping[str, int]
) -> None:
    inputs = reading.inputs
    if inputs.kind == "csv":
        return
    for column in predictor.schema.columns:
        at = features.get(column.name)
        if at is None or inputs.types[at] == '"NULL"':
            continue
        kind = column.column_kind
        if reading.landing is not None and kind.name == "categorical":
            continue  # whatever lands, the text of it is a category
        if not inputs.types[at].startswith(kind.published_types):
            needed = NEEDED.get(kind.name, "a string")
            raise DataError(
                f"{path}: column '{inputs.names[at]}' is {inputs.types[at]}, and "
                f"{needed} is needed. Cast it to {kind.published_types[0]}."
            )
