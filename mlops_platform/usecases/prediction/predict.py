"""Scores a file of features with a released version, in batches, into another file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mlops_platform.data.predicted_columns import columns_of
from mlops_platform.data.predictions import RANK
from mlops_platform.errors import DataError
from mlops_platform.tasks import MeanTotals
from mlops_platform.usecases.prediction.absent import absent_features, absent_text, refuse_absent
from mlops_platform.usecases.prediction.csv_text import CsvFlags
from mlops_platform.usecases.prediction.feature_file import (
    EVENT_TIME,
    FeatureFile,
    feature,
    open_feature_file,
)
from mlops_platform.usecases.prediction.landing_format import LandingFormat
from mlops_platform.usecases.prediction.record import PredictedFile
from mlops_platform.usecases.prediction.refusals import refuse_unscorable, refuse_unusable
from mlops_platform.usecases.prediction.table_file import TableFile, ranked_file, table_file
from mlops_platform.usecases.prediction.unseen import UnseenCounts

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

    from mlops_platform.usecases.prediction.predictor import Predictor

VERSION, RELEASE, ADJUSTMENT = "version", "release", "adjustment"
ENDINGS: Final = (".csv.gz", ".csv.zst", ".csv", ".parquet")


def default_output(source: Path, model: str) -> Path:
    """`new.MODEL.predictions.parquet` beside `new.csv`: another model's stays."""
    stem = next(
        (source.name[: -len(end)] for end in ENDINGS if source.name.lower().endswith(end)),
        source.stem,
    )
    return source.with_name(f"{stem}.{model}.predictions.parquet")


def predict_file(
    predictor: Predictor,
    source: Path,
    output: Path,
    flags: CsvFlags | None = None,
    landings: Sequence[LandingFormat] = (),
    allow_missing: bool = False,
) -> PredictedFile:
    """Score every row of a file; the output is written whole or not at all.

    Its columns: the entity, all others of the file that are no features, version, release, and
    the outputs of the task, in the order of the file's rows; where the task ranks rows, `rank`
    too, among those of its group in the file. A column that is called like one of the latter is
    left out.

    Args:
        output: a `.parquet` or `.csv` file.
        flags: what is said of a CSV file; None where nothing is.
        landings: files that land for the model, as which it may be written.
        allow_missing: score a file without features that most rows of training had.

    Raises:
        DataError: the file is no table of the model's features or lacks some that may not be
            missing, a row cannot be scored, or the output would replace it.
    """
    if output.resolve() == source.resolve():
        raise DataError(f"{output} is the file that is scored. Name another one with -o.")
    with open_feature_file(source, predictor, flags, landings) as file:
        if not allow_missing:
            refuse_absent(file)
        ranked_by = predictor.task.ranked_by
        opened = table_file(output) if ranked_by is None else ranked_file(output, *ranked_by)
        with opened as written:
            scoring = _Scoring(file, written)
            for batch in file.batches():
                scoring.add(batch)
            return scoring.result(output)


