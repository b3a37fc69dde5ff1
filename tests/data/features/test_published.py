from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq
import pytest

from mlops_platform.data.features import published
from mlops_platform.data.features.published import (
    PublishedTable,
    damaged_days,
    publish_table,
    published_digest,
    published_rows,
    read_manifest,
)
from mlops_platform.data.features.warehouse import opened_warehouse
from mlops_platform.data.parquet import stream_parquet, write_parquet
from mlops_platform.errors import DataError
from mlops_platform.usecases.diagnosis.published import (
    DamagedTable,
    damaged_tables,
    faults_of_published,
)

DAYS = tuple(date(2024, 3, day) for day in range(1, 12))
CHANGED = date(2024, 3, 4)
CHANGE = "UPDATE visits SET pain = 9 WHERE visit_id = 'v13'"
CHANGE_BACK = "UPDATE visits SET pain = 0.5 WHERE visit_id = 'v13'"

RunSql = Callable[..., None]
Publish = Callable[[], dict[str, PublishedTable]]


def files(lake: Path) -> dict[Path, tuple[int, int]]:
    folder = lake / "features" / "visits"
    return {
        path.relative_to(folder): (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def rows_on_disk(lake: Path) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = duckdb.execute(
        f"FROM read_parquet('{lake}/features/visits/*/*.parquet', hive_partitioning = true, "
        "hive_types = {'local_date': DATE}) ORDER BY visit_id"
    ).fetchall()
    return rows


def rows_in_warehouse(tmp_path: Path) -> list[tuple[object, ...]]:
    with duckdb.connect(str(tmp_path / "warehouse.duckdb"), read_only=True) as connection:
        rows: list[tuple[object, ...]] = connection.execute(
            "SELECT * EXCLUDE (local_date), local_date FROM visits ORDER BY visit_id"
        ).fetchall()
        return rows


def test_a_table_is_published_from_a_warehouse_that_is_open(
    publish: Publish, tmp_path: Path
) -> None:
    with opened_warehouse(tmp_path / "warehouse.duckdb"):
        assert publish()["visits"].rows > 0


def test_every_partition_is_published_in_the_order_of_the_key(
    publish: Publish, lake: Path, tmp_path: Path
) -> None:
    report = publish()["visits"]
    assert (report.changed, report.unchanged, report.removed, report.rows) == (DAYS, 0, (), 40)
    assert rows_on_disk(lake) == rows_in_warehouse(tmp_path)
    one = pq.ParquetFile(lake / "features/visits/local_date=2024-03-03/data.parquet").read()
    assert "local_date" not in one.column_names
    assert one["visit_id"].to_pylist() == ["v10", "v7", "v8", "v9"]


def test_publishing_again_writes_nothing(publish: Publish, lake: Path) -> None:
    first = publish()["visits"]
    before = files(lake)
    again = publish()["visits"]
    assert again == first.model_copy(update={"changed": (), "unchanged": len(DAYS)})
    assert files(lake) == before


def test_only_the_changed_partition_is_written(
    publish: Publish, run_sql: RunSql, lake: Path, tmp_path: Path
) -> None:
    first = publish()["visits"]
    before = files(lake)
    run_sql(CHANGE)
    second = publish()["visits"]
    touched = {path for path, stat in files(lake).items() if before[path] != stat}
    assert (second.changed, second.unchanged) == ((CHANGED,), len(DAYS) - 1)
    assert touched == {Path("_manifest.json"), Path("local_date=2024-03-04/data.parquet")}
    assert second.digest != first.digest
    assert rows_on_disk(lake) == rows_in_warehouse(tmp_path)


def test_the_digest_does_not_depend_on_the_order_in_the_warehouse(
    publish: Publish, run_sql: RunSql
) -> None:
    first = publish()["visits"]
    run_sql("CREATE OR REPLACE TABLE visits AS FROM visits ORDER BY pain, visit_id DESC")
    second = publish()["visits"]
    assert (second.changed, second.digest) == ((), first.digest)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE visits SET pain = NULL WHERE visit_id = 'v0'",
        "UPDATE visits SET pain = age, age = pain WHERE visit_id = 'v2'",
        "INSERT INTO visits FROM visits WHERE visit_id = 'v0'",
        "DELETE FROM visits WHERE visit_id = 'v0'",
        "UPDATE visits SET ward = '' WHERE visit_id = 'v1'",
        "UPDATE visits SET pain = CASE visit_id WHEN 'v0' THEN 0.5 ELSE 0 END "
        "WHERE visit_id IN ('v0', 'v1')",
    ],
)
def test_every_kind_of_change_is_seen(publish: Publish, run_sql: RunSql, change: str) -> None:
    publish()
    run_sql(change)
    assert publish()["visits"].changed == (DAYS[0],)


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE visits RENAME pain TO points",
        "ALTER TABLE visits ALTER age TYPE DOUBLE",
        "ALTER TABLE visits ADD COLUMN height DOUBLE",
    ],
)
def test_another_schema_changes_every_partition(
    publish: Publish, run_sql: RunSql, change: str
) -> None:
    publish()
    run_sql(change)
    assert publish()["visits"].changed == DAYS


