"""A training set is built again from what was known when it was taken."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from shutil import copytree, rmtree

import duckdb
import pytest

from mlops_platform.data.features.kept_projects import KeptProjects
from mlops_platform.data.features.project.sources import project_digest
from mlops_platform.data.landing.deliveries import day_folder
from mlops_platform.data.landing.landed_table import LandedTable
from mlops_platform.data.landing.landing import Arrival, land_day
from mlops_platform.data.parquet import read_parquet
from mlops_platform.data.training_set import TrainingSet
from mlops_platform.errors import DataError
from tests.conftest import ODD_NAMES
from tests.usecases.reproduction.delivered import DAYS, TAKEN, Delivered

pytestmark = pytest.mark.slow
LATER = TAKEN + timedelta(days=9)
JANUARY_20 = date(2024, 1, 20)
CHANGED_MIND = "SELECT * REPLACE (NOT returned AS returned) FROM {first}"
CORRECTED = "SELECT * REPLACE (weight + 1 AS weight) FROM {first}"


@pytest.fixture(scope="module")
def taken_once(tmp_path_factory: pytest.TempPathFactory) -> Delivered:
    """Forty delivered days, built, with a snapshot."""
    delivered = Delivered(tmp_path_factory.mktemp("delivered"))
    delivered.begin()
    delivered.build()
    delivered.snapshot()
    return delivered


@pytest.fixture
def delivered(taken_once: Delivered, tmp_path: Path) -> Delivered:
    copytree(taken_once.root, tmp_path / "copy")
    return replace(taken_once, root=tmp_path / "copy")


@pytest.fixture
def stored(delivered: Delivered) -> TrainingSet:
    return delivered.snapshot()


def test_a_snapshot_says_what_its_facts_were_built_with(
    delivered: Delivered, stored: TrainingSet
) -> None:
    assert stored.origin is not None
    assert stored.origin.recorded_at == TAKEN
    built_with = stored.origin.built_with
    assert built_with is not None
    assert built_with.dbt_project == project_digest(delivered.project)
    assert set(built_with.packages) == {"dbt-core", "dbt-duckdb", "duckdb"}
    kept = KeptProjects(delivered.place.lake)
    compiled = kept.compiled(built_with.dbt_project)
    assert set(compiled) == {"model.parcels.parcels", "model.parcels.returns"}
    assert "read_landing('outcomes')" in compiled["model.parcels.returns"]
    sources = kept.sources(built_with.dbt_project)
    assert sources is not None
    assert not (sources / "target").exists()


def test_every_row_is_built_again_and_nothing_is_left(
    delivered: Delivered, stored: TrainingSet
) -> None:
    environment = dict(os.environ)
    told = delivered.build_again(stored)
    assert told.equal
    assert told.rows.rows_then == told.rows.rows_now == DAYS * 10
    assert (told.recorded, told.project.recorded) == (True, True)
    assert told.project.differing == told.project.packages == told.erased == ()
    assert [(table.known, table.later) for table in told.tables] == [(DAYS, 0)] * 2
    assert dict(os.environ) == environment
    assert list((delivered.place.source_cache / "reproductions").iterdir()) == []


def corrected(delivered: Delivered) -> None:
    delivered.deliver("parcels", JANUARY_20, CORRECTED, LATER)


def retracted(delivered: Delivered) -> None:
    delivered.deliver("outcomes", JANUARY_20, "FROM {first} WHERE parcel_id <> 'p193'", LATER)


def late(delivered: Delivered) -> None:
    delivered.deliver("parcels", date(2024, 2, 10), "FROM {first}", LATER)


def under_other_names_and_types(delivered: Delivered) -> None:
    """The table's columns, and that of its key, have moved since."""
    names = {"parcel": "parcel_id", "kilograms": "weight"}
    table = LandedTable(
        table="parcels", key=("parcel",), renamed=names, types={"kilograms": "VARCHAR"}
    )
    landing = delivered.place.landing
    file = next(day_folder(landing, "parcels", JANUARY_20).rglob("*.parquet"))
    rows = read_parquet(file)
    arrival = Arrival.begun(landing, "parcels", [JANUARY_20], LATER)
    landed = land_day(landing, table, JANUARY_20, rows.slice(1), arrival)
    assert landed.rows_gone == 1


@pytest.mark.parametrize("delivery", [corrected, retracted, late, under_other_names_and_types])
def test_what_was_delivered_later_was_not_known(
    delivered: Delivered, stored: TrainingSet, delivery: Callable[[Delivered], None]
) -> None:
    delivery(delivered)
    told = delivered.build_again(stored)
    assert told.equal
    assert sum(table.later for table in told.tables) == 1


def test_a_build_reads_all_days_by_their_present_names_and_types(delivered: Delivered) -> None:
    before = weights(delivered)
    under_other_names_and_types(delivered)
    model = delivered.project / "models" / "parcels.sql"
    moved = model.read_text().replace("parcel_id,", "parcel as parcel_id,")
    model.write_text(moved.replace("weight\n", "kilograms::double as weight\n"))
    delivered.build()
    assert weights(delivered) == {parcel: before[parcel] for parcel in before if parcel != "p190"}


def weights(delivered: Delivered) -> dict[str, float]:
    """What is published of the parcels."""
    files = delivered.place.published / "parcels" / "*" / "*.parquet"
    with duckdb.connect() as connection:
        rows = connection.sql(f"SELECT parcel_id, weight FROM read_parquet('{files}')").fetchall()
    return dict(rows)


