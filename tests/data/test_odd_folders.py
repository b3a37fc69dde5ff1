"""Whatever the folders above a lake are called, its readers give what they give of a plain one."""

import re
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from mlops_platform.data.catalogue import open_catalogue
from mlops_platform.data.features.features import (
    latest_feature_batches,
    read_feature_rows,
    read_outcomes,
    read_training_rows,
)
from mlops_platform.data.features.labels import count_new_labels
from mlops_platform.data.features.published import publish_table
from mlops_platform.data.landing.folder_source import FolderSource
from mlops_platform.data.landing.landed_table import LandedTable
from mlops_platform.data.online.export import export_features
from mlops_platform.data.parquet import read_parquet, write_parquet
from mlops_platform.data.served.rollout_rows import Arm, Arms, read_rollout_rows
from mlops_platform.data.served.rows import find_request, read_answers, sample_served
from mlops_platform.data.served.served import land_log
from mlops_platform.data.served.watched_rows import watched_rows
from mlops_platform.data.training_set import opened_rows, read_rows, snapshot_training_set
from mlops_platform.data.windows import window_named
from mlops_platform.errors import DataError
from mlops_platform.serving.online.sqlite_store import SqliteSource
from mlops_platform.spec import ModelSpec
from tests.conftest import ODD_NAMES
from tests.data.landing.landed import begun, first_file
from tests.data.served.test_served import NOON, append, line

AS_OF = datetime(2024, 4, 1, tzinfo=UTC)
DAYS = [date(2024, 3, 4), date(2024, 3, 5)]
Read = Callable[[ModelSpec, Path], object]


def predictions(lake: Path) -> Path:
    return lake / "predictions" / "readmission" / "window=2024-03-04" / "data.parquet"


def training_set(spec: ModelSpec, lake: Path) -> object:
    stored = snapshot_training_set(spec, lake / "features", lake / "training_sets", AS_OF)
    with opened_rows(stored, ["returned"]) as (connection, view):
        rows = connection.sql(f"FROM {view} ORDER BY visit_id").to_arrow_table()
    return stored.hash, stored.features_digest, read_rows(stored), rows


def watched(spec: ModelSpec, lake: Path) -> object:
    with watched_rows(spec, lake / "features", DAYS, predictions(lake), unchanged=False) as rows:
        return rows.sample("visit_id", 100)


def catalogue(spec: ModelSpec, lake: Path) -> object:
    with open_catalogue(lake) as connection:
        listed = connection.sql("FROM catalogue ORDER BY ALL").fetchall()
        views = [f'{schema}."{name}"' for schema, name, *_ in listed]
        return listed, [connection.sql(f"FROM {view} ORDER BY ALL").fetchall() for view in views]


def online(spec: ModelSpec, lake: Path) -> object:
    store = lake.parent / "online" / "readmission.sqlite"
    export_features(spec, lake / "features", store, timedelta(days=90), AS_OF, AS_OF)
    source = SqliteSource(store)
    try:
        return source.find("v7")
    finally:
        source.close()


READERS: dict[str, Read] = {
    "training rows": lambda spec, lake: read_training_rows(spec, lake / "features", AS_OF),
    "features": lambda spec, lake: read_feature_rows(spec, lake / "features", DAYS),
    "latest features": lambda spec, lake: pa.Table.from_batches(
        latest_feature_batches(spec, lake / "features", datetime(2024, 3, 2, tzinfo=UTC))
    ),
    "outcomes": lambda spec, lake: read_outcomes(
        spec, lake / "features", [predictions(lake)], DAYS, AS_OF
    ),
    "new labels": lambda spec, lake: count_new_labels(
        spec, lake / "features", datetime(2024, 3, 5, tzinfo=UTC), AS_OF
    ),
    "a training set": training_set,
    "a watched window": watched,
    "a sample of what was served": lambda spec, lake: sample_served(
        lake / "served", ["day=2024-03-05/predictions-1-a-000000000000.parquet"], 10
    ),
    "a request": lambda spec, lake: find_request(spec, lake / "log", lake / "served", "r1"),
    "answers": lambda spec, lake: read_answers(
        spec, lake / "served", lake / "features", window_named(spec.window, "2024-03-04")
    ),
    "a rollout": lambda spec, lake: read_rollout_rows(
        spec,
        lake / "served",
        lake / "features",
        Arms(Arm(3, 2), Arm(4, 3), paired=False),
        matured=DAYS[-1],
        as_of=AS_OF,
    ),
    "the catalogue": catalogue,
    "the online store": online,
}


