"""Reading published features, and labels as they were known at a moment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from mlops_platform.column_kind import LARGEST_NUMBER
from mlops_platform.data.engine import identifier, private_duckdb
from mlops_platform.data.features.labels import aware, label_columns
from mlops_platform.data.features.landed.outcomes import beside_sql, read_landed_outcomes
from mlops_platform.data.features.landed.rows import open_newest, open_news
from mlops_platform.data.features.training_history import TrainingHistory, declared_history
from mlops_platform.data.features.views import (
    RequiredTypes,
    open_view,
    refuse_doubled_keys,
    select_columns,
)
from mlops_platform.data.parquet_files import parquet_files
from mlops_platform.data.predicted_columns import weight_of_rows
from mlops_platform.errors import DataError
from mlops_platform.spec import FeaturesSpec, ModelSpec

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


def read_training_rows(
    spec: ModelSpec,
    published_root: Path,
    as_of: datetime,
    history: TrainingHistory | None = None,
) -> pa.Table:
    """What `training_batches` streams, as one table.

    Raises:
        DataError: as `training_batches`.
    """
    import pyarrow as pa

    with training_batches(spec, published_root, as_of, history) as batches:
        return pa.Table.from_batches(batches, batches.schema)


@contextmanager
def training_batches(
    spec: ModelSpec,
    published_root: Path,
    as_of: datetime,
    history: TrainingHistory | None = None,
    batch_rows: int = 65_536,
) -> Iterator[pa.RecordBatchReader]:
    """Features of past events together with the labels known at `as_of`, streamed.

    Columns: entity, event time (UTC), partition, features (in the types of their kinds),
    sensitive columns, weight, label (in the type of the task; NULL only where the task fits rows
    without one), known_at (UTC); ordered by event time and entity.
    A label is known from `known_at` plus its reporting delay on, and of
    its versions the one that stood then; it meets features of its own partition. Without event time
    it meets the newest features that landed no later than itself: later ones may tell of the
    outcome.

    Args:
        history: what is read of the past; the rolling history that the spec declares where None.

    Raises:
        DataError: a table, a column or a required value is missing, a column is of the wrong type,
            or `as_of` has no zone.
    """
    import pyarrow as pa

    as_of = aware(as_of, "as_of")
    since = (history or declared_history(spec.training.history, as_of)).since
    entity, event_time = identifier(spec.features.entity), identifier(spec.features.moment_column)
    with private_duckdb() as connection:
        features = _feature_columns(connection, published_root, spec)
        labels = label_columns(connection, published_root, spec, as_of)
        rows = connection.sql(
            f"SELECT {features}, {labels} FROM features {_labelled(spec)} "
            f"AND features.{event_time} <= $as_of "
            f"AND ($since IS NULL OR features.{event_time} > $since) "
            f"{_newest_before_label(spec)}"
            f"ORDER BY features.{event_time}, {entity}",
            params={"as_of": as_of, "since": since},
        ).to_arrow_reader(batch_rows)
        yield pa.RecordBatchReader.from_batches(rows.schema, _complete(rows, spec.features))


def feature_batches(
    spec: ModelSpec, published_root: Path, days: Sequence[date], batch_rows: int = 65_536
) -> Iterator[pa.RecordBatch]:
    """Features of the events of some partition days, streamed by event time and entity.

    Columns: entity, event time (UTC), partition, features (in the types of their kinds),
    sensitive, weight. Without event time the last news of each entity that landed on these days.

    Raises:
        DataError: the table, a column or a required value is missing, or a column is of the wrong
            type.
    """
    entity, event_time = identifier(spec.features.entity), identifier(spec.features.moment_column)
    with private_duckdb() as connection:
        features = _feature_columns(connection, published_root, spec, days)
        rows = connection.sql(
            f"SELECT {features} FROM features "
            f"WHERE features.{identifier(spec.features.partition)} IN $days "
            f"ORDER BY features.{event_time}, features.{entity}",
            params={"days": list(days)},
        ).to_arrow_reader(batch_rows)
        yield from _complete(rows, spec.features)


def labelled_batches(
    spec: ModelSpec,
    published_root: Path,
    as_of: Mapping[date, datetime],
    batch_rows: int = 65_536,
) -> Iterator[pa.RecordBatch]:
    """Features of the events of some partition days with their labels, streamed.

    Columns: those of `feature_batches`, label (in the type of the task, never NULL), known_at (UTC,
    without its reporting delay); in no order.

    Args:
        as_of: the partition days, and for each the moment as of which its labels are read.

    Raises:
        DataError: a table or column is missing or of the wrong type, or a moment has no zone.
    """
    if not as_of:
        return
    with private_duckdb() as connection:
        features = _feature_columns(connection, published_root, spec)
        labels = label_columns(connection, published_root, spec, as_of)
        yield from connection.sql(
            f"SELECT {features}, {labels} FROM features JOIN labels USING ({_same(spec)}) "
            f"WHERE features.{identifier(spec.features.partition)} IN $days "
            f"AND labels.{identifier(spec.label.column)} IS NOT NULL",
            params={"days": list(as_of)},
        ).to_arrow_reader(batch_rows)


@contextmanager
def opened_features(
    spec: ModelSpec, published_root: Path, first_day: date, last_day: date, as_of: datetime
) -> Iterator[tuple[duckdb.DuckDBPyConnection, str]]:
    """A connection and the name of its view of all rows of some days, labelled or not.

    Without event time it is of the newest row of every entity, whatever its day. Columns: those of
    `feature_batches`. Rows are read as it asks.

    Args:
        as_of: no event after it is there.

    Raises:
        DataError: the table or a column is missing or of the wrong type, or `as_of` has no zone.
    """
    features = spec.features
    moment = aware(as_of, "as_of")
    with private_duckdb() as connection:
        if features.has_event_time:
            columns = _feature_columns(connection, published_root, spec)
            of_days = (
                f"features.{identifier(features.partition)} "
                f"BETWEEN DATE '{first_day}' AND DATE '{last_day}'"
            )
        else:
            until = moment.astimezone(ZoneInfo(spec.window.timezone)).date()
            columns = _selected(features, open_newest(connection, published_root, spec, until))
            of_days = "true"
        connection.execute(
            f"CREATE TEMP VIEW features_of_days AS SELECT {columns} FROM features WHERE {of_days} "
            f"AND features.{identifier(features.moment_column)} "
            f"<= TIMESTAMPTZ '{moment.isoformat()}'"
        )
        yield connection, "features_of_days"


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
    since = aware(since, "since")
    entity, event_time = identifier(spec.features.entity), identifier(spec.features.moment_column)
    unwanted = (spec.features.partition, *spec.features.beside)
    with private_duckdb() as connection:
        features = _latest_columns(connection, published_root, spec)
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
    beside: Sequence[str] = (),
) -> pa.Table:
    """Predicted rows with what is known of their outcomes at `as_of`, by event time and entity.

    Columns: event_time (UTC), day (the partition), the outputs of the task, the weight of the row
    where a file has weights (`SAMPLE_WEIGHT`; NULL where it is not known), label (in its type,
    NULL where it is not known or there is none), and known_at (UTC): when the outcome reached the
    platform as it stood at `as_of`, NULL where it has not. It also is known of an entity that will
    never have a label, such as a cancelled flight.

    Args:
        predictions: files of predictions.
        days: partition days of the predicted events: labels are read of no others.
        beside: columns of the feature table that are added as `beside_column(name)`, in their own
            types; NULL where an entity is not published any more.

    Raises:
        DataError: a column is missing or of the wrong type, a label is NaN or infinite, or an
            entity has two labels of one day.
    """
    if not spec.features.has_event_time:
        return read_landed_outcomes(spec, published_root, predictions, as_of, beside)
    label, entity = spec.label, identifier(spec.features.entity)
    known_at = identifier(label.known_at_column)
    event_time = identifier(spec.features.moment_column)
    day = identifier(spec.features.partition)
    predicted = parquet_files(predictions, union_by_name=True)
    outputs = ", ".join(f"predicted.{identifier(output.name)}" for output in spec.task.outputs)
    with private_duckdb() as connection:
        of_days = dict.fromkeys(days, as_of) or as_of
        columns = label_columns(connection, published_root, spec, of_days)
        refuse_doubled_keys(connection, "labels", label.table, spec.features)
        weight = weight_of_rows(connection, predicted)
        joined = _join_beside(connection, published_root, spec, days) if beside else ""
        return connection.sql(
            f"WITH known AS (SELECT labels.{entity}, labels.{day}, {columns} FROM labels "
            f"WHERE labels.{day} IN $days) "
            f"SELECT CAST(predicted.{event_time} AS TIMESTAMPTZ) AS event_time, "
            f"CAST(predicted.{day} AS DATE) AS day, {outputs}{weight}, "
            f"known.{identifier(label.column)} AS label, "
            f"known.{known_at} + to_days($delay) AS known_at{beside_sql(beside)} "
            f"FROM {predicted} AS predicted LEFT JOIN known ON known.{entity} = predicted.{entity} "
            f"AND known.{day} = CAST(predicted.{day} AS DATE){joined} "
            f"ORDER BY predicted.{event_time}, predicted.{entity}",
            params={"days": list(days), "delay": label.reporting_delay_days},
        ).to_arrow_table()


def _join_beside(
    connection: duckdb.DuckDBPyConnection,
    published_root: Path,
    spec: ModelSpec,
    days: Sequence[date],
) -> str:
    """Make the view `features` of some days; the SQL that joins one row of it to a prediction."""
    features = spec.features
    entity, day = identifier(features.entity), identifier(features.partition)
    folder = published_root / features.table
    open_view(connection, "features", folder, features.partition, days)
    return (
        f" LEFT JOIN (SELECT DISTINCT ON ({entity}, {day}) * FROM features) AS features "
        f"ON features.{entity} = predicted.{entity} "
        f"AND features.{day} = CAST(predicted.{day} AS DATE)"
    )


def _complete(
    batches: Iterable[pa.RecordBatch], features: FeaturesSpec
) -> Iterator[pa.RecordBatch]:
    """The same batches, whose rows can be fitted on and scored, and have a weight.

    Raises:
        DataError: a required value is missing, a number is infinite or as good as that, or a row
            weighs nothing.
    """
    for batch in batches:
        _refuse_missing(batch, features)
        _refuse_too_large(batch, features)
        _refuse_unweighable(batch, features)
        yield batch


def _refuse_missing(rows: pa.RecordBatch, features: FeaturesSpec) -> None:
    """Refuse rows that lack a required value, as the service refuses them with 422."""
    for name in features.required:
        lacking = rows.filter(rows[name].is_null(nan_is_null=True))
        if lacking.num_rows:
            example, day = (
                lacking[key][0].as_py() for key in (features.entity, features.partition)
            )
            raise DataError(
                f"{lacking.num_rows} rows of {features.table} have no '{name}', for example "
                f"{features.entity} {example!r} of {day}, and `features.required` says that it is "
                "never NULL. Correct the dbt model, or take the column out of `features.required`."
            )


def _refuse_too_large(rows: pa.RecordBatch, features: FeaturesSpec) -> None:
    """Refuse rows with a number that no model can compute with; the service does so with 422."""
    import pyarrow.compute as pc

    for name in features.numeric:
        faulty = rows.filter(pc.greater(pc.abs(rows[name]), LARGEST_NUMBER))
        if faulty.num_rows:
            keys = (features.entity, features.partition, name)
            entity, day, value = (faulty[key][0].as_py() for key in keys)
            raise DataError(
                f"{faulty.num_rows} rows of {features.table} have a '{name}' beyond "
                f"{LARGEST_NUMBER:g}, for example {value:g} for {features.entity} {entity!r} of "
                f"{day}, with which no model can compute. Correct the dbt model: publish what is "
                "not known as NULL, and large numbers in a larger unit."
            )


def _refuse_unweighable(rows: pa.RecordBatch, features: FeaturesSpec) -> None:
    """Refuse rows whose weight is no positive, finite number."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if features.weight is None:
        return
    weights = rows[features.weight]
    sound = pc.and_(pc.greater(weights, 0), pc.is_finite(weights))
    faulty = rows.filter(pc.invert(pc.fill_null(sound, pa.scalar(value=False))))
    if faulty.num_rows:
        keys = (features.entity, features.partition, features.weight)
        entity, day, weight = (faulty[key][0].as_py() for key in keys)
        raise DataError(
            f"{faulty.num_rows} rows of {features.table} have a '{features.weight}' that weighs "
            f"nothing, for example {'NULL' if weight is None else weight} for {features.entity} "
            f"{entity!r} of {day}, and `features.weight` needs a positive, finite number. Correct "
            "the dbt model; leave rows out of it that are not to count."
        )