def test_what_had_been_corrected_and_taken_back_before_is_built_so_again(
    delivered: Delivered,
) -> None:
    before = TAKEN - timedelta(days=5)
    delivered.deliver("parcels", JANUARY_20, CORRECTED, before)
    delivered.deliver("outcomes", JANUARY_20, "FROM {first} WHERE parcel_id <> 'p193'", before)
    delivered.build()
    stored = delivered.snapshot()
    assert stored.rows == DAYS * 10 - 1
    delivered.deliver("parcels", JANUARY_20, "FROM {first}", LATER)
    told = delivered.build_again(stored)
    assert told.equal
    assert [(table.known, table.later) for table in told.tables] == [(DAYS + 1, 0), (DAYS + 1, 1)]


def test_what_had_arrived_but_was_in_no_build_is_left_out(delivered: Delivered) -> None:
    delivered.deliver("parcels", JANUARY_20, CORRECTED, TAKEN - timedelta(minutes=10))
    rmtree(delivered.place.training_sets)
    stored = delivered.snapshot()
    assert stored.origin is not None
    assert [(one.table, one.day) for one in stored.origin.unbuilt] == [("parcels", JANUARY_20)]
    told = delivered.build_again(stored)
    assert told.equal
    assert sum(table.unbuilt for table in told.tables) == 1


def test_what_was_erased_is_missing_and_named(delivered: Delivered, stored: TrainingSet) -> None:
    delivered.erase("outcomes", "p193", LATER)
    told = delivered.build_again(stored)
    assert not told.equal
    assert (told.rows.missing, told.rows.missing_examples) == (1, ("p193",))
    assert (told.rows.extra, told.rows.columns) == (0, ())
    [erased] = told.erased
    assert (erased.table, erased.rows, erased.days) == ("outcomes", 1, (JANUARY_20,))
    assert (erased.decisions, erased.reason) == ({"parcels": 12}, "the sender asked for it")


def test_what_was_erased_but_was_still_in_the_tables_is_named_too(
    delivered: Delivered, stored: TrainingSet
) -> None:
    delivered.erase("outcomes", "p193", TAKEN - timedelta(minutes=5))
    told = delivered.build_again(stored)
    assert told.rows.missing_examples == ("p193",)
    assert [erased.table for erased in told.erased] == ["outcomes"]


def test_what_was_erased_before_is_in_neither(delivered: Delivered) -> None:
    delivered.deliver("outcomes", JANUARY_20, CHANGED_MIND, TAKEN - timedelta(days=3))
    delivered.erase("outcomes", "p193", TAKEN - timedelta(days=2))
    delivered.build()
    stored = delivered.snapshot()
    assert stored.rows == DAYS * 10 - 1
    told = delivered.build_again(stored)
    assert (told.equal, told.erased) == (True, ())


def change_the_project(delivered: Delivered) -> None:
    model = delivered.project / "models" / "parcels.sql"
    model.write_text(model.read_text().replace("weight", "weight * 2 as weight", 1))
    (delivered.project / "models" / "more.sql").write_text("select 1 as one")


def test_the_recorded_project_builds_and_where_todays_differs_is_told(
    delivered: Delivered, stored: TrainingSet
) -> None:
    change_the_project(delivered)
    told = delivered.build_again(stored)
    assert told.equal
    assert told.project.recorded
    assert told.project.then != told.project.now
    assert told.project.differing == ("models/more.sql", "models/parcels.sql")


def test_without_its_sources_todays_project_builds_and_its_rows_differ(
    delivered: Delivered, stored: TrainingSet
) -> None:
    change_the_project(delivered)
    rmtree(delivered.place.lake / "dbt_projects")
    told = delivered.build_again(stored)
    assert not told.equal
    assert not told.project.recorded
    [column] = told.rows.columns
    # A tenth of a tenth of the parcels weighs nothing.
    assert column.column == "weight"
    assert 0 < column.rows <= DAYS * 10
    assert float(column.examples[0].now or "") == 2 * float(column.examples[0].then or "")


def test_a_snapshot_of_before_is_built_by_todays_project(delivered: Delivered) -> None:
    rmtree(delivered.place.training_sets)
    stored = delivered.snapshot(recorded=False)
    corrected(delivered)
    told = delivered.build_again(stored)
    assert told.equal
    assert (told.recorded, told.project.recorded, told.project.then) == (False, False, None)
    assert told.known_at == stored.as_of


def test_kept_sources_that_were_changed_are_refused(
    delivered: Delivered, stored: TrainingSet
) -> None:
    [file] = delivered.place.lake.glob("dbt_projects/*/project/models/parcels.sql")
    file.write_text("select 1")
    with pytest.raises(DataError, match="it was changed after it was kept"):
        delivered.build_again(stored)


@pytest.mark.parametrize("name", ["question mark", "everything"])
def test_a_home_may_have_any_name(
    taken_once: Delivered, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    copytree(taken_once.root, tmp_path / ODD_NAMES[name])
    delivered = replace(taken_once, root=tmp_path / ODD_NAMES[name])
    assert delivered.build_again(delivered.snapshot()).equal


def test_what_was_built_is_kept_where_that_is_wanted(
    delivered: Delivered, stored: TrainingSet
) -> None:
    told = delivered.build_again(stored, keep=True)
    assert told.kept_in is not None
    folder = Path(told.kept_in)
    assert folder.is_relative_to(delivered.place.source_cache)
    assert (folder / "warehouse" / "warehouse.duckdb").is_file()