def fill(lake: Path, warehouse: Path, spec: ModelSpec) -> None:
    """Publish, predict and serve visits."""
    for table in ("visits", "visit_labels"):
        publish_table(warehouse, table, "local_date", lake / "features", ["visit_id"])
    visits = [f"v{visit}" for visit in range(11, 19)]
    start = datetime(2024, 3, 4, tzinfo=UTC)
    rows = {
        "visit_id": visits,
        "event_time": [start + timedelta(hours=6 * at) for at in range(8)],
        "local_date": [DAYS[at // 4] for at in range(8)],
        "score": [0.1 * at for at in range(8)],
        "decision": [at > 4 for at in range(8)],
    }
    write_parquet(pa.table(rows), predictions(lake))
    (lake / "log").mkdir()
    append(
        lake / "log", line(), line("v17", request="r2", role="challenger", version="4", sequence=3)
    )
    land_log(spec, lake / "log", lake / "served", NOON)


@pytest.fixture
def lakes(
    run_sql: Any, odd_folder: Path, tmp_path: Path, spec: ModelSpec
) -> tuple[ModelSpec, Path, Path]:
    """The same lake twice, the second below an odd name; and beside it one with every row twice,
    which that name would match.
    """
    plain, odd = tmp_path / "plain" / "lake", odd_folder / "lake"
    for lake in (plain, odd):
        fill(lake, tmp_path / "warehouse.duckdb", spec)
    sibling = Path(str(odd_folder).replace("[ab]", "a").replace("*", "x").replace("?", "x"))
    if sibling != odd_folder:
        shutil.copytree(plain.parent, sibling)
        for file in list(sibling.rglob("*.parquet")):
            shutil.copy(file, file.with_name(f"again_{file.name}"))
    return spec, plain, odd


def test_every_reader_gives_the_same(lakes: tuple[ModelSpec, Path, Path]) -> None:
    spec, plain, odd = lakes
    for name, read in READERS.items():
        assert read(spec, odd) == read(spec, plain), name


def test_the_rows_are_those_of_the_lake(lakes: tuple[ModelSpec, Path, Path]) -> None:
    spec, _, odd = lakes
    rows = read_feature_rows(spec, odd / "features", [DAYS[0]])
    assert rows["visit_id"].to_pylist() == ["v11", "v12", "v13", "v14"]
    assert set(rows["local_date"].to_pylist()) == {DAYS[0]}
    answers = read_answers(
        spec, odd / "served", odd / "features", window_named(spec.window, "2024-03-04")
    )
    assert answers is not None
    assert answers["request_id"].to_pylist() == ["r1", "r2"]
    arms = READERS["a rollout"](spec, odd)
    assert isinstance(arms, pa.Table)
    assert arms["challenger"].to_pylist() == [False, True]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize("folder_name", ["brackets", "partition", "everything"])
def test_files_of_users_are_landed_whatever_they_and_their_folder_are_called(
    tmp_path: Path, folder_name: str, kind: str
) -> None:
    odd_folder = tmp_path / ODD_NAMES[folder_name]
    odd_folder.mkdir(parents=True)
    table, day = LandedTable(table="readings", key=("taken", "station")), date(2024, 3, 10)
    taken, names = "2024-03-10 01:30:00", [name.replace("/", " ") for name in ODD_NAMES.values()]
    for name in names:
        columns = {"station": [name], "taken": [taken], "day_of_week": ["7"]}
        if kind == "csv":
            quoted = name.replace('"', '""')
            text = f'station,taken,day_of_week\n"{quoted}",{taken},7\n'
            (odd_folder / f"{name}.csv").write_text(text)
        else:
            write_parquet(pa.table(columns), odd_folder / f"{name}.parquet")
    # Which the name of the folder would match.
    sibling = Path(str(odd_folder).replace("[ab]", "a").replace("*", "x").replace("?", "x"))
    if sibling != odd_folder:
        sibling.mkdir()
        shutil.copy(odd_folder / f"{names[0]}.{kind}", sibling)
    landing = odd_folder / "landing"
    source = FolderSource(
        landed=table, folder=odd_folder, pattern=f"*.{kind}", time_column="taken", timezone="UTC"
    )
    source.land(landing, begun(landing, "readings", [day]))
    landed = read_parquet(first_file(landing, "readings", day)).to_pylist()
    assert sorted(row["station"] for row in landed) == sorted(names)
    assert {(row["taken"], row["day_of_week"]) for row in landed} == {
        (datetime(2024, 3, 10, 1, 30, tzinfo=UTC), "7")
    }
    (odd_folder / f"{names[0]}.{kind}").write_bytes(b"")
    with pytest.raises(DataError, match=re.escape(f"{odd_folder}/{names[0]}.{kind}")):
        source.land(landing, begun(landing, "readings", [day]))