def _labelled(spec: ModelSpec) -> str:
    """The SQL that joins labels to features: of all rows, or of those that have one."""
    if spec.task.fits_unlabelled:
        return f"LEFT JOIN labels USING ({_same(spec)}) WHERE true"
    label = identifier(spec.label.column)
    return f"JOIN labels USING ({_same(spec)}) WHERE labels.{label} IS NOT NULL"


def _same(spec: ModelSpec) -> str:
    """The columns by which labels meet features.

    Of an entity that has moved to another day both days have had a label. Without event time a
    label may land on any day.
    """
    keys = (spec.features.entity, spec.features.partition)
    return ", ".join(map(identifier, keys if spec.features.has_event_time else keys[:1]))


def _newest_before_label(spec: ModelSpec) -> str:
    """The SQL by which of an entity without event time the newest row trains that may."""
    if spec.features.has_event_time:
        return ""
    entity, day = identifier(spec.features.entity), identifier(spec.features.partition)
    return (
        f"AND coalesce(features.{day} <= labels.{day}, true) "
        f"QUALIFY row_number() OVER (PARTITION BY features.{entity} "
        f"ORDER BY features.{day} DESC) = 1 "
    )


def _feature_columns(
    connection: duckdb.DuckDBPyConnection,
    published_root: Path,
    spec: ModelSpec,
    days: Sequence[date] | None = None,
) -> str:
    """Make the view `features`, without event time of the news (of some days); its columns."""
    features = spec.features
    if features.has_event_time:
        folder = published_root / features.table
        types = open_view(connection, "features", folder, features.partition)
    else:
        types = open_news(connection, published_root, spec, days)
    return _selected(spec.features, types)


def _latest_columns(
    connection: duckdb.DuckDBPyConnection, published_root: Path, spec: ModelSpec
) -> str:
    """Make the view `features`, without event time of what landed last; its columns."""
    if spec.features.has_event_time:
        return _feature_columns(connection, published_root, spec)
    return _selected(spec.features, open_newest(connection, published_root, spec))


def _selected(features: FeaturesSpec, types: Mapping[str, str]) -> str:
    required_types: RequiredTypes = {
        features.entity: None,
        features.moment_column: "TIMESTAMPTZ",
        features.partition: "DATE",
        **features.kinds,
        **dict.fromkeys(features.sensitive),
        **({features.weight: "DOUBLE"} if features.weight else {}),
    }
    return select_columns("features", features.table, required_types, types)
