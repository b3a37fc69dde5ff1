"""Reading what was served: a sample to judge, one request, and the answers of a window."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_platform.data.engine import identifier, private_duckdb
from mlops_platform.data.features.published import published_rows
from mlops_platform.data.landing.deliveries import PARTITION_COLUMN
from mlops_platform.data.parquet_files import parquet_files, partitioned_parquet
from mlops_platform.data.served.lines import ADJUSTMENT, read_lines
from mlops_platform.data.served.served import unlanded_lines
from mlops_platform.data.served.weights import join_weights
from mlops_platform.data.windows import Window
from mlops_platform.spec import FeaturesSpec, ModelSpec

if TYPE_CHECKING:
    import pyarrow as pa

FILES = f"{PARTITION_COLUMN}=*/*.parquet"
DAYS_AHEAD = 31
"""An answer is looked for from this long before its window on: earlier ones are not of it."""


def sample_served(landed: Path, files: Sequence[str], most: int) -> tuple[pa.Table, int]:
    """At most `most` rows of landed files, always the same ones, and how many rows there are.

    Args:
        files: some at least, relative to the folder.
    """
    source = parquet_files([landed / file for file in files], union_by_name=True)
    with private_duckdb() as connection:
        sample = connection.sql(
            f'FROM {source} ORDER BY md5(request_id || role || "row"), role, "row" LIMIT $most',
            params={"most": most},
        ).to_arrow_table()
        [(rows,)] = connection.sql(f"SELECT count(*) FROM {source}").fetchall()
    return _with_adjustment(sample), rows


def _with_adjustment(rows: pa.Table) -> pa.Table:
    """Rows of files that have landed before answers named an adjustment have none."""
    import pyarrow as pa

    if ADJUSTMENT in rows.column_names:
        return rows
    return rows.append_column(ADJUSTMENT, pa.nulls(rows.num_rows, pa.int32()))


def find_request(spec: ModelSpec, log: Path, landed: Path, request_id: str) -> pa.Table:
    """Every logged row of one request, landed or not, by time, role and row; none where unknown."""
    return _found(spec, log, landed, "request_id", request_id)


def find_answers(spec: ModelSpec, log: Path, landed: Path, entity: str) -> pa.Table:
    """Every logged row about an entity, ordered alike; none where unknown."""
    return _found(spec, log, landed, "entity", entity)


def _found(spec: ModelSpec, log: Path, landed: Path, key: str, value: str) -> pa.Table:
    """Every logged row whose key, a text, has a value."""
    import pyarrow as pa
    import pyarrow.compute as pc

    # As JSON writes it: quotes and backslashes in it are escaped.
    encoded = json.dumps(value, ensure_ascii=False)[1:-1].encode()
    tables = [
        read_lines([line for line in piece.lines if encoded in line], spec).rows
        for piece in unlanded_lines(log, landed)
    ]
    if any(landed.glob(FILES)):
        with private_duckdb() as connection:
            query = f"FROM {_landed(landed)} WHERE {identifier(key)} = $value"
            landed_rows = connection.sql(query, params={"value": value}).to_arrow_table()
        tables.append(landed_rows.drop_columns(["day"]))
    if not tables:
        return read_lines([], spec).rows
    rows = pa.concat_tables(_of_one_type(tables), promote_options="permissive")
    rows = rows.filter(pc.equal(rows[key], value))
    rows = rows.sort_by([(key, "ascending") for key in ("time", "role", "row")])
    return _with_adjustment(rows)


def _of_one_type(tables: Sequence[pa.Table]) -> list[pa.Table]:
    """Columns that are flags in one table and numbers in another, as numbers in all of them."""
    import pyarrow as pa

    numbers = {
        field.name for table in tables for field in table.schema if field.type == pa.float64()
    }
    return [
        table.cast(
            pa.schema(
                field.with_type(pa.float64())
                if pa.types.is_boolean(field.type) and field.name in numbers
                else field
                for field in table.schema
            )
        )
        for table in tables
    ]


def read_answers(
    spec: ModelSpec, landed: Path, published_root: Path, window: Window
) -> pa.Table | None:
    """The one answer that counts for every entity of a window, by event time and entity.

    An entity belongs to the window of its published event, and the last answer before that event
    counts, or the last one where all came later. One that was never published belongs to the
    window of its last answer, whose time stands for its event. What the shadow predicted, or what
    was asked without an entity (or one that is not of the published type), is no answer. Without
    event time no entity has a published event: all belong to the day of their last answer.

    Columns: entity (of its published type), event_time (UTC), partition, then what was logged, and
    where the model declares weights that of the row, NULL for an entity that was never published.

    Returns:
        None where nothing has landed yet.

    Raises:
        DataError: the feature table is not published.
    """
    if not any(landed.glob(FILES)):
        return None
    with private_duckdb() as connection:
        connection.execute(
            f"CREATE TEMP VIEW events AS {_published_events(spec.features, published_root)}"
        )
        described = connection.execute("DESCRIBE events").fetchall()
        weights = join_weights(
            connection, published_root, spec, entity="answers.entity", day="events.partition"
        )
        answers = connection.sql(
            f"WITH answers AS (FROM {_landed(landed)} "
            "WHERE role <> 'shadow' AND entity IS NOT NULL AND day >= $since), "
            f"placed AS (SELECT try_cast(answers.entity AS {described[0][1]}) AS entity, "
            "coalesce(events.event_time, answers.time) AS event_time, "
            "coalesce(events.partition, CAST(timezone($zone, answers.time) AS DATE)) AS partition, "
            f"answers.* EXCLUDE (entity, day){weights.column} "
            "FROM answers LEFT JOIN events "
            f"ON CAST(events.entity AS VARCHAR) = answers.entity{weights.join}) "
            "FROM placed WHERE partition IN $days AND entity IS NOT NULL "
            "QUALIFY row_number() OVER (PARTITION BY entity "
            'ORDER BY time <= event_time DESC, time DESC, request_id, "row" DESC) = 1 '
            "ORDER BY event_time, entity",
            params={
                "since": window.start - timedelta(days=DAYS_AHEAD),
                "zone": window.timezone,
                "days": window.days,
            },
        ).to_arrow_table()
    return _with_adjustment(answers)


def _landed(landed: Path) -> str:
    return partitioned_parquet(landed, [FILES], PARTITION_COLUMN, union_by_name=True)


def _published_events(features: FeaturesSpec, published_root: Path) -> str:
    """Write the SQL of every published event; of none where rows have no event time."""
    rows = published_rows(published_root / features.table, features.partition)
    moment = "NULL" if features.event_time is None else identifier(features.event_time)
    return (
        f"SELECT {identifier(features.entity)} AS entity, "
        f"{identifier(features.partition)} AS partition, "
        f"CAST({moment} AS TIMESTAMPTZ) AS event_time "
        f"FROM {rows}{' WHERE false' if features.event_time is None else ''}"
    )
