"""Reading published features, and labels as they were known at a moment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_platform.column_kind import KINDS, ColumnKind
from mlops_platform.data.engine import identifier, not_finite, private_duckdb
from mlops_platform.data.features.published import published_rows
from mlops_platform.data.features.training_history import TrainingHistory, declared_history
from mlops_platform.data.parquet_files import parquet_files
from mlops_platform.errors import DataError
from mlops_platform.spec import FeaturesSpec, LabelSpec, ModelSpec

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

ACCEPTED: Mapping[str, tuple[str, ...]] = {
    "DATE": ("DATE",),
    "BOOLEAN": ("BOOLEAN",),
    "TIMESTAMPTZ": ("TIMESTAMP",),
    "DOUBLE": KINDS["numeric"].published_types,
}
"""Type in which a column that is no feature is handed on -> beginnings of the types in which it may
be published. Features have those of their kinds."""
RequiredTypes = Mapping[str, str | ColumnKind | None]
"""What each wanted column is handed on as; None for its own type."""


def read_training_rows(
    spec: ModelSpec,
    published_root: Path,
    as_of: datetime,
    history: TrainingHistory | None = None,
) -> pa.Table:
    """Features of past events together with the labels known at `as_of`.

    Columns: entity, event time (UTC), partition, features (in the types of their kinds),
    sensitive columns, label (in the type of the task, never NULL), known_at (UTC); ordered by event
    time and entity. A label is known from `known_at` plus its reporting delay on.

    Args:
        history: what is read of the past; the rolling history that the spec declares where None.

    Raises:
        DataError: a table or column is missing or of the wrong type, or `as_of` has no zone.
    """
    label, as_of = spec.label, _moment(as_of, "as_of")
    since = (history or declared_history(spec.training.history, as_of)).since
    entity, event_time = identifier(spec.features.entity), identifier(spec.features.event_time)
    known_at = identifier(label.known_at)
    with private_duckdb() as connection:
        features = _feature_columns(connection, published_root, spec.features)
        labels = _label_columns(connection, published_root, spec)
        return connection.sql(
            f"SELECT {features}, {labels} FROM features JOIN labels USING ({entity}) "
            f"WHERE features.{event_time} <= $as_of AND labels.{known_at} <= $known_by "
            f"AND ($since IS NULL OR features.{event_time} > $since) "
            f"AND labels.{identifier(label.column)} IS NOT NULL "
            f"ORDER BY features.{event_time}, {entity}",
            params={"as_of": as_of, "known_by": _known_by(label, as_of), "since": since},
        ).to_arrow_table()


def feature_batches(
    spec: ModelSpec, published_root: Path, days: Sequence[date], batch_rows: int = 65_536
) -> Iterator[pa.RecordBatch]:
    """Features of the events of some partition days, streamed by event time and entity.

    Columns: entity, event time (UTC), partition, features (in the types of their kinds),
    sensitive.

    Raises:
        DataError: the table or a column is missing or of the wrong type.
    """
    entity, event_time = identifier(spec.features.entity), identifier(spec.features.event_time)
    with private_duckdb() as connection:
        features = _feature_columns(connection, published_root, spec.features)
        yield from connection.sql(
            f"SELECT {features} FROM features "
            f"WHERE features.{identifier(spec.features.partition)} IN $days "
            f"ORDER BY features.{event_time}, features.{entity}",
            params={"days": list(days)},
        ).to_arrow_reader(batch_rows)


def labelled_batches(
    spec: ModelSpec,
    published_root: Path,
    days: Sequence[date],
    as_of: datetime,
    batch_rows: int = 65_536,
) -> Iterator[pa.RecordBatch]:
    """Features of the events of some partition days with the labels known at `as_of`, streamed.

    Columns: those of `feature_batches`, label (in the type of the task, never NULL), known_at (UTC,
    without its reporting delay); in no order.

    Raises:
        DataError: a table or column is missing or of the wrong type, or `as_of` has no zone.
    """
    label, entity = spec.label, identifier(spec.features.entity)
    known_by = _known_by(label, _moment(as_of, "as_of"))
    with private_duckdb() as connection:
        features = _feature_columns(connection, published_root, spec.features)
        labels = _label_columns(connection, published_root, spec)
        yield from connection.sql(
            f"SELECT {features}, {labels} FROM features JOIN labels USING ({entity}) "
            f"WHERE features.{identifier(spec.features.partition)} IN $days "
            f"AND labels.{identifier(label.known_at)} <= $known_by "
            f"AND labels.{identifier(label.column)} IS NOT NULL",
            params={"days": list(days), "known_by": known_by},
        ).to_arrow_reader(batch_rows)


def read_feature_rows(spec: ModelSpec, published_root: Path, days: Sequence[date]) -> pa.Table:
    """What `feature_batches` streams, as one table."""
    import pyarrow as pa

    return pa.Table.from_batches(feature_batches(spec, published_root, days))


def latest_feature_batches(
    spec: ModelSpec, published_root: Path, since: datetime, batch_rows: int = 16_384
) -> Iterator[pa.RecordBatch]:
    """The latest features of every entity whose event time is after `since`, by entity.

    Columns: entity, event time (UTC), features (in the types of their kinds).

    Raises:
        DataError: the table or a column is missing or of the wrong type, or `since` has no zone.
    """
    since = _moment(since, "since")
    entity, event_time = identifier(spec.features.entity), identifier(spec.features.event_time)
    unwanted = (spec.features.partition, *spec.features.sensitive)
    with private_duckdb() as connection:
        features = _feature_columns(connection, published_root, spec.features)
        yield from connection.sql(
            f"SELECT * EXCLUDE ({', '.join(map(identifier, unwanted))}) "
            f"FROM (SELECT {features} FROM features WHERE features.{event_time} > $since) "
            f"WHERE {entity} IS NOT NULL "
            f"QUALIFY row_number() OVER (PARTITION BY {entity} "
            f"ORDER BY {event_time} DESC, {identifier(spec.features.partition)} DESC) = 1 "
            f"ORDER BY {entity}",
            params={"since": since},
        ).to_arrow_reader(batch_rows)


def read_outcomes(
    spec: ModelSpec,
    published_root: Path,
    predictions: Sequence[Path],
    days: Sequence[date],
    as_of: datetime,
) -> pa.Table:
    """Predicted rows with what is known of their outcomes at `as_of`, by event time and entity.

    Columns: event_time (UTC), day (the partition), the outputs of the task, label (in its type,
    NULL where it is not known or there is none), and known_at (UTC): when the outcome reached the
    platform, NULL where it has not. It also is known of an entity that will never
    have a label, such as a cancelled flight.

    Args:
        predictions: files of predictions.
        days: partition days of the predicted events.
    """
    as_of = _moment(as_of, "as_of")
    label, entity = spec.label, identifier(spec.features.entity)
    known_at, event_time = identifier(label.known_at), identifier(spec.features.event_time)
    day = identifier(spec.features.partition)
    predicted = parquet_files(predictions, union_by_name=True)
    outputs = ", ".join(f"predicted.{identifier(output.name)}" for output in spec.task.outputs)
    with private_duckdb() as connection:
        columns = _label_columns(connection, published_root, spec)
        return connection.sql(
            f"WITH known AS (SELECT labels.{entity}, {columns} FROM labels "
            f"WHERE labels.{day} IN $days AND labels.{known_at} <= $known_by) "
            f"SELECT CAST(predicted.{event_time} AS TIMESTAMPTZ) AS event_time, "
            f"CAST(predicted.{day} AS DATE) AS day, {outputs}, "
            f"known.{identifier(label.column)} AS label, "
            f"known.{known_at} + to_days($delay) AS known_at "
            f"FROM {predicted} AS predicted LEFT JOIN known USING ({entity}) "
            f"ORDER BY predicted.{event_time}, predicted.{entity}",
            params={
                "days": list(days),
                "known_by": _known_by(label, as_of),
                "delay": label.reporting_delay_days,
            },
        ).to_arrow_table()


def count_new_labels(
    spec: ModelSpec, published_root: Path, after: datetime, as_of: datetime
) -> int:
    """Labels that became known after one moment and until another, late reports included.

    Raises:
        DataError: the table or a column is missing or of the wrong type, or a moment has no zone.
    """
    label, known_at = spec.label, identifier(spec.label.known_at)
    after, as_of = _moment(after, "after"), _moment(as_of, "as_of")
    with private_duckdb() as connection:
        columns = _label_columns(connection, published_root, spec)
        (count,) = connection.execute(
            f"SELECT count({identifier(label.column)}) FROM (SELECT {columns} FROM labels) "
            f"WHERE {known_at} > $after AND {known_at} <= $known_by",
            {"after": _known_by(label, after), "known_by": _known_by(label, as_of)},
        ).fetchone() or (0,)
    return int(count)


def _known_by(label: LabelSpec, as_of: datetime) -> datetime:
    """The latest `known_at` of a label that has reached the platform at `as_of`."""
    return as_of - timedelta(days=label.reporting_delay_days)


def _moment(value: datetime, name: str) -> datetime:
    if value.tzinfo is None:
        raise DataError(f"{name}={value} has no time zone. Pass an aware datetime, best in UTC.")
    return value


def _feature_columns(
    connection: duckdb.DuckDBPyConnection, published_root: Path, spec: FeaturesSpec
) -> str:
    required_types: RequiredTypes = {
        spec.entity: None,
        spec.event_time: "TIMESTAMPTZ",
        spec.partition: "DATE",
        **spec.kinds,
        **dict.fromkeys(spec.sensitive),
    }
    types = open_view(connection, "features", published_root / spec.table, spec.partition)
    return select_columns("features", spec.table, required_types, types)


def _label_columns(
    connection: duckdb.DuckDBPyConnection, published_root: Path, spec: ModelSpec
) -> str:
    features, label = spec.features, spec.label
    types = open_view(connection, "labels", published_root / label.table, features.partition)
    select_columns("labels", label.table, {features.entity: None}, types)
    required_types = {label.column: spec.task.label_type, label.known_at: "TIMESTAMPTZ"}
    columns = select_columns("labels", label.table, required_types, types)
    _refuse_labels_that_are_no_number(connection, spec, types[label.column])
    return columns


def _refuse_labels_that_are_no_number(
    connection: duckdb.DuckDBPyConnection, spec: ModelSpec, kind: str
) -> None:
    """DuckDB and Arrow take NaN for a value, and one of them spoils every mean that it is in.

    Raises:
        DataError: a label is NaN or infinite.
    """
    if kind not in ("DOUBLE", "FLOAT"):
        return
    label = identifier(spec.label.column)
    spoilt = connection.execute(
        f"SELECT {identifier(spec.features.entity)}, {label} FROM labels "
        f"WHERE {not_finite(label)} LIMIT 1"
    ).fetchone()
    if spoilt is not None:
        raise DataError(
            f"label.column {spec.label.column} of {spec.label.table} is {spoilt[1]} for "
            f"{spec.features.entity} {spoilt[0]!r}. Publish an outcome that is not known as NULL."
        )


def open_view(
    connection: duckdb.DuckDBPyConnection,
    view: str,
    folder: Path,
    partition: str,
    days: Sequence[date] | None = None,
) -> dict[str, str]:
    """Make a view of one published table; names and types of its columns.

    Args:
        days: partitions to look into, all where None.

    Raises:
        DataError: none of them is published.
    """
    rows = published_rows(folder, partition, days)
    connection.execute(f"CREATE TEMP VIEW {view} AS FROM {rows}")
    described = connection.execute(f"DESCRIBE {view}").fetchall()
    return {name: kind for name, kind, *_ in described}


def select_columns(
    view: str, table: str, required_types: RequiredTypes, types: Mapping[str, str]
) -> str:
    """Write the SQL of the wanted columns, cast to the wanted types (None: to their own).

    Raises:
        DataError: a column is missing or of another type.
    """
    absent = sorted(required_types.keys() - types.keys())
    if absent:
        raise DataError(f"table {table} lacks the columns {absent}. It has {sorted(types)}.")
    columns = []
    for column, required in required_types.items():
        handed_on, accepted = _types(required or types[column])
        if required and not types[column].startswith(accepted):
            usual = accepted[0] if isinstance(required, ColumnKind) else required
            raise DataError(
                f"column '{column}' of {table} is {types[column]}, and {usual} is needed. Cast it "
                "in the dbt model, or declare it in another role."
            )
        columns.append(f"CAST({view}.{identifier(column)} AS {handed_on}) AS {identifier(column)}")
    return ", ".join(columns)


def _types(required: str | ColumnKind) -> tuple[str, tuple[str, ...]]:
    """In which a column is handed on, and beginnings of those in which it may be published."""
    if isinstance(required, ColumnKind):
        return required.sql_type, required.published_types
    return required, ACCEPTED.get(required, ())
