"""Labels as they were known at a moment: of the versions of each the one that stood then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_platform.column_kind import LARGEST_NUMBER
from mlops_platform.data.engine import identifier, literal, not_finite, private_duckdb
from mlops_platform.data.features.last_labels import last_labels
from mlops_platform.data.features.views import open_view, select_columns
from mlops_platform.data.landing.landed_table import SUPERSEDED_AT
from mlops_platform.errors import DataError
from mlops_platform.spec import LabelSpec, ModelSpec

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

AsOf = datetime | Mapping[date, datetime]
"""The moment as of which labels are read, or one for each partition day that is read."""


def label_columns(
    connection: duckdb.DuckDBPyConnection, published_root: Path, spec: ModelSpec, as_of: AsOf
) -> str:
    """Make the view `labels` of `open_labels`; the SQL of its label and of `known_at`.

    Raises:
        DataError: a column is missing or of the wrong type, or a label is NaN or infinite.
    """
    label = spec.label
    types = open_labels(connection, published_root, spec, as_of)
    required_types = {label.column: spec.task.label_type, label.known_at_column: "TIMESTAMPTZ"}
    columns = select_columns("labels", label.table, required_types, types)
    _refuse_labels_that_are_no_number(connection, spec, types[label.column])
    return columns


def open_labels(
    connection: duckdb.DuckDBPyConnection, published_root: Path, spec: ModelSpec, as_of: AsOf
) -> dict[str, str]:
    """Make the view `labels` of what had reached the platform at a moment and stood then.

    An entity has at most one label there, or none where it was taken back.

    Returns:
        names and types of its columns.

    Raises:
        DataError: a column is missing or of the wrong type, or the moment has no zone.
    """
    days = list(as_of) if isinstance(as_of, Mapping) else None
    types = _open_versions(connection, published_root, spec, days)
    source, moment = _asked(spec, as_of)
    known = f"versions.{identifier(spec.label.known_at_column)} <= {moment}"
    superseded_at = f"versions.{SUPERSEDED_AT}"
    stands = f"({superseded_at} IS NULL OR {superseded_at} > {moment})"
    condition = f"{known} AND {stands}" if SUPERSEDED_AT in types else known
    standing = f"(SELECT versions.* FROM {source} WHERE {condition})"
    if not spec.features.has_event_time:
        standing = _last_of_entities(spec, standing)
    connection.execute(f"CREATE TEMP VIEW labels AS FROM {standing}")
    return types


def count_new_labels(
    spec: ModelSpec, published_root: Path, after: datetime, as_of: datetime
) -> int:
    """Labels that became known or changed after one moment and until another, and stood then.

    Late reports are included.

    Raises:
        DataError: the table or a column is missing or of the wrong type, or a moment has no zone.
    """
    label, known_at = spec.label, identifier(spec.label.known_at_column)
    with private_duckdb() as connection:
        columns = label_columns(connection, published_root, spec, as_of)
        (count,) = connection.execute(
            f"SELECT count({identifier(label.column)}) FROM (SELECT {columns} FROM labels) "
            f"WHERE {known_at} > {_known_by(label, aware(after, 'after'))}"
        ).fetchone() or (0,)
    return int(count)


def count_changed_labels(
    spec: ModelSpec, published_root: Path, days: Sequence[date], after: datetime, as_of: datetime
) -> int:
    """Entities of some days whose label came, changed or went after a moment and until another.

    Raises:
        DataError: the table or a column is missing or of the wrong type, or a moment has no zone.
    """
    since, until = (_known_by(spec.label, moment) for moment in (after, as_of))
    with private_duckdb() as connection:
        types = _open_versions(connection, published_root, spec, days)
        changed = " OR ".join(
            f"({moment} > {since} AND {moment} <= {until})" for moment in _moments(spec, types)
        )
        (count,) = connection.execute(
            f"SELECT count(DISTINCT {identifier(spec.features.entity)}) FROM versions "
            f"WHERE {identifier(spec.features.partition)} IN $days AND ({changed})",
            {"days": list(days)},
        ).fetchone() or (0,)
    return int(count)


def labels_settle_at(
    spec: ModelSpec, published_root: Path, days: Sequence[date]
) -> datetime | None:
    """From when on all that is published of the labels of some days has reached the platform.

    None where nothing is published of them.

    Raises:
        DataError: the table or a column is missing or of the wrong type.
    """
    with private_duckdb() as connection:
        types = _open_versions(connection, published_root, spec, days)
        latest = ", ".join(
            f"max(CAST({moment} AS TIMESTAMPTZ))" for moment in _moments(spec, types)
        )
        found = connection.execute(
            f"SELECT {latest} FROM versions WHERE {identifier(spec.features.partition)} IN $days",
            {"days": list(days)},
        ).fetchone()
    moments = [moment.astimezone(UTC) for moment in found or () if moment is not None]
    delay = timedelta(days=spec.label.reporting_delay_days)
    return max(moments) + delay if moments else None


def since_first_known(spec: ModelSpec, published_root: Path, rows: pa.Table) -> pa.Table:
    """Training rows, each known at the moment at which its first version was.

    Raises:
        DataError: the table or a column is missing or of the wrong type.
    """
    entity, day = identifier(spec.features.entity), identifier(spec.features.partition)
    known_at, label = identifier(spec.label.known_at_column), identifier(spec.label.column)
    with private_duckdb() as connection:
        if SUPERSEDED_AT not in _open_versions(connection, published_root, spec):
            return rows
        connection.register("training_rows", rows)
        return connection.sql(
            f"SELECT training_rows.* REPLACE (first_known.{known_at} AS {known_at}) "
            f"FROM training_rows LEFT JOIN (SELECT {entity}, {day}, "
            f"CAST(min({known_at}) AS TIMESTAMPTZ) AS {known_at} FROM versions "
            f"WHERE {label} IS NOT NULL GROUP BY ALL) AS first_known USING ({entity}, {day}) "
            f"ORDER BY training_rows.{identifier(spec.features.moment_column)}, {entity}"
        ).to_arrow_table()


def _last_of_entities(spec: ModelSpec, standing: str) -> str:
    """Write the SQL of the one label that each entity has, on whatever day its features landed."""
    features, label = spec.features, spec.label
    last = last_labels(
        standing, features.entity, features.partition, label.column, label.known_at_column
    )
    return f"(FROM {last} WHERE {identifier(label.column)} IS NOT NULL)"


def _open_versions(
    connection: duckdb.DuckDBPyConnection,
    published_root: Path,
    spec: ModelSpec,
    read_days: Sequence[date] | None = None,
) -> dict[str, str]:
    """Make the view `versions` of all that is published; names and types of its columns.

    Args:
        read_days: as of `published_rows`.
    """
    features, label = spec.features, spec.label
    folder = published_root / label.table
    types = open_view(connection, "versions", folder, features.partition, read_days=read_days)
    moments = [label.known_at_column, *({SUPERSEDED_AT} & types.keys())]
    needed = {
        features.entity: None,
        **({} if features.has_event_time else {label.column: None}),
        **dict.fromkeys(moments, "TIMESTAMPTZ"),
    }
    select_columns("versions", label.table, needed, types)
    return types


def _moments(spec: ModelSpec, columns: Mapping[str, str]) -> list[str]:
    """The columns that say when something changes."""
    return [identifier(spec.label.known_at_column), *({SUPERSEDED_AT} & columns.keys())]


def _asked(spec: ModelSpec, as_of: AsOf) -> tuple[str, str]:
    """The SQL of what versions are read from, and of what has to be known of each."""
    if not isinstance(as_of, Mapping):
        return "versions", _known_by(spec.label, as_of)
    day = f"versions.{identifier(spec.features.partition)}"
    days = ", ".join(f"DATE '{asked}'" for asked in as_of)
    moments = ", ".join(
        f"(DATE '{asked}', {_known_by(spec.label, moment)})" for asked, moment in as_of.items()
    )
    # The days twice: by a condition, and by no join, it is decided which files are opened.
    return (
        f"versions JOIN (VALUES {moments}) AS asked (day, known_by) "
        f"ON {day} = asked.day AND {day} IN ({days})",
        "asked.known_by",
    )


def _known_by(label: LabelSpec, as_of: datetime) -> str:
    """The SQL of the moment up to which the platform knows at `as_of` what had become of labels.

    A correction reaches it as late as a label does.
    """
    moment = aware(as_of, "as_of").astimezone(UTC) - timedelta(days=label.reporting_delay_days)
    return f"TIMESTAMPTZ {literal(moment.isoformat(sep=' '))}"


def aware(moment: datetime, name: str) -> datetime:
    """The moment.

    Raises:
        DataError: it has no zone.
    """
    if moment.tzinfo is None:
        raise DataError(f"{name}={moment} has no time zone. Pass an aware datetime, best in UTC.")
    return moment


def _refuse_labels_that_are_no_number(
    connection: duckdb.DuckDBPyConnection, spec: ModelSpec, kind: str
) -> None:
    """DuckDB and Arrow take NaN for a value, and one of them spoils every mean that it is in.

    Raises:
        DataError: a label is NaN, infinite, or so large that sums of its squares overflow.
    """
    if kind not in ("DOUBLE", "FLOAT"):
        return
    label = identifier(spec.label.column)
    spoilt = connection.execute(
        f"SELECT {identifier(spec.features.entity)}, {label} FROM labels "
        f"WHERE {not_finite(label)} OR abs({label}) > {LARGEST_NUMBER} LIMIT 1"
    ).fetchone()
    if spoilt is not None:
        raise DataError(
            f"label.column {spec.label.column} of {spec.label.table} is {spoilt[1]} for "
            f"{spec.features.entity} {spoilt[0]!r}. Publish an outcome that is not known as NULL, "
            f"and outcomes beyond {LARGEST_NUMBER:g} in a larger unit."
        )
