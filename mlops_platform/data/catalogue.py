"""A read-only DuckDB catalogue of the whole lake, for people with a question."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from mlops_platform.data.engine import CATALOGUE, identifier, literal, open_engine
from mlops_platform.data.features.last_labels import last_labels
from mlops_platform.data.landing.contract import landed_schemas
from mlops_platform.data.landing.deliveries import (
    ADDED,
    CHANGED,
    DELIVERY,
    FIRST,
    GONE,
    INTERNAL,
    MOMENT_FORMAT,
    PARTITION_COLUMN,
    day_of,
)
from mlops_platform.data.landing.landed_table import SUPERSEDED_AT
from mlops_platform.data.landing.schema.layouts import ByName, columns_of, files_by_layout
from mlops_platform.data.predictions import (
    ENTITY,
    KNOWN_AT,
    LABEL,
    LABEL_TABLE,
    LANDED_DAY,
    meanings_of,
)
from mlops_platform.errors import DataError

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
    import pyarrow.dataset as ds

PARTITIONED = ("features", "predictions", "served", "kpi")
LEDGER = "ledger"
SCHEMAS = ("landing", *PARTITIONED, "training_sets", "predictions_with_outcomes", LEDGER)
CHANGES: Mapping[str, str] = {FIRST: "delivered", ADDED: "added", CHANGED: "changed", GONE: "gone"}
"""What the file of a delivery says of its rows, in the column `change`."""
ARRIVED = f"{INTERNAL}arrived"
NEVER_SUPERSEDED = f"UNION ALL BY NAME SELECT NULL::TIMESTAMPTZ AS {SUPERSEDED_AT} WHERE false"
"""Gives the column to a label table that has no versions."""


@dataclass(frozen=True)
class _View:
    """One view of the catalogue: SQL over the datasets that are registered for it."""

    schema: str
    name: str
    query: str
    partitions: int
    datasets: Mapping[str, ds.Dataset | pa.Table]

    @property
    def qualified(self) -> str:
        return f"{self.schema}.{identifier(self.name)}"


class _Outcome(NamedTuple):
    """How the rows of a window meet their outcomes; empty where the file does not say."""

    entity: str
    label_table: str
    label: str
    known_at: str
    landed_day: str


def open_catalogue(
    lake_root: Path, ledger: Mapping[str, pa.Table] = MappingProxyType({})
) -> duckdb.DuckDBPyConnection:
    """Open an in-memory database with a view per table that the lake has.

    Views: ``landing.<table>`` (every row of every delivery, with the moment of its arrival,
    ``delivery``, and what it said, ``change``: 'delivered' of a day's first one, 'added', 'changed'
    or 'gone' of later ones; a name that the table has itself gets a ``_`` in front),
    ``features.<table>``, ``training_sets.<model>`` (all snapshots, told apart by the column
    ``training_set``), ``predictions.<model>`` (all windows), ``predictions_with_outcomes.<model>``
    (the same with the present ``label`` and its ``known_at``, NULL where the outcome is not known),
    ``served.<model>`` (every answer that was logged and has landed), ``kpi.<model>`` (what the
    business counts, by window, version and decision), ``ledger.<table>``,
    ``prediction_columns`` (model, output and its meaning in the model's latest window) and
    ``catalogue`` (schema, name, rows, partitions).

    DuckDB would let a query write wherever it may read. So Arrow reads the files, DuckDB itself has
    no access to any file, and the configuration is locked: no query can change the lake or read
    anything else. The files are those of the moment of opening.

    Args:
        ledger: tables of the ledger by name, as they are read from it.
    """
    views = [
        *_landed_tables(lake_root / "landing"),
        *_partitioned_tables(lake_root),
        *_training_sets(lake_root / "training_sets"),
        *_predictions_with_outcomes(lake_root),
        *_ledger(ledger),
    ]
    connection = open_engine(CATALOGUE)
    connection.execute("SET TimeZone = 'UTC'")
    for schema in SCHEMAS:
        connection.execute(f"CREATE SCHEMA {schema}")
    for view in views:
        for name, dataset in view.datasets.items():
            connection.register(name, dataset)
        connection.execute(f"CREATE VIEW {view.qualified} AS {view.query}")
    connection.execute(f"CREATE VIEW prediction_columns AS {_prediction_columns(lake_root)}")
    connection.execute(f"CREATE VIEW catalogue AS {_listing(views)}")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def query_catalogue(catalogue: duckdb.DuckDBPyConnection, query: str) -> duckdb.DuckDBPyConnection:
    """Run one query; the connection returned has its rows.

    Raises:
        DataError: the text is no single query, or DuckDB cannot answer it.
    """
    import duckdb

    try:
        statements = catalogue.extract_statements(query)
        kinds = [statement.type.name for statement in statements]
        # A PIVOT is several statements in one: DuckDB calls it MULTI.
        if len(kinds) != 1 or kinds[0] not in {"SELECT", "EXPLAIN", "MULTI"}:
            raise DataError(
                f"'{query}' is not one query but {' and '.join(kinds) or 'nothing'}: the catalogue "
                "is read-only. Ask one SELECT, FROM, WITH, VALUES, PIVOT, DESCRIBE, SUMMARIZE, "
                "SHOW or EXPLAIN."
            )
        return catalogue.execute(statements[0])
    except duckdb.Error as error:
        raise DataError(str(error)) from error


def _ledger(tables: Mapping[str, pa.Table]) -> Iterator[_View]:
    for name, rows in tables.items():
        source = f"{LEDGER}/{name}"
        yield _View(LEDGER, name, f"FROM {identifier(source)}", 1, {source: rows})


def _partitioned_tables(lake_root: Path) -> Iterator[_View]:
    for schema in PARTITIONED:
        for folder in sorted((lake_root / schema).glob("*")):
            files = _files(folder)
            if files:
                source = f"{schema}/{folder.name}"
                yield _View(
                    schema=schema,
                    name=folder.name,
                    query=f"FROM {identifier(source)}",
                    partitions=len({file.parent for file in files}),
                    datasets={source: _hive_dataset(folder, files)},
                )


def _landed_tables(landing_root: Path) -> Iterator[_View]:
    """Of each kind of file a dataset; where only one schema ever landed there are no others."""
    for folder in sorted(landing_root.glob("*")):
        by_kind: dict[str, list[Path]] = {}
        files = sorted(folder.glob(f"{PARTITION_COLUMN}=*/{DELIVERY}=*/[!.]*.parquet"))
        for file in files:
            if file.stem in CHANGES:
                by_kind.setdefault(file.stem, []).append(file)
        if not by_kind:
            continue
        schemas = landed_schemas(folder)
        by_name = ByName.last_of(schemas)
        selects, datasets = [], {}
        for kind in (kind for kind in CHANGES if kind in by_kind):
            layouts = files_by_layout(by_kind[kind]) if len(schemas) > 1 else [by_kind[kind]]
            for number, of_layout in enumerate(layouts):
                source = f"landing/{folder.name}/{kind}/{number}"
                datasets[source] = _delivered_dataset(of_layout)
                selects.append(_deliveries(source, kind, by_name, datasets[source]))
        yield _View(
            schema="landing",
            name=folder.name,
            query=" UNION ALL BY NAME ".join(selects),
            partitions=len({file.parent.parent for file in files}),
            datasets=datasets,
        )


def _deliveries(source: str, kind: str, by_name: ByName, dataset: ds.Dataset) -> str:
    content = {
        name: type_ for name, type_ in by_name.columns.items() if name.lower() != PARTITION_COLUMN
    }
    taken = {name.lower() for name in content}
    delivery, change = (
        identifier(f"_{name}" if name in taken else name) for name in ("delivery", "change")
    )
    moment = f"timezone('UTC', strptime({ARRIVED}, {literal(f'{DELIVERY}={MOMENT_FORMAT}')}))"
    selected = by_name.with_columns(content).selected(columns_of(dataset.schema))
    return (
        f"SELECT {selected}, {identifier(PARTITION_COLUMN)}, {moment} AS {delivery}, "
        f"{literal(CHANGES[kind])} AS {change} FROM {identifier(source)}"
    )


def _delivered_dataset(files: Sequence[Path]) -> ds.Dataset:
    """Files of one layout as one dataset, by day and arrival."""
    import pyarrow as pa
    import pyarrow.dataset as ds
    from pyarrow.fs import LocalFileSystem

    places, kind = LocalFileSystem(), ds.ParquetFileFormat()
    factory = ds.FileSystemDatasetFactory(places, [str(file) for file in files], kind)
    content = factory.inspect(promote_options="permissive")
    own = [field for field in content if field.name.lower() != PARTITION_COLUMN]
    added = [pa.field(PARTITION_COLUMN, pa.date32()), pa.field(ARRIVED, pa.string())]
    fragments = [
        kind.make_fragment(
            str(file),
            places,
            (ds.field(PARTITION_COLUMN) == pa.scalar(day_of(file.parent.parent), pa.date32()))
            & (ds.field(ARRIVED) == file.parent.name),
        )
        for file in files
    ]
    return ds.FileSystemDataset(fragments, pa.schema([*own, *added]), kind, places)


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*=*/[!.]*.parquet"))


def _partition_column(files: Sequence[Path]) -> str:
    return files[0].parent.name.partition("=")[0]


def _hive_dataset(folder: Path, files: Sequence[Path]) -> ds.Dataset:
    """All files as one dataset by date; columns that some files lack are null there."""
    import pyarrow as pa
    import pyarrow.dataset as ds
    from pyarrow.fs import LocalFileSystem

    column = _partition_column(files)
    options = ds.FileSystemFactoryOptions(
        partition_base_dir=str(folder),
        partitioning=ds.partitioning(pa.schema([(column, pa.date32())]), flavor="hive"),
    )
    factory = ds.FileSystemDatasetFactory(
        LocalFileSystem(), [str(file) for file in files], ds.ParquetFileFormat(), options
    )
    return factory.finish(factory.inspect(promote_options="permissive"))


def _training_sets(root: Path) -> Iterator[_View]:
    import pyarrow.dataset as ds

    for folder in sorted(root.glob("*")):
        # Names with a dot in front are still being written.
        files = sorted(folder.glob("[!.]*/rows.parquet"))
        datasets = {
            f"training_sets/{folder.name}/{file.parent.name}": ds.dataset(file) for file in files
        }
        selects = [
            f"SELECT {literal(file.parent.name)} AS training_set, * FROM {identifier(source)}"
            for source, file in zip(datasets, files, strict=True)
        ]
        if files:
            # By name: the columns of a model may change from one snapshot to the next.
            yield _View(
                schema="training_sets",
                name=folder.name,
                query=" UNION ALL BY NAME ".join(selects),
                partitions=len(files),
                datasets=datasets,
            )


def _predictions_with_outcomes(lake_root: Path) -> Iterator[_View]:
    """Views over predictions and published labels; windows say themselves where their labels are.

    A model's YAML may come to name another label: windows are joined each with its own.
    """
    for folder in sorted((lake_root / "predictions").glob("*")):
        windows: dict[_Outcome, list[Path]] = {}
        for file in _files(folder):
            windows.setdefault(_outcome_of(file), []).append(file)
        selects, datasets = [], {}
        for number, (outcome, files) in enumerate(windows.items()):
            source = f"predictions_with_outcomes/{folder.name}/{number}"
            datasets[source] = _hive_dataset(folder, files)
            predicted = datasets[source].schema.names
            selects.append(_join(source, predicted, outcome, lake_root / "features"))
        if selects:
            yield _View(
                schema="predictions_with_outcomes",
                name=folder.name,
                query=" UNION ALL BY NAME ".join(selects),
                partitions=sum(map(len, windows.values())),
                datasets=datasets,
            )


def _outcome_of(file: Path) -> _Outcome:
    import pyarrow.parquet as pq

    metadata = pq.read_schema(file).metadata or {}
    return _Outcome(
        *(
            metadata.get(key.encode(), b"").decode()
            for key in (ENTITY, LABEL_TABLE, LABEL, KNOWN_AT, LANDED_DAY)
        )
    )


def _join(source: str, predicted: Collection[str], outcome: _Outcome, published_root: Path) -> str:
    files = _files(published_root / outcome.label_table)
    if not files:
        unknown = "NULL::BOOLEAN AS label, NULL::TIMESTAMPTZ AS known_at"
        return f"SELECT *, {unknown} FROM {identifier(source)}"
    if outcome.landed_day:
        return _join_landed(source, outcome)
    # Of an entity that has moved to another day both days have had a label.
    keys = {outcome.entity, _partition_column(files)} & {outcome.entity, *predicted}
    meets = " AND ".join(f"predicted.{key} = labels.{key}" for key in map(identifier, keys))
    return (
        f"SELECT predicted.*, labels.{identifier(outcome.label)} AS label, "
        f"labels.{identifier(outcome.known_at)} AS known_at FROM {identifier(source)} AS predicted "
        f"LEFT JOIN (FROM features.{identifier(outcome.label_table)} {NEVER_SUPERSEDED}) AS labels "
        f"ON {meets} AND labels.{SUPERSEDED_AT} IS NULL"
    )


def _join_landed(source: str, outcome: _Outcome) -> str:
    """Write the SQL of predictions with the last label of their entity, landed then or later."""
    entity, day = identifier(outcome.entity), identifier(outcome.landed_day)
    versions = f"FROM features.{identifier(outcome.label_table)} {NEVER_SUPERSEDED}"
    standing = f"(SELECT * FROM ({versions}) WHERE {SUPERSEDED_AT} IS NULL)"
    last = last_labels(
        standing, outcome.entity, outcome.landed_day, outcome.label, outcome.known_at
    )
    return (
        f"SELECT predicted.*, labels.{identifier(outcome.label)} AS label, "
        f"labels.{identifier(outcome.known_at)} AS known_at FROM {identifier(source)} AS predicted "
        f"LEFT JOIN {last} AS labels ON predicted.{entity} = labels.{entity} "
        f"AND labels.{day} >= CAST(predicted.{day} AS DATE)"
    )


def _prediction_columns(lake_root: Path) -> str:
    """Write the SQL of what predicted columns hold, by the newest file of each model."""
    selects = [
        f"SELECT {literal(folder.name)}, {literal(name)}, {literal(meaning)}"
        for folder in sorted((lake_root / "predictions").glob("*"))
        for file in _files(folder)[-1:]
        for name, meaning in meanings_of(file).items()
    ]
    nothing = "SELECT '' AS model, '' AS output, '' AS meaning WHERE false"
    return " UNION ALL ".join((nothing, *selects))


def _listing(views: Sequence[_View]) -> str:
    """Write the SQL of the `catalogue` view; rows are counted when it is read."""
    nothing = "SELECT '' AS schema, '' AS name, 0 AS rows, 0 AS partitions WHERE false"
    listed = [
        f"SELECT {literal(view.schema)}, {literal(view.name)}, "
        f"(SELECT count(*) FROM {view.qualified}), {view.partitions}"
        for view in views
    ]
    return " UNION ALL ".join((nothing, *listed))
