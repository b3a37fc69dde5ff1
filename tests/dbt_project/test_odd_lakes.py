"""dbt builds the same of a lake wherever it is, and of that lake only."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pandas as pd
import pytest

from mlops_platform.settings import read_settings
from tests.conftest import ODD_NAMES
from tests.dbt_project.conftest import Deployment

if TYPE_CHECKING:
    from tests.dbt_project.conftest import Period

DAYS = (date(2013, 3, 10), date(2013, 3, 12))
MARTS = ("flight_features", "flight_labels")
ONLY_MARTS = ("--select", *(f"+{mart}" for mart in MARTS))
HOMES = {
    name: ODD_NAMES[name]
    for name in ("partition", "brackets", "comma", "hash", "question mark", "everything")
}
COUNT = "SELECT count(*) AS flights FROM flight_features WHERE local_date = '{}'"
ONLY_FLIGHTS = ("--select", "+int_flights", "--exclude-resource-types", "test", "unit_test")
HOLD = """
import sys, time, duckdb
with duckdb.connect(sys.argv[1], read_only=True):
    print("held", flush=True)
    time.sleep(2)
"""


def rows_of(deployment: Deployment) -> list[pd.DataFrame]:
    return [deployment.query(f"FROM {mart} ORDER BY flight_id") for mart in MARTS]


def build(deployment: Deployment, days: Period | None = None) -> Deployment:
    deployment.build_models(days, *ONLY_MARTS)
    return deployment


@pytest.fixture(scope="session")
def plain(winter: Deployment, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """Three landed days, built; to be read only."""
    home = tmp_path_factory.mktemp("plain")
    for table in (winter.lake / "landing").iterdir():
        shutil.copytree(
            table, home / "lake" / "landing" / table.name, ignore=shutil.ignore_patterns("day=*")
        )
        for folder in table.glob("day=*"):
            day = date.fromisoformat(folder.name.removeprefix("day="))
            if day == date(2013, 1, 1) or DAYS[0] <= day <= DAYS[1]:
                shutil.copytree(folder, home / "lake" / "landing" / table.name / folder.name)
    return build(replace(winter, home=home))


class DeploymentOfSettings(Deployment):
    """A deployment whose warehouse is reached as the settings say."""

    @property
    def warehouse(self) -> Path:
        return read_settings({"MLOPS_HOME": str(self.home)}).warehouse


@pytest.mark.parametrize("name", HOMES.values(), ids=HOMES)
def test_a_home_with_an_odd_name_gives_the_same_features(
    name: str, plain: Deployment, tmp_path: Path, cache_folder: Path
) -> None:
    odd = tmp_path / "homes" / name
    shutil.copytree(plain.lake, odd / "lake", copy_function=os.link)
    sibling = Path(str(odd).replace("[ab]", "a").replace("*", "x").replace("?", "x"))
    if sibling != odd:
        shutil.copytree(plain.lake, sibling / "lake", copy_function=os.link)
        foreign = sibling / "lake" / "landing" / "flight_schedules" / f"day={DAYS[1]}"
        (delivery,) = foreign.iterdir()
        shutil.copytree(delivery, foreign / "delivery=29990101T000000.000000Z")

    deployment = build(DeploymentOfSettings(odd, plain.manifest))
    build(deployment, (DAYS[1], DAYS[1]))

    assert (odd / "warehouse" / "warehouse.duckdb").is_file()
    for built, expected in zip(rows_of(deployment), rows_of(plain), strict=True):
        assert len(built) > 2000
        pd.testing.assert_frame_equal(built, expected, check_exact=True)
    assert sorted(path.name for path in odd.parent.iterdir()) == sorted({odd.name, sibling.name})
    schedules = deployment.query("FROM duckdb_views() WHERE view_name = 'stg_flight_schedules'")
    assert "read_landing('flight_schedules')" in schedules["sql"].item()
    assert str(odd) not in schedules["sql"].item()


def test_a_home_that_was_moved_is_read_where_it_now_is(plain: Deployment, tmp_path: Path) -> None:
    before, after = (replace(plain, home=tmp_path / name) for name in ("before", "after"))
    shutil.copytree(plain.home, before.home)
    shutil.copytree(plain.home, after.home)
    day = (DAYS[1], DAYS[1])
    after.change_landing("flight_schedules", DAYS[1], "FROM rows LIMIT 10")
    before.partition("flight_schedules", DAYS[0]).unlink()

    build(after, day)
    assert after.query(COUNT.format(DAYS[1]))["flights"].item() == 10
    assert after.query(COUNT.format(DAYS[0]))["flights"].item() > 500


def test_a_build_opens_the_files_of_its_days_only(plain: Deployment, tmp_path: Path) -> None:
    deployment = replace(plain, home=tmp_path)
    shutil.copytree(plain.lake, deployment.lake)
    # DuckDB takes the columns from the first file, so that the one in the middle is damaged.
    middle = deployment.partition("flight_schedules", date(2013, 3, 11))
    middle.write_bytes(b"not Parquet")

    results = deployment.dbt("build", *ONLY_FLIGHTS, days=(DAYS[1], DAYS[1]))
    assert {str(result.status) for result in results.values()} == {"success"}, results
    assert deployment.query("SELECT DISTINCT local_date FROM int_flights").size == 1

    results = deployment.dbt("build", *ONLY_FLIGHTS, days=DAYS)
    assert "int_flights" in results
    assert str(results["int_flights"].status) == "error"


def test_a_build_waits_for_a_reader_of_the_warehouse(plain: Deployment, tmp_path: Path) -> None:
    deployment = replace(plain, home=tmp_path)
    shutil.copytree(plain.home, tmp_path, dirs_exist_ok=True)
    held = [sys.executable, "-c", HOLD, str(deployment.warehouse)]
    with subprocess.Popen(held, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "held\n"
        with pytest.raises(duckdb.IOException):
            duckdb.connect(str(deployment.warehouse))
        results = deployment.dbt("run", "--select", "stg_airports")
    assert {str(result.status) for result in results.values()} == {"success"}, results
