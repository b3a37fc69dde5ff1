from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from mlops_platform.data.catalogue import open_catalogue
from mlops_platform.data.landing.landed_table import LandedTable
from mlops_platform.data.training_set import snapshot_training_set
from mlops_platform.spec import ModelSpec
from tests.data.landing.landed import NOON, landed, minutes, table_of

AS_OF = datetime(2024, 3, 31, tzinfo=UTC)


@pytest.fixture
def catalogue(lake: Path, spec: ModelSpec, published: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    for day in (1, 2):
        rows = pa.table({"id": [f"{day}a", f"{day}b"], "value": [1.0, None]})
        landed(lake / "landing", "readings", date(2024, 3, day), rows)
    for as_of in (AS_OF, AS_OF - timedelta(days=21)):
        snapshot_training_set(spec, published, lake / "training_sets", as_of)
    (lake / "training_sets" / "readmission" / ".being-written.tmp").mkdir()
    (lake / "training_sets" / "readmission" / ".being-written.tmp" / "rows.parquet").touch()
    with open_catalogue(lake) as connection:
        yield connection


def ask(catalogue: duckdb.DuckDBPyConnection, query: str) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = catalogue.execute(query).fetchall()
    return rows


def test_everything_in_the_lake_is_listed(catalogue: duckdb.DuckDBPyConnection) -> None:
    assert ask(catalogue, "SELECT schema, name, rows, partitions FROM catalogue ORDER BY ALL") == [
        ("features", "visit_labels", 40, 11),
        ("features", "visits", 40, 11),
        ("landing", "readings", 4, 2),
        ("training_sets", "readmission", 67, 2),
    ]


def test_tables_are_queried_with_their_partition(catalogue: duckdb.DuckDBPyConnection) -> None:
    one_day = "SELECT id, value FROM landing.readings WHERE day = DATE '2024-03-02' ORDER BY id"
    assert ask(catalogue, one_day) == [("2a", 1.0), ("2b", None)]
    joined = (
        "SELECT count(*) FROM features.visits "
        "JOIN features.visit_labels USING (visit_id, local_date) "
        "WHERE local_date = '2024-03-02' AND returned"
    )
    assert ask(catalogue, joined) == [(3,)]


def test_snapshots_of_a_model_are_told_apart_by_their_hash(
    catalogue: duckdb.DuckDBPyConnection, lake: Path
) -> None:
    query = "SELECT training_set, count(*) FROM training_sets.readmission GROUP BY 1 ORDER BY 2"
    counted = ask(catalogue, query)
    assert [count for _, count in counted] == [27, 40]
    stored = {path.name for path in (lake / "training_sets" / "readmission").glob("[!.]*")}
    assert {name for name, _ in counted} == stored


def test_snapshots_with_other_columns_share_one_view(
    lake: Path, spec: ModelSpec, published: Path
) -> None:
    other = {"sensitive": (), "numeric": ("pain",), "categorical": ("ward", "age")}
    features = spec.features.model_copy(update=other)
    for variant in (spec, spec.model_copy(update={"features": features})):
        snapshot_training_set(variant, published, lake / "training_sets", AS_OF)
    with open_catalogue(lake) as connection:
        counted = "SELECT count(*), count(sex), max(age) FROM training_sets.readmission"
        assert ask(connection, counted) == [(80, 40, "6.0")]


def test_days_that_were_landed_with_another_schema_share_one_view(lake: Path) -> None:
    first = pa.table({"id": ["a"], "value": pa.array([1], pa.int32())})
    second = pa.table({"id": ["b"], "value": [0.5], "unit": ["m"]})
    readings = LandedTable(table="readings", key=("id",))
    wider = readings.model_copy(update={"types": {"value": "DOUBLE", "unit": "VARCHAR"}})
    landed(lake / "landing", readings, date(2024, 3, 1), first)
    landed(lake / "landing", wider, date(2024, 3, 2), second)
    with open_catalogue(lake) as connection:
        query = "SELECT id, value, unit FROM landing.readings ORDER BY id"
        assert ask(connection, query) == [("a", 1.0, None), ("b", 0.5, "m")]


def test_what_was_delivered_again_is_there_with_what_it_said(lake: Path) -> None:
    table = LandedTable(table="readings", key=("id",), max_gone=1)
    day, other = date(2024, 3, 1), date(2024, 3, 2)
    for at, at_day, values in (
        (0, day, {"a": 1.0, "b": 2.0}),
        (0, other, {"a": 1.0}),
        (5, day, {"a": 1.5, "c": 3.0}),
    ):
        rows = table_of(id=list(values), value=list(values.values()))
        landed(lake / "landing", table, at_day, rows, minutes(at))
    with open_catalogue(lake) as connection:
        query = "SELECT id, value, change, delivery FROM landing.readings WHERE day = '2024-03-01'"
        assert sorted(ask(connection, query)) == [
            ("a", 1.0, "delivered", NOON),
            ("a", 1.5, "changed", minutes(5)),
            ("b", 2.0, "delivered", NOON),
            ("b", 2.0, "gone", minutes(5)),
            ("c", 3.0, "added", minutes(5)),
        ]
        assert ask(connection, "SELECT rows, partitions FROM catalogue") == [(6, 2)]


def test_columns_of_the_table_keep_their_names(lake: Path) -> None:
    rows = table_of(id=["a"], change=[0.1], delivery=["van"], kind=["x"])
    landed(lake / "landing", "parcels", date(2024, 3, 1), rows)
    with open_catalogue(lake) as connection:
        query = "SELECT change, delivery, kind, _change, _delivery FROM landing.parcels"
        assert ask(connection, query) == [(0.1, "van", "x", "delivered", NOON)]


def test_an_empty_lake_has_an_empty_catalogue(tmp_path: Path) -> None:
    with open_catalogue(tmp_path / "nothing") as connection:
        assert ask(connection, "FROM catalogue") == []


@pytest.mark.parametrize(
    "statement",
    [
        "COPY (SELECT 1) TO '{lake}/landing/readings/day=2024-03-01/data.parquet'",
        "COPY (SELECT 1) TO '{lake}/new.parquet'",
        "EXPORT DATABASE '{lake}/export'",
        "ATTACH '{lake}/new.duckdb'",
        "FROM read_csv('/etc/hostname')",
        "FROM read_text('/etc/hostname')",
        "FROM '{lake}/landing/readings/day=2024-03-01/data.parquet'",
        "FROM glob('{lake}/*')",
        "SET enable_external_access = true",
        "SET lock_configuration = false",
        "SET allowed_directories = ['/']",
        "INSTALL httpfs",
        "DELETE FROM landing.readings",
    ],
)
def test_no_statement_reaches_a_file(
    catalogue: duckdb.DuckDBPyConnection, lake: Path, statement: str
) -> None:
    before = {path: path.stat().st_mtime_ns for path in lake.rglob("*")}
    with pytest.raises(duckdb.Error):
        catalogue.execute(statement.format(lake=lake)).fetchall()
    assert {path: path.stat().st_mtime_ns for path in lake.rglob("*")} == before
