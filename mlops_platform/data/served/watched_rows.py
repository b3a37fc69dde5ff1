"""The rows of a window as they are watched: what was predicted for, with the predictions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_platform.data.engine import identifier, private_duckdb
from mlops_platform.data.features.landed.rows import open_newest, open_news
from mlops_platform.data.features.views import RequiredTypes, open_view, select_columns
from mlops_platform.data.parquet_files import parquet_files
from mlops_platform.data.predicted_columns import own_column
from mlops_platform.spec import ModelSpec

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

FEW_ROWS = 500_000
"""A window of so many rows is read once and kept, some 100 MB; a larger one is scanned for each of
its columns, and takes no more memory the more rows it has."""


def sent_column(feature: str) -> str:
    """The column of a served window's predictions that holds what was sent for a feature."""
    return f"sent_{feature}"


@dataclass(frozen=True)
class WatchedRows:
    """A window in DuckDB.

    Args:
        features: table or view with the entity, the features (in the types of their kinds) and
            sensitive columns.
        predictions: view with the entity and the outputs; the same rows.
        outputs: names of those that are watched.
        joined: the predictions are one table with the features.
    """

    connection: duckdb.DuckDBPyConnection
    features: str
    predictions: str
    outputs: tuple[str, ...]
    joined: bool = False

    def repeated(self, entity: str) -> int:
        """Rows beyond the first of each entity."""
        key = identifier(entity)
        (counts,) = self.connection.sql(
            f"SELECT count({key}) - count(DISTINCT {key}) FROM {self.features}"
        ).fetchall()
        return int(counts[0])

    def predictions_beside(self, entity: str, columns: Sequence[str]) -> str:
        """Table of the watched outputs beside some columns of the features."""
        key, names = identifier(entity), ", ".join(map(identifier, columns))
        # An entity that is published twice was predicted for twice.
        once = f"(SELECT DISTINCT ON ({key}) {key}, {names} FROM {self.features})"
        outputs = ", ".join(map(identifier, self.outputs))
        # Beside the outputs each prediction says what it was made by, and a feature may say so too.
        predicted = f"(SELECT {key}, {outputs} FROM {self.predictions})"
        joined = f"{predicted} JOIN {once} USING ({key})"
        self.connection.execute(
            "CREATE OR REPLACE TEMP TABLE predictions_beside AS "
            f"SELECT {outputs}, {names} FROM {self.predictions if self.joined else joined}"
        )
        return "predictions_beside"

    def sample(self, entity: str, size: int) -> pa.Table:
        """At most `size` rows with their watched outputs, by entity: those of the smallest hash.

        The same entities are drawn on every machine and from whatever order of the rows.
        """
        key = identifier(entity)
        order = f"md5_number_lower({key}::VARCHAR)"
        outputs = ", ".join(f"predictions.{identifier(name)}" for name in self.outputs)
        return self.connection.sql(
            f"WITH drawn AS (SELECT {key} FROM {self.predictions} ORDER BY {order}, {key} "
            f"LIMIT {size}) "
            f"SELECT features.*, {outputs} FROM drawn JOIN {self.features} AS features "
            f"USING ({key}) JOIN {self.predictions} AS predictions USING ({key}) ORDER BY {key}"
        ).to_arrow_table()


@contextmanager
def watched_rows(
    spec: ModelSpec,
    published_root: Path,
    days: Sequence[date],
    predictions: Path,
    *,
    unchanged: bool,
) -> Iterator[WatchedRows]:
    """Open a window.

    Of a served window the features are what was sent, as far as that was logged.

    Args:
        days: partition days of the window.
        unchanged: the features published for these days are exactly those that were scored, so
            that they need not be joined with the predictions.

    Raises:
        DataError: the features are not published, or a column is missing or of the wrong type.
    """
    with private_duckdb() as connection:
        _open_predictions(connection, spec, predictions)
        columns = _published(connection, spec, published_root, days, unchanged=unchanged)
        if unchanged:
            kind = "TABLE" if _count(connection, "predicted") <= FEW_ROWS else "VIEW"
            connection.execute(f"CREATE TEMP {kind} watched AS SELECT {columns} FROM features")
            yield WatchedRows(connection, "watched", "predicted", spec.task.watched)
        else:
            connection.execute(f"CREATE TEMP TABLE joined AS {_joined(connection, spec, columns)}")
            watched = spec.task.watched
            outputs = ", ".join(map(identifier, watched))
            connection.execute(
                f"CREATE TEMP VIEW watched AS SELECT * EXCLUDE ({outputs}) FROM joined"
            )
            yield WatchedRows(connection, "watched", "joined", watched, joined=True)


def _open_predictions(
    connection: duckdb.DuckDBPyConnection, spec: ModelSpec, predictions: Path
) -> None:
    """Make the view `predicted`, with what is watched as it is without any adjustment."""
    source = connection.sql(f"FROM {parquet_files([predictions])}")
    own = [
        f"{identifier(own_column(name))} AS {identifier(name)}"
        for name in spec.task.watched
        if own_column(name) in source.columns
    ]
    replaced = f" REPLACE ({', '.join(own)})" if own else ""
    connection.execute(
        f"CREATE TEMP VIEW predicted AS SELECT *{replaced} FROM {parquet_files([predictions])}"
    )


def _count(connection: duckdb.DuckDBPyConnection, rows: str) -> int:
    ((count,),) = connection.sql(f"SELECT count(*) FROM {rows}").fetchall()
    return int(count)


def _published(
    connection: duckdb.DuckDBPyConnection,
    spec: ModelSpec,
    published_root: Path,
    days: Sequence[date],
    *,
    unchanged: bool,
) -> str:
    features = spec.features
    required_types: RequiredTypes = {
        features.entity: None,
        **features.kinds,
        **dict.fromkeys(features.sensitive),
    }
    folder = published_root / features.table
    if features.has_event_time:
        types = open_view(connection, "features", folder, features.partition, days)
    elif unchanged:
        types = open_news(connection, published_root, spec, days)
    else:
        # An entity that was asked for, or is no news any more, had landed on whatever day.
        types = open_newest(connection, published_root, spec, max(days))
    return select_columns("features", features.table, required_types, types)


def _joined(connection: duckdb.DuckDBPyConnection, spec: ModelSpec, columns: str) -> str:
    described = connection.execute("DESCRIBE predicted").fetchall()
    logged = {name for name, *_ in described}
    sent = {name: kind for name, kind in spec.features.kinds.items() if sent_column(name) in logged}
    instead = ", ".join(
        f"predicted.{identifier(sent_column(name))}::{kind.sql_type} AS {identifier(name)}"
        for name, kind in sent.items()
    )
    entity = identifier(spec.features.entity)
    outputs = ", ".join(f"predicted.{identifier(name)}" for name in spec.task.watched)
    return (
        f"SELECT published.*{f' REPLACE ({instead})' if sent else ''}, {outputs} "
        f"FROM (SELECT {columns} FROM features) AS published JOIN predicted USING ({entity})"
    )
