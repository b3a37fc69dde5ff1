"""Training sets: immutable snapshots named by the hash of their schema and rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field, ValidationError

from mlops_platform.data.digest import parquet_digest, table_digest
from mlops_platform.data.engine import identifier, literal, private_duckdb
from mlops_platform.data.features.features import training_batches
from mlops_platform.data.features.origin import FactsOrigin
from mlops_platform.data.features.published import published_digest
from mlops_platform.data.features.training_history import TrainingHistory, declared_history
from mlops_platform.data.landing.landed_table import SUPERSEDED_AT
from mlops_platform.data.parquet import opened_parquet, read_parquet, stream_parquet
from mlops_platform.data.parquet_files import parquet_files
from mlops_platform.data.types import in_canonical_types
from mlops_platform.errors import DataError, TrainingError
from mlops_platform.files import new_directory, scratch_directory, write_text
from mlops_platform.formats.home_path import HomePath
from mlops_platform.record import Record, left_out_where_empty
from mlops_platform.spec import ModelSpec, ShareSplitSpec
from mlops_platform.tasks.weights import WeightFacts, relative_weights, weight_facts

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from mlops_platform.tasks.predictions import Targets

FILE, ROWS_FILE = "training_set.json", "rows.parquet"


class Column(Record):
    """A column of a training set and its canonical type."""

    name: str
    type: str


class TrainingSet(Record):
    """What one snapshot holds, where it is, and the published tables it was read from.

    Args:
        targets: what the outcomes are like, by name.
        history: what of the past was read, and why.
        since: event time after which rows were read; None also for all that was known.
        origin: None where the snapshot was taken before origins were kept.
        weights: of the rows; None where all count the same.
    """

    model: str
    hash: str
    rows: int
    targets: dict[str, float]
    first_event_time: datetime
    last_event_time: datetime
    first_local_date: date
    last_local_date: date
    as_of: datetime
    history: str
    since: datetime | None = Field(default=None, exclude_if=left_out_where_empty)
    columns: tuple[Column, ...]
    features_digest: str
    labels_digest: str
    origin: FactsOrigin | None = Field(default=None, exclude_if=left_out_where_empty)
    weights: WeightFacts | None = Field(default=None, exclude_if=left_out_where_empty)
    path: HomePath

    @property
    def rows_file(self) -> Path:
        """The Parquet file of the rows."""
        return self.path / ROWS_FILE


def snapshot_training_set(
    spec: ModelSpec,
    published_root: Path,
    training_sets_root: Path,
    as_of: datetime,
    history: TrainingHistory | None = None,
    origin: FactsOrigin | None = None,
) -> TrainingSet:
    """Store the training rows known at `as_of`; the same facts are stored once.

    Where the snapshot exists already it is returned as it was stored, with the `as_of`, the origin
    and the digests of that time; only the reason for its history is the present one.

    Args:
        history: as `training_batches`.
        origin: of the published tables.

    Raises:
        DataError: published data lack something, or an entity occurs twice.
        TrainingError: there are no rows, outcomes of no use, or too few days for the split.
    """
    history = history or declared_history(spec.training.history, as_of)
    folder = training_sets_root / spec.name
    with scratch_directory(folder) as scratch:
        file = scratch / ROWS_FILE
        with training_batches(spec, published_root, as_of, history) as batches:
            _write(batches, file)
        _refuse_repeated_entities(file, spec)
        _refuse_untrainable(file, spec, as_of)
        path = folder / parquet_digest(file)
        if not path.is_dir():
            described = _describe(file, spec, published_root, as_of, path, history)
            described = described.model_copy(update={"origin": origin})
            with new_directory(path) as temporary:
                file.rename(temporary / ROWS_FILE)
                write_text(temporary / FILE, described.to_stored(exclude={"path"}))
    return load_training_set(path).model_copy(update={"history": history.reason})


def load_training_set(path: Path) -> TrainingSet:
    """Read the description of a stored snapshot.

    Raises:
        DataError: there is no snapshot, or its description was damaged.
    """
    file = path / FILE
    try:
        return TrainingSet.from_stored(file.read_bytes(), added={"path": path})
    except (FileNotFoundError, ValidationError) as error:
        raise DataError(
            f"{file} is missing or damaged. Delete {path} and snapshot again."
        ) from error


def read_rows(training_set: TrainingSet) -> pa.Table:
    """Read the rows of a snapshot and verify them against its hash.

    Raises:
        DataError: the file is missing, damaged, or its rows are not those of the hash.
    """
    rows = read_parquet(training_set.rows_file)
    _refuse_other_rows(training_set, table_digest(rows))
    return rows


def read_columns(training_set: TrainingSet, columns: Sequence[str]) -> pa.Table:
    """Verify all rows of a snapshot, and read some columns of them.

    Raises:
        DataError: as `read_rows`.
    """
    _refuse_other_rows(training_set, parquet_digest(training_set.rows_file))
    return read_parquet(training_set.rows_file, columns)


def read_some_rows(training_set: TrainingSet, wanted: NDArray[np.bool_]) -> pa.Table:
    """Verify all rows of a snapshot, and read some of them in their order.

    Args:
        wanted: which, shape (rows,).

    Raises:
        DataError: as `read_rows`.
    """
    import pyarrow as pa

    _refuse_other_rows(training_set, parquet_digest(training_set.rows_file))
    with opened_parquet(training_set.rows_file) as file:
        some, start = [file.schema_arrow.empty_table()], 0
        for batch in file.iter_batches():
            kept = pa.array(wanted[start : start + batch.num_rows])
            some.append(pa.Table.from_batches([batch.filter(kept)]))
            start += batch.num_rows
    return pa.concat_tables(some)


def sample_of_rows(training_set: TrainingSet, key: str, size: int, seed: int) -> NDArray[np.bool_]:
    """Which rows a random sample of some size has at most, shape (rows,).

    It follows from the seed and the keys: those whose MD5 with the seed is smallest, on every
    machine, in whatever order the rows are. Of two sizes the larger sample holds the smaller one.

    Args:
        key: column of which all rows with a value are drawn, or none.
    """
    import numpy as np

    with opened_rows(training_set, []) as (connection, rows):
        text = f"{literal(f'{seed}:')} || CAST({identifier(key)} AS VARCHAR)"
        drawn = connection.execute(f"SELECT md5_number_lower({text}) AS number FROM {rows}")
        numbers = drawn.fetchnumpy()["number"]
    if len(numbers) <= size:
        return np.ones(len(numbers), dtype=bool)
    last = np.partition(numbers, size - 1)[size - 1]
    sampled: NDArray[np.bool_] = numbers <= last
    # The rows of the last key may be too many: then none of them.
    return sampled if np.count_nonzero(sampled) <= size else numbers < last


def _refuse_other_rows(training_set: TrainingSet, digest: str) -> None:
    if digest != training_set.hash:
        raise DataError(
            f"{training_set.rows_file} has the digest {digest} and not {training_set.hash}: it was "
            "changed after it was written. Do not train on it; delete "
            f"{training_set.path} and snapshot again."
        )


@contextmanager
def opened_rows(
    training_set: TrainingSet, numbers: Sequence[str]
) -> Iterator[tuple[duckdb.DuckDBPyConnection, str]]:
    """A connection and the name of its view of a snapshot's rows, which are read as it asks.

    Args:
        numbers: columns that become DOUBLE there, such as a boolean label.
    """
    casts = ", ".join(f"{identifier(name)}::DOUBLE AS {identifier(name)}" for name in numbers)
    replaced = f" REPLACE ({casts})" if casts else ""
    rows = parquet_files([training_set.rows_file])
    with private_duckdb() as connection:
        connection.execute(f"CREATE TEMP VIEW snapshot AS SELECT *{replaced} FROM {rows}")
        yield connection, "snapshot"


def _write(batches: pa.RecordBatchReader, file: Path) -> None:
    import pyarrow as pa

    nothing = batches.schema.empty_table()
    rows = chain([nothing], (pa.Table.from_batches([batch]) for batch in batches))
    stream_parquet(map(in_canonical_types, rows), file)


def _refuse_repeated_entities(file: Path, spec: ModelSpec) -> None:
    entity = identifier(spec.features.entity)
    with private_duckdb() as connection:
        repeated, example = connection.execute(
            f"SELECT count(*), min({entity}) FROM (SELECT {entity} FROM {parquet_files([file])} "
            f"GROUP BY {entity} HAVING count(*) > 1)"
        ).fetchone() or (0, None)
    if repeated:
        raise DataError(
            f"{repeated} values of '{spec.features.entity}' occur more than once in "
            f"{spec.features.table} joined with {spec.label.table}, for example "
            f"{example!r}. Make it unique in both dbt models. Where a "
            f"label has versions, each ends, by its `{SUPERSEDED_AT}`, no later than the next one "
            f"begins, by its `{spec.label.known_at_column}`."
        )


def _refuse_untrainable(file: Path, spec: ModelSpec, as_of: datetime) -> None:
    import pyarrow.compute as pc

    rows = read_parquet(file, [spec.features.partition, spec.label.column])
    labels = f"labels of {spec.name} known at {as_of.isoformat()}"
    if not rows.num_rows:
        raise TrainingError(
            f"there are no {labels}. Land and publish earlier days, choose a later as_of, or "
            "lengthen training.history.span."
        )
    fault = spec.task.labels_fault(rows[spec.label.column].to_numpy())
    if fault is not None:
        raise TrainingError(f"'{spec.label.column}' of {spec.label.table}: {fault}")
    refusal = spec.task.refusal(_targets(rows, spec))
    if refusal is not None:
        rows_as_of = f"rows of {spec.name} as of {as_of.isoformat()}"
        refused = rows_as_of if spec.task.fits_unlabelled else labels
        raise TrainingError(
            f"{rows.num_rows} {refused} are {refusal.found}, and a training needs "
            f"{refusal.needed}: correct '{spec.label.column}' or read more history."
        )
    split = spec.training.history.split
    if isinstance(split, ShareSplitSpec):
        return
    judged = (
        rows if spec.task.judges_unlabelled else rows.filter(rows[spec.label.column].is_valid())
    )
    days = pc.count_distinct(judged[spec.features.partition]).as_py()
    if days <= split.validation_days + split.test_days:
        raise TrainingError(
            f"the {labels} cover {days} days; validation takes {split.validation_days}, test "
            f"{split.test_days}, and nothing is left to fit on. Read more history or shorten "
            "training.history.split."
        )


def _targets(rows: pa.Table, spec: ModelSpec) -> Targets:
    return spec.task.targets(rows[spec.label.column].to_numpy())


def _describe(
    file: Path,
    spec: ModelSpec,
    published_root: Path,
    as_of: datetime,
    path: Path,
    history: TrainingHistory,
) -> TrainingSet:
    import pyarrow.compute as pc

    event_time, partition = spec.features.moment_column, spec.features.partition
    weight = spec.features.weight
    read = (event_time, partition, spec.label.column, *([] if weight is None else [weight]))
    rows = read_parquet(file, [*read])
    weights = None if weight is None else rows[weight].to_numpy()
    times = pc.min_max(rows[event_time]).as_py()
    days = pc.min_max(rows[partition]).as_py()
    return TrainingSet(
        model=spec.name,
        hash=path.name,
        rows=rows.num_rows,
        targets=spec.task.facts(
            _targets(rows, spec), None if weights is None else relative_weights(weights)
        ),
        first_event_time=times["min"],
        last_event_time=times["max"],
        first_local_date=days["min"],
        last_local_date=days["max"],
        as_of=as_of,
        history=history.reason,
        since=history.since,
        columns=_columns(file),
        features_digest=published_digest(published_root, spec.features.table),
        labels_digest=published_digest(published_root, spec.label.table),
        weights=None if weight is None else weight_facts(weight, rows[weight].to_numpy()),
        path=path,
    )


def _columns(file: Path) -> tuple[Column, ...]:
    with opened_parquet(file) as rows:
        return tuple(Column(name=field.name, type=str(field.type)) for field in rows.schema_arrow)