class _Scoring:
    """What is scored so far."""

    def __init__(self, file: FeatureFile, written: TableFile) -> None:
        self.file, self.written, self.predictor = file, written, file.predictor
        self.totals = MeanTotals()
        self.unseen = UnseenCounts(self.predictor.schema, self.predictor.missing, file.absent)
        self.left_out = _left_out(file)
        self.kept = _kept_columns(file, self.left_out)

    def add(self, batch: pa.RecordBatch) -> None:
        """Score and write some rows."""
        if not batch.num_rows:
            return
        predictor, first = self.predictor, self.unseen.rows + 1
        refuse_unscorable(self.file.path, predictor.schema, batch, first)
        frame = feature_frame(predictor, batch)
        numbers = predictor.task.numbers(predictor.model, frame)
        refuse_unusable(self.file.path, predictor.schema.model, predictor.task, numbers, first)
        in_force = self._in_force(batch, first)
        predictions = predictor.constants.predictions(predictor.task, numbers, in_force)
        self.unseen.add(batch)
        self.totals.add(predictions)
        self.written.write(
            {
                **{name: batch[name] for name in self.kept},
                **_origin(predictor, batch.num_rows, in_force),
                **columns_of(predictions),
            }
        )

    def result(self, output: Path) -> PredictedFile:
        """What came of it.

        Raises:
            DataError: the file has no row.
        """
        file, predictor, unseen = self.file, self.predictor, self.unseen
        if not unseen.rows:
            raise DataError(f"{file.path} has no row to score: only its header is there.")
        absent = absent_features(file)
        return PredictedFile(
            model=predictor.schema.model,
            version=predictor.version,
            release=predictor.release,
            source=str(file.path),
            output=str(output),
            rows=unseen.rows,
            means=self.totals.means(),
            absent=absent,
            unseen_rows=unseen.unseen_rows,
            unseen=tuple(unseen.unseen()),
            columns=(*self.written.columns, *_ranks(predictor)),
            read_as=file.reading.landing.name if file.reading.landing else None,
            left_out=self.left_out,
            warnings=(absent_text(file, absent),) if absent else (),
            notes=tuple(_notes(file)),
        )

    def _in_force(self, batch: pa.RecordBatch, first: int) -> NDArray[np.int32]:
        """Number of the adjustment of each row: at its own moment, or now."""
        import numpy as np

        if not self.file.has_moments:
            now = np.datetime64(self.predictor.moment.astimezone(UTC).replace(tzinfo=None), "us")
            return self.predictor.constants.in_force(np.full(batch.num_rows, now))
        moments = batch[EVENT_TIME]
        if moments.null_count:
            row = moments.is_null().index(True).as_py()
            raise DataError(
                f"{self.file.path}, row {first + row}, column '{self.predictor.event_time}': no "
                "time is there, and the constants of the version follow it. Write an ISO time."
            )
        return self.predictor.constants.in_force(moments.to_numpy(zero_copy_only=False))


def feature_frame(predictor: Predictor, batch: pa.RecordBatch) -> pd.DataFrame:
    """Feature columns as training saw them: float64 with NaN, object with None."""
    names = list(predictor.schema.names)
    features = batch.select([feature(name) for name in names]).rename_columns(names)
    frame: pd.DataFrame = features.to_pandas()
    return frame


def _origin(predictor: Predictor, rows: int, in_force: NDArray[np.int32]) -> Mapping[str, pa.Array]:
    import numpy as np
    import pyarrow as pa

    columns = {
        VERSION: pa.array(np.full(rows, predictor.version, dtype=np.int32)),
        RELEASE: pa.array(np.full(rows, predictor.release, dtype=np.int32)),
    }
    return {**columns, ADJUSTMENT: pa.array(in_force)} if predictor.is_adjusted else columns


def _left_out(file: FeatureFile) -> tuple[str, ...]:
    """Columns of the file that are called like those that are written beside them.

    Raises:
        DataError: one is the entity.
    """
    predictor = file.predictor
    outputs = (output.name for output in predictor.task.outputs)
    own = {VERSION, RELEASE, ADJUSTMENT, *outputs, *_ranks(predictor)}
    taken = tuple(name for name in file.others if name.lower() in own)
    if predictor.schema.entity.lower() in map(str.lower, taken):
        raise DataError(
            f"{file.path} has its entity in the column '{predictor.schema.entity}', as predictions "
            "are called themselves. Give the entity another name where its features are made."
        )
    return taken


def _ranks(predictor: Predictor) -> tuple[str, ...]:
    """The column of ranks, where there is one."""
    return () if predictor.task.ranked_by is None else (RANK,)


def _kept_columns(file: FeatureFile, left_out: Sequence[str]) -> list[str]:
    """Columns that are handed on, the entity first."""
    entity = file.predictor.schema.entity.lower()
    kept = [name for name in file.others if name not in left_out]
    return sorted(kept, key=lambda name: name.lower() != entity)


def _notes(file: FeatureFile) -> Iterator[str]:
    schema = file.predictor.schema
    if told := file.reading.told:
        yield told
    if schema.entity.lower() not in (name.lower() for name in file.others):
        yield (
            f"The file has no column '{schema.entity}', which names the entity of a row: "
            "predictions are in the order of its rows."
        )