def test_partitions_that_left_the_warehouse_are_removed(
    publish: Publish, run_sql: RunSql, lake: Path, tmp_path: Path
) -> None:
    publish()
    run_sql("DELETE FROM visits WHERE local_date < '2024-03-03'")
    report = publish()["visits"]
    assert (report.removed, report.changed, report.unchanged) == (DAYS[:2], (), len(DAYS) - 2)
    assert rows_on_disk(lake) == rows_in_warehouse(tmp_path)
    assert not (lake / "features/visits/local_date=2024-03-01").exists()


@pytest.mark.parametrize("files_before_the_crash", [0, 1, 2, 3])
def test_a_crash_heals_even_when_the_warehouse_went_back(
    publish: Publish,
    run_sql: RunSql,
    lake: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    files_before_the_crash: int,
) -> None:
    publish()
    run_sql(
        "UPDATE visits SET pain = pain + 1 WHERE local_date BETWEEN '2024-03-03' AND '2024-03-06'"
    )
    written: list[Path] = []
    with monkeypatch.context() as power:

        def write_until_it_fails(rows: Iterable[pa.Table], path: Path) -> None:
            if len(written) == files_before_the_crash:
                raise KeyboardInterrupt
            written.append(path)
            stream_parquet(rows, path)

        power.setattr("mlops_platform.data.features.published.stream_parquet", write_until_it_fails)
        with pytest.raises(KeyboardInterrupt):
            publish()
    run_sql(
        "UPDATE visits SET pain = pain - 1 WHERE local_date BETWEEN '2024-03-03' AND '2024-03-06'"
    )
    publish()
    assert rows_on_disk(lake) == rows_in_warehouse(tmp_path)
    assert publish()["visits"].changed == ()


def test_a_deleted_file_or_manifest_heals(publish: Publish, lake: Path, tmp_path: Path) -> None:
    first = publish()["visits"]
    (lake / "features/visits/local_date=2024-03-04/data.parquet").unlink()
    assert publish()["visits"].changed == (CHANGED,)
    (lake / "features/visits/_manifest.json").write_text("{")
    assert publish()["visits"] == first
    assert rows_on_disk(lake) == rows_in_warehouse(tmp_path)


def test_the_published_digest_says_whether_anything_changed(
    publish: Publish, run_sql: RunSql, lake: Path
) -> None:
    first = publish()["visits"]
    assert published_digest(lake / "features", "visits") == first.digest
    assert read_manifest(lake / "features", "visits").rows == 40
    run_sql(CHANGE)
    publish()
    assert published_digest(lake / "features", "visits") != first.digest
    run_sql(CHANGE_BACK)
    assert publish()["visits"].digest == first.digest


def test_a_table_that_was_never_published_has_no_digest(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="Publish nothing again"):
        published_digest(tmp_path, "nothing")


def test_an_empty_table_is_published_as_empty(
    publish: Publish, run_sql: RunSql, lake: Path
) -> None:
    run_sql("DELETE FROM visits")
    assert publish()["visits"].rows == 0
    assert read_manifest(lake / "features", "visits").partitions == {}


