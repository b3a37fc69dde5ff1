"""Predictions of a window: one Parquet file that says itself what it was made from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from mlops_platform.data.engine import identifier, private_duckdb
from mlops_platform.data.parquet import opened_parquet
from mlops_platform.errors import DataError
from mlops_platform.files import replacing_file
from mlops_platform.spec import ModelSpec

if TYPE_CHECKING:
    import pyarrow as pa

ENTITY, LABEL_TABLE, LABEL, KNOWN_AT = "entity", "label_table", "label", "known_at"
"""Keys of the file's metadata: how its rows meet their outcomes."""
LANDED_DAY = "landed_day"
"""Another one, of rows without event time: the column with the day of landing, of both tables."""
MEANINGS = "meanings"
"""And one that older files lack: what each predicted column holds, as a JSON object."""
RANK: Final = "rank"
RANK_MEANING: Final = (
    "Rank of the row among those of its group in the window that the same version has scored, from "
    "1 on; rows of the same score share one."
)


def predictions_file(predictions_root: Path, model: str, window: str) -> Path:
    """Where the predictions of one window are."""
    return predictions_root / model / f"window={window}" / "data.parquet"


def predicts_label(path: Path, spec: ModelSpec) -> bool:
    """Whether a file of predictions is there, and of the label that the YAML declares."""
    import pyarrow.parquet as pq

    if not path.is_file():
        return False
    metadata = pq.read_schema(path).metadata or {}
    return all(metadata.get(key.encode()) == name.encode() for key, name in _meeting(spec).items())


def write_predictions(batches: Iterable[pa.RecordBatch], spec: ModelSpec, path: Path) -> int:
    """Stream predictions to one file, whole or not at all; return the number of rows.

    Where the task ranks the rows of a window, they have their `rank` as well.

    Raises:
        DataError: there are none.
    """
    if spec.task.ranked_by is None:
        return _write(batches, spec, path)
    with TemporaryDirectory(prefix="mlops-ranks-") as scratch:
        unranked = Path(scratch) / path.parent.name / path.name
        _write(batches, spec, unranked)
        return _write(ranked_batches(unranked, *spec.task.ranked_by), spec, path)


def ranked_batches(file: Path, group: str, score: str) -> Iterator[pa.RecordBatch]:
    """The rows of a file in their order, with the rank of each among those of its group, from 1 on.

    Scores of two versions say nothing of an order: rows are ranked among those that one of them has
    scored. Equal scores share the best rank.

    Args:
        group, score: predicted columns of the Parquet file, beside `version`.
    """
    import pyarrow as pa

    with opened_parquet(file) as rows, private_duckdb() as connection:
        # Of these columns alone: others come from people, and may be called anything.
        scored = rows.read(columns=["version", group, score])
        positions = pa.array(range(scored.num_rows), pa.int64())
        connection.register("scored", scored.append_column("position", positions))
        ranks = connection.execute(
            f"SELECT rank() OVER (PARTITION BY version, {identifier(group)} "
            f"ORDER BY {identifier(score)} DESC)::INTEGER AS {RANK} FROM scored ORDER BY position"
        ).fetchnumpy()[RANK]
        start = 0
        for batch in rows.iter_batches():
            batch_ranks = pa.array(ranks[start : start + batch.num_rows], pa.int32())
            yield batch.append_column(RANK, batch_ranks)
            start += batch.num_rows


def _write(batches: Iterable[pa.RecordBatch], spec: ModelSpec, path: Path) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows, writer = 0, None
    with replacing_file(path) as temporary:
        try:
            for batch in batches:
                if writer is None:
                    schema = batch.schema.with_metadata({**_meeting(spec), **_meanings(spec)})
                    writer = pq.ParquetWriter(temporary, schema, compression="zstd")
                writer.write_table(pa.Table.from_batches([batch]).cast(writer.schema))
                rows += batch.num_rows
        finally:
            if writer is not None:
                writer.close()
        if not rows:
            window = path.parent.name.partition("=")[2]
            raise DataError(
                f"{spec.features.table} has no rows for the window {window}: land its "
                "days and build the features first."
            )
    return rows


def meanings_of(path: Path) -> dict[str, str]:
    """What each predicted column of a file holds; nothing where it does not say so."""
    import pyarrow.parquet as pq

    metadata = pq.read_schema(path).metadata or {}
    meanings: dict[str, str] = json.loads(metadata.get(MEANINGS.encode(), b"{}"))
    return meanings


def _meanings(spec: ModelSpec) -> dict[str, str]:
    """Part of the file's metadata: which class has `probability_3` no name of a column says."""
    meanings = {output.name: output.description for output in spec.task.outputs}
    ranked = {} if spec.task.ranked_by is None else {RANK: RANK_MEANING}
    return {MEANINGS: json.dumps({**meanings, **ranked})}


def _meeting(spec: ModelSpec) -> dict[str, str]:
    """Another part: how rows meet their outcomes."""
    landed = {} if spec.features.has_event_time else {LANDED_DAY: spec.features.partition}
    return {
        **landed,
        ENTITY: spec.features.entity,
        LABEL_TABLE: spec.label.table,
        LABEL: spec.label.column,
        KNOWN_AT: spec.label.known_at_column,
    }
