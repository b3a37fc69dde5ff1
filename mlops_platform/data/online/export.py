"""Exporting the latest features of every entity to the store in which services look them up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_platform.column_kind import LARGEST_NUMBER, ColumnKind
from mlops_platform.data.features.features import latest_feature_batches
from mlops_platform.data.features.published import published_digest
from mlops_platform.data.online.writers import Row, write_postgres, write_sqlite
from mlops_platform.errors import DataError
from mlops_platform.spec import ModelSpec
from mlops_platform.spec.online_layout import OnlineExport, is_postgres

if TYPE_CHECKING:
    import pyarrow as pa


def export_features(
    spec: ModelSpec,
    published_root: Path,
    location: Path | str,
    keep: timedelta,
    as_of: datetime,
    exported_at: datetime,
) -> OnlineExport:
    """Replace a model's online store by the latest features of every entity, whole or not at all.

    Entities whose event time is still to come are in it with what dbt has published of them.

    Args:
        location: path of a SQLite file, or `postgresql://` address.
        keep: entities whose event time was longer ago are left out.
        as_of: the model's present.
        exported_at: the machine's.

    Raises:
        DataError: nothing is published, a number is too large, or the store cannot be written.
    """
    # Read first: should a newer table be published meanwhile, the next export sees a difference.
    snapshot = published_digest(published_root, spec.features.table)
    rows = _Rows(spec, latest_feature_batches(spec, published_root, as_of - keep))
    describe = partial(rows.describe, snapshot, as_of, exported_at)
    if is_postgres(location):
        return write_postgres(str(location), spec.name, rows, describe)
    return write_sqlite(Path(location), rows, describe)


class _Rows:
    """Rows of a store, encoded and counted while they are streamed."""

    def __init__(self, spec: ModelSpec, batches: Iterable[pa.RecordBatch]) -> None:
        self._spec, self._batches = spec, batches
        self._count = 0
        self._oldest: datetime | None = None
        self._newest: datetime | None = None

    def __iter__(self) -> Iterator[Row]:
        for batch in self._batches:
            self._count_in(batch)
            yield from _encoded(self._spec, batch)

    def describe(self, snapshot: str, as_of: datetime, exported_at: datetime) -> OnlineExport:
        """What was streamed until now."""
        features = self._spec.features
        return OnlineExport(
            model=self._spec.name,
            entity=features.entity,
            numeric=features.numeric,
            categorical=features.categorical,
            boolean=features.boolean,
            text=features.text,
            feature_snapshot=snapshot,
            rows=self._count,
            oldest=self._oldest,
            newest=self._newest,
            as_of=as_of,
            exported_at=exported_at,
        )

    def _count_in(self, batch: pa.RecordBatch) -> None:
        import pyarrow.compute as pc

        extremes = pc.min_max(batch[self._spec.features.moment_column]).as_py()
        oldest, newest = extremes["min"], extremes["max"]
        self._count += batch.num_rows
        self._oldest = oldest if self._oldest is None else min(self._oldest, oldest)
        self._newest = newest if self._newest is None else max(self._newest, newest)


def _encoded(spec: ModelSpec, batch: pa.RecordBatch) -> Iterator[Row]:
    import orjson

    _refuse_too_large(spec, batch)
    kinds = spec.features.kinds
    entities = batch[spec.features.entity].to_pylist()
    moments = _local_moments(spec, batch).to_pylist()
    columns = (_values(batch[name], kind) for name, kind in kinds.items())
    for entity, moment, *values in zip(entities, moments, *columns, strict=True):
        features = orjson.dumps(dict(zip(kinds, values, strict=True))).decode()
        yield str(entity), moment.isoformat(), features


def _local_moments(spec: ModelSpec, batch: pa.RecordBatch) -> pa.Array:
    """When rows are of, in the time zone of the model: a text of it says of which day."""
    import pyarrow as pa

    moments = batch[spec.features.moment_column]
    if not spec.features.has_event_time:
        return moments
    return moments.cast(pa.timestamp("us", spec.window.timezone))


def _values(column: pa.Array, kind: ColumnKind) -> list[Any]:
    """A feature as a request sends it: NULL is null."""
    if not kind.is_number:
        values: list[Any] = column.to_pylist()
        return values
    # NumPy is the fast way to Python's numbers: NULL and NaN become NaN here and null in JSON.
    values = column.to_numpy(zero_copy_only=False).tolist()
    return values if kind.json_type is float else [kind.to_json(value) for value in values]


def _refuse_too_large(spec: ModelSpec, batch: pa.RecordBatch) -> None:
    """As rows to be scored are refused; a service would refuse each request for such a row."""
    import pyarrow.compute as pc

    for name in spec.features.numeric:
        faulty = batch[name].filter(pc.greater(pc.abs(batch[name]), LARGEST_NUMBER))
        if len(faulty):
            raise DataError(
                f"column '{name}' of {spec.features.table} holds {faulty[0].as_py():g}, beyond "
                f"{LARGEST_NUMBER:g}; publish what is not known as NULL, and large numbers in a "
                "larger unit. The online store was left as it is."
            )
