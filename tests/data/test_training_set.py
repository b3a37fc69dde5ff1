import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from mlops_platform.data.features.features import read_training_rows
from mlops_platform.data.features.kept_projects import BuiltWith
from mlops_platform.data.features.origin import FactsOrigin
from mlops_platform.data.features.published import published_digest
from mlops_platform.data.features.training_history import TrainingHistory
from mlops_platform.data.training_set import (
    TrainingSet,
    load_training_set,
    read_rows,
    snapshot_training_set,
)
from mlops_platform.errors import DataError, TrainingError
from mlops_platform.spec import ModelSpec

AS_OF = datetime(2024, 3, 31, tzinfo=UTC)
FIRST_EVENT = datetime(2024, 3, 1, 9, tzinfo=UTC)

Model = Callable[[dict[str, Any]], ModelSpec]
RunSql = Callable[..., None]
Publish = Callable[[], object]


@pytest.fixture
def stored(spec: ModelSpec, published: Path, lake: Path) -> TrainingSet:
    return snapshot_training_set(spec, published, lake / "training_sets", AS_OF)


def test_a_snapshot_describes_what_it_holds(
    stored: TrainingSet, spec: ModelSpec, published: Path, lake: Path
) -> None:
    assert stored.path == lake / "training_sets" / "readmission" / stored.hash
    assert (stored.rows, stored.targets) == (40, {"positive_rate": 16 / 40})
    assert (stored.first_event_time, stored.as_of) == (FIRST_EVENT, AS_OF)
    assert stored.last_event_time == FIRST_EVENT + timedelta(hours=39 * 6)
    assert (stored.first_local_date, stored.last_local_date) == (
        date(2024, 3, 1),
        date(2024, 3, 11),
    )
    assert stored.columns[3].model_dump() == {"name": "age", "type": "double"}
    assert stored.features_digest == published_digest(published, "visits")
    assert stored.labels_digest == published_digest(published, "visit_labels")
    assert read_rows(stored).equals(read_training_rows(spec, published, AS_OF))


def test_the_same_facts_are_stored_once(
    stored: TrainingSet, spec: ModelSpec, published: Path, lake: Path
) -> None:
    # Rows that are known already are written beside it and forgotten: its folder is touched.
    before = {path: path.stat().st_mtime_ns for path in lake.rglob("*") if path.is_file()}
    later = AS_OF + timedelta(days=1)
    assert snapshot_training_set(spec, published, lake / "training_sets", later) == stored
    after = {path: path.stat().st_mtime_ns for path in lake.rglob("*") if path.is_file()}
    assert after == before
    assert not list((lake / "training_sets").rglob(".*"))


def test_the_same_facts_have_the_same_hash_on_another_machine(
    stored: TrainingSet, spec: ModelSpec, run_sql: RunSql, publish: Publish, lake: Path
) -> None:
    run_sql(
        "CREATE OR REPLACE TABLE visits AS SELECT sex, * EXCLUDE (sex) FROM visits ORDER BY ward"
    )
    publish()
    again = snapshot_training_set(spec, lake / "features", lake / "elsewhere", AS_OF)
    assert again.hash == stored.hash
    assert again.features_digest != stored.features_digest


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE visits SET pain = 0.25 WHERE visit_id = 'v9'",
        "UPDATE visit_labels SET returned = NOT returned WHERE visit_id = 'v9'",
        "UPDATE visit_labels SET known_at = known_at + INTERVAL 1 SECOND WHERE visit_id = 'v9'",
        "UPDATE visits SET sex = NULL WHERE visit_id = 'v9'",
        "DELETE FROM visit_labels WHERE visit_id = 'v9'",
    ],
)
def test_other_facts_have_another_hash(
    stored: TrainingSet, spec: ModelSpec, run_sql: RunSql, publish: Publish, lake: Path, change: str
) -> None:
    run_sql(change)
    publish()
    other = snapshot_training_set(spec, lake / "features", lake / "training_sets", AS_OF)
    assert other.hash != stored.hash
    assert read_rows(stored).num_rows == 40


