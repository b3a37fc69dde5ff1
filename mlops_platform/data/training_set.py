"""Training sets: immutable snapshots named by the hash of their schema and rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field, ValidationError

from mlops_platform.data.digest import table_digest
from mlops_platform.data.engine import identifier, private_duckdb
from mlops_platform.data.features.features import read_training_rows
from mlops_platform.data.features.origin import FactsOrigin
from mlops_platform.data.features.published import published_digest
from mlops_platform.data.features.training_history import TrainingHistory, declared_history
from mlops_platform.data.landing.landed_table import SUPERSEDED_AT
from mlops_platform.data.parquet import read_parquet, write_parquet
from mlops_platform.data.parquet_files import parquet_files
from mlops_platform.data.types import in_canonical_types
from mlops_platform.errors import DataError, TrainingError
from mlops_platform.files import new_directory, write_text
from mlops_platform.formats.home_path import HomePath
from mlops_platform.record import Record, left_out_where_empty
from mlops_platform.spec import ModelSpec, ShareSplitSpec

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

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
        history: as `read_training_rows`.
        origin: of the published tables.

    Raises:
        DataError: published data lack something, or an entity occurs twice.
        TrainingError: there are no rows, outcomes of no use, or too few days for the split.
    """
    history = history or declared_history(spec.training.history, as_of)
    rows = in_canonical_types(read_training_rows(spec, published_root, as_of, history))
    _refuse_repeated_entities(rows, spec)
    _refuse_untrainable(rows, spec, as_of)
    path = training_sets_root / spec.name / table_digest(rows)
    if not path.is_dir():
        described = _describe(rows, spec, published_root, as_of, path, history).model_copy(
            update={"origin": origin}
        )
        with new_directory(path) as temporary:
            write_parquet(rows, temporary / ROWS_FILE)
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
    file = training_set.rows_file
    rows = read_parquet(file)
    digest = table_digest(rows)
    if digest != training_set.hash:
        raise DataError(
            f"{file} has the digest {digest} and not {training_set.hash}: it was changed after it "
            f"was written. Do not train on it; delete {training_set.path} and snapshot again."
        )
    return rows


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


@contextmanager
def joined_rows(
    training_set: TrainingSet, additions: pa.Table, entity: str, columns: Sequence[str]
) -> Iterator[tuple[duckdb.DuckDBPyConnection, str]]:
    """A connection and the name of its table of what was found about entities of a snapshot.

    Args:
        additions: the entity and what was found.
        columns: of the snapshot, to be put beside it in their own types, which pandas would have
            changed where values are missing.
    """
    beside = ", ".join(f"snapshot.{identifier(column)}" for column in columns)
    with opened_rows(training_set, []) as (connection, rows):
        connection.register("additions", additions)
        connection.execute(
            f"CREATE TEMP TABLE joined_rows AS SELECT additions.*, {beside} "
            f"FROM additions JOIN {rows} AS snapshot USING ({identifier(entity)})"
        )
        yield connection, "joined_rows"


def _refuse_repeated_entities(rows: pa.Table, spec: ModelSpec) -> None:
    entity = spec.features.entity
    counts = rows.group_by(entity).aggregate([([], "count_all")])
    repeated = counts.filter(counts["count_all"].to_numpy() > 1)
    if repeated.num_rows:
        raise DataError(
            f"{repeated.num_rows} values of '{entity}' occur more than once in "
            f"{spec.features.table} joined with {spec.label.table}, for example "
            f"{repeated[entity][0].as_py()!r}. Make it unique in both dbt models. Where a "
            f"label has versions, each ends, by its `{SUPERSEDED_AT}`, no later than the next one "
            f"begins, by its `{spec.label.known_at_column}`."
        )


def _refuse_untrainable(rows: pa.Table, spec: ModelSpec, as_of: datetime) -> None:
    import pyarrow.compute as pc

    labels = f"labels of {spec.name} known at {as_of.isoformat()}"
    if not rows.num_rows:
        raise TrainingError(
            f"there are no {labels}. Land and publish earlier days, choose a later as_of, or "
            "lengthen training.history.span."
        )
    refusal = spec.task.refusal(_targets(rows, spec))
    if refusal is not None:
        raise TrainingError(
            f"{rows.num_rows} {labels} are {refusal.found}, and a training needs "
            f"{refusal.needed}: correct '{spec.label.column}' or read more history."
        )
    split = spec.training.history.split
    if isinstance(split, ShareSplitSpec):
        return
    days = pc.count_distinct(rows[spec.features.partition]).as_py()
    if days <= split.validation_days + split.test_days:
        raise TrainingError(
            f"the {labels} cover {days} days; validation takes {split.validation_days}, test "
            f"{split.test_days}, and nothing is left to fit on. Read more history or shorten "
            "training.history.split."
        )


def _targets(rows: pa.Table, spec: ModelSpec) -> Targets:
    return spec.task.targets(rows[spec.label.column].to_numpy())


def _describe(
    rows: pa.Table,
    spec: ModelSpec,
    published_root: Path,
    as_of: datetime,
    path: Path,
    history: TrainingHistory,
) -> TrainingSet:
    import pyarrow.compute as pc

    times = pc.min_max(rows[spec.features.moment_column]).as_py()
    days = pc.min_max(rows[spec.features.partition]).as_py()
    return TrainingSet(
        model=spec.name,
        hash=path.name,
        rows=rows.num_rows,
        targets=spec.task.facts(_targets(rows, spec)),
        first_event_time=times["min"],
        last_event_time=times["max"],
        first_local_date=days["min"],
        last_local_date=days["max"],
        as_of=as_of,
        history=history.reason,
        since=history.since,
        columns=tuple(Column(name=field.name, type=str(field.type)) for field in rows.schema),
        features_digest=published_digest(published_root, spec.features.table),
        labels_digest=published_digest(published_root, spec.label.table),
        path=path,
    )