def test_rows_without_a_partition_are_refused(publish: Publish, run_sql: RunSql) -> None:
    run_sql("UPDATE visits SET local_date = NULL WHERE visit_id = 'v3'")
    with pytest.raises(DataError, match=r"1 rows of .*visits.* have no local_date"):
        publish()


@pytest.mark.parametrize(
    ("table", "column", "order_by", "message"),
    [
        ("missing", "local_date", "visit_id", 'no table "main"."missing"'),
        ("visits", "week", "visit_id", r"lacks the columns \['week'\]. It has \['visit_id'"),
        ("visits", "local_date", "key", r"lacks the columns \['key'\]"),
        ("visits", "event_time", "visit_id", "is TIMESTAMP WITH TIME ZONE. Cast it to DATE"),
    ],
)
def test_what_the_warehouse_lacks_is_named(
    run_sql: RunSql, tmp_path: Path, table: str, column: str, order_by: str, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        publish_table(tmp_path / "warehouse.duckdb", table, column, tmp_path, [order_by])


def test_a_warehouse_that_is_missing_or_being_written_is_named(
    publish: Publish, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=r"does not exist\. Build the dbt models first"):
        publish_table(tmp_path / "none.duckdb", "visits", "local_date", tmp_path, ["visit_id"])
    with (
        duckdb.connect(str(tmp_path / "warehouse.duckdb")),
        pytest.raises(DataError, match="Wait until dbt has finished"),
    ):
        publish()


def launched(what: str) -> str:
    return f"dg launch {what}"


def _cut(file: Path) -> None:
    pq.write_table(pq.read_table(file)[:1], file)


def _invert(file: Path) -> None:
    rows = pq.read_table(file)
    changed = pa.compute.subtract(1.0, rows["pain"].cast(pa.float64()))
    pq.write_table(rows.set_column(rows.column_names.index("pain"), "pain", changed), file)


def _add_rows(file: Path) -> None:
    pq.write_table(pq.read_table(file), file.with_name("more.parquet"))


@pytest.mark.fault(
    "a published day is cut, changed, deleted, or gets a second file",
    "nothing reads it, `doctor` names the day, and publishing writes it anew",
)
@pytest.mark.parametrize("damage", [_cut, _invert, Path.unlink, _add_rows])
def test_a_published_day_that_was_changed_is_not_read_and_is_healed_by_publishing(
    publish: Publish,
    lake: Path,
    tmp_path: Path,
    damage: Callable[[Path], None],
    observe: Callable[[str], None],
) -> None:
    first, folder = publish()["visits"], lake / "features" / "visits"
    before = rows_on_disk(lake)
    damage(folder / f"local_date={CHANGED}" / "data.parquet")
    assert published_digest(lake / "features", "visits") == first.digest
    for days in (None, [CHANGED], DAYS):
        with pytest.raises(DataError, match=r"visits of 2024-03-04 is not what was published"):
            published_rows(folder, "local_date", days)
    published_rows(folder, "local_date", [DAYS[0]])
    assert damaged_days(folder, read_manifest(lake / "features", "visits")) == [CHANGED]
    again = publish()["visits"]
    assert CHANGED in (*again.changed, *again.healed)
    assert again.digest == first.digest
    assert rows_on_disk(lake) == before == rows_in_warehouse(tmp_path)
    published_rows(folder, "local_date")
    observe("`visits of 2024-03-04 is not what was published`; the same digest and rows afterwards")


def _foreign_day(folder: Path) -> Path:
    file = folder / "local_date=2012-12-31" / "other.parquet"
    write_parquet(pq.read_table(folder / f"local_date={CHANGED}" / "data.parquet"), file)
    return file


def _foreign_day_of_our_name(folder: Path) -> Path:
    return _foreign_day(folder).rename(folder / "local_date=2012-12-31" / "data.parquet")


def _no_day(folder: Path) -> Path:
    return _foreign_day(folder).parent.rename(folder / "local_date=never") / "other.parquet"


@pytest.mark.fault(
    "a folder of another day, which nobody published, is put beside the published ones",
    "nothing of the table is read, `doctor` names the file, and publishing deletes it",
)
@pytest.mark.parametrize("add", [_foreign_day, _foreign_day_of_our_name, _no_day])
def test_a_day_that_nobody_published_is_not_read_and_is_deleted_by_publishing(
    publish: Publish,
    lake: Path,
    add: Callable[[Path], Path],
    observe: Callable[[str], None],
) -> None:
    first, folder = publish()["visits"], lake / "features" / "visits"
    before = rows_on_disk(lake)
    foreign = add(folder)
    for days in (None, [CHANGED]):
        with pytest.raises(DataError, match=f"has files that nobody published: {foreign}"):
            published_rows(folder, "local_date", days)
    found = damaged_tables(lake / "features")
    assert found == {"visits": DamagedTable(foreign=(foreign,))}
    [fault] = faults_of_published(found, launched)
    assert (fault.where, fault.cure) == ("published, visits", f"rm {foreign}")
    again = publish()["visits"]
    assert again.digest == first.digest
    assert not foreign.exists()
    assert rows_on_disk(lake) == before
    assert damaged_tables(lake / "features") == {}
    published_rows(folder, "local_date")
    observe("`visits has files that nobody published: ...`; the same rows and digest afterwards")


@pytest.mark.fault(
    "the manifest of a published table is deleted or damaged",
    "nothing of the table is read, `doctor` tells it, and publishing writes all of it anew",
)
@pytest.mark.parametrize("damage", [Path.unlink, lambda file: file.write_text("{")])
def test_a_table_without_its_manifest_is_not_read_and_is_healed_by_publishing(
    publish: Publish,
    lake: Path,
    damage: Callable[[Path], None],
    observe: Callable[[str], None],
) -> None:
    first, folder = publish()["visits"], lake / "features" / "visits"
    before = rows_on_disk(lake)
    damage(folder / "_manifest.json")
    _cut(folder / f"local_date={CHANGED}" / "data.parquet")
    with pytest.raises(DataError, match=r"_manifest.json is (gone|damaged), which says what is"):
        published_rows(folder, "local_date", [DAYS[0]])
    [fault] = faults_of_published(damaged_tables(lake / "features"), launched)
    assert (fault.where, fault.cure) == ("published, visits", "dg launch --job build_features")
    assert fault.what.startswith("its manifest ")
    assert publish()["visits"].digest == first.digest
    assert rows_on_disk(lake) == before
    assert damaged_tables(lake / "features") == {}
    observe("`... is gone, which says what is published of visits`; the same rows afterwards")


def test_a_publishing_that_was_broken_off_is_told_and_finished_by_the_next(
    publish: Publish, run_sql: RunSql, lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish()
    folder = lake / "features" / "visits"
    run_sql(CHANGE)

    def killed(*written: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(published, "_write_partitions", killed)
        publish()
    published_rows(folder, "local_date", DAYS)
    found = damaged_tables(lake / "features")
    assert found["visits"] == DamagedTable(broken_off=(CHANGED,))
    [fault] = faults_of_published({"visits": found["visits"]}, launched)
    assert fault.severity == "warning"
    publish()
    assert damaged_tables(lake / "features") == {}
    assert read_manifest(lake / "features", "visits").writing == ()


def test_what_was_published_without_digests_is_read_and_gets_them_when_it_is_published(
    publish: Publish, lake: Path
) -> None:
    first, folder = publish()["visits"], lake / "features" / "visits"
    manifest = read_manifest(lake / "features", "visits")
    old = manifest.model_copy(update={"files": {}})
    (folder / "_manifest.json").write_text(old.to_stored())
    assert "files" not in (folder / "_manifest.json").read_text()
    _cut(folder / f"local_date={CHANGED}" / "data.parquet")
    published_rows(folder, "local_date")
    again = publish()["visits"]
    assert (again.changed, again.healed, again.digest) == ((), DAYS, first.digest)
    assert read_manifest(lake / "features", "visits") == manifest


def test_what_is_published_meanwhile_is_no_damage(
    publish: Publish, run_sql: RunSql, lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish()
    folder, read = lake / "features" / "visits", published.read_manifest
    stale = [read(lake / "features", "visits")]
    run_sql(CHANGE)
    publish()
    monkeypatch.setattr(published, "read_manifest", lambda *of: stale.pop() if stale else read(*of))
    published_rows(folder, "local_date")
    assert stale == []