def test_a_snapshot_is_found_where_it_was_moved_to(stored: TrainingSet, tmp_path: Path) -> None:
    moved = stored.path.rename(tmp_path / stored.hash)
    loaded = load_training_set(moved)
    assert loaded == stored.model_copy(update={"path": moved})
    assert read_rows(loaded).num_rows == 40


def test_a_training_set_survives_json(stored: TrainingSet) -> None:
    assert TrainingSet.model_validate_json(stored.model_dump_json()) == stored


def test_tampered_rows_are_refused(stored: TrainingSet) -> None:
    rows = read_rows(stored)
    flipped = rows.set_column(7, "returned", pc.invert(rows["returned"]))
    pq.write_table(flipped, stored.path / "rows.parquet")
    with pytest.raises(DataError, match=f"and not {stored.hash}: it was changed"):
        read_rows(stored)


def test_a_damaged_or_missing_snapshot_is_refused(stored: TrainingSet) -> None:
    (stored.path / "rows.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        read_rows(stored)
    (stored.path / "rows.parquet").unlink()
    with pytest.raises(DataError, match="does not exist"):
        read_rows(stored)
    description = stored.path / "training_set.json"
    content = json.loads(description.read_text())
    description.write_text(json.dumps(content | {"rows": "many"}))
    with pytest.raises(DataError, match="missing or damaged"):
        load_training_set(stored.path)
    description.unlink()
    with pytest.raises(DataError, match="missing or damaged"):
        load_training_set(stored.path)


@pytest.mark.parametrize(
    ("change", "as_of", "error", "message"),
    [
        ("SELECT 1", FIRST_EVENT, TrainingError, "there are no labels of readmission known at"),
        (
            "UPDATE visit_labels SET returned = false",
            AS_OF,
            TrainingError,
            "40 labels .* are all with label False, and a training needs both classes",
        ),
        (
            "SELECT 1",
            FIRST_EVENT + timedelta(days=5, hours=6),
            TrainingError,
            "cover 4 days; validation takes 2, test 2",
        ),
        (
            "INSERT INTO visit_labels FROM visit_labels WHERE visit_id = 'v5'",
            AS_OF,
            DataError,
            "1 values of 'visit_id' occur more than once .* for example 'v5'",
        ),
    ],
)
def test_what_cannot_be_trained_on_is_refused_and_not_stored(
    spec: ModelSpec,
    run_sql: RunSql,
    publish: Publish,
    lake: Path,
    change: str,
    as_of: datetime,
    error: type[Exception],
    message: str,
) -> None:
    run_sql(change)
    publish()
    with pytest.raises(error, match=message):
        snapshot_training_set(spec, lake / "features", lake / "training_sets", as_of)
    assert not list((lake / "training_sets").glob("*/*"))


def test_one_day_more_than_the_split_takes_is_enough(
    spec: ModelSpec, published: Path, lake: Path
) -> None:
    as_of = FIRST_EVENT + timedelta(days=5, hours=18)
    stored = snapshot_training_set(spec, published, lake / "training_sets", as_of)
    assert stored.last_local_date == date(2024, 3, 5)


def origin(moment: datetime, digest: str) -> FactsOrigin:
    return FactsOrigin(
        recorded_at=moment, built_with=BuiltWith(dbt_project=digest, packages={"duckdb": "2.0.0"})
    )


def test_a_snapshot_keeps_what_its_facts_came_from_when_it_was_first_taken(
    spec: ModelSpec, published: Path, lake: Path
) -> None:
    root, later = lake / "training_sets", AS_OF + timedelta(days=1)
    history = TrainingHistory(since=FIRST_EVENT - timedelta(days=1), reason="a change")
    first, second = origin(AS_OF, "ab"), origin(later, "cd")
    snapshot_training_set(spec, published, root, AS_OF, history, first)
    again = snapshot_training_set(spec, published, root, later, None, second)
    assert (again.origin, again.since, again.as_of) == (first, history.since, AS_OF)


def test_a_snapshot_of_before_says_nothing_of_its_origin(stored: TrainingSet) -> None:
    file = stored.path / "training_set.json"
    assert not {"origin", "since"} & json.loads(file.read_text()).keys()
    assert (stored.origin, stored.since) == (None, None)
