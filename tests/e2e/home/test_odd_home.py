"""A home may have any name: set up, landed, built, published and asked, by the real commands."""

import sys
from datetime import date
from pathlib import Path

import pytest

from mlops_platform.data.features.published import read_manifest
from tests.conftest import ODD_NAMES
from tests.e2e.conftest import Deployment

pytestmark = pytest.mark.slow

LAND_AND_BUILD = """
from datetime import date, timedelta

from mlops_platform.components.landing.jobs import daily_landings
from mlops_platform.driving.driver import JobDriver, day_range, run_config
from mlops_platform.components.instance import open_instance
from mlops_platform.definitions import defs

days = [date(2013, 1, 1) + timedelta(days=number) for number in range(9)]
with open_instance() as instance:
    driver = JobDriver(defs(), instance)
    driver.run("land_snapshots")
    for landing in daily_landings(driver.definitions):
        if landing.partitions.has_partition_key(str(days[0])):
            driver.run(landing.job, tags=day_range(days))
    config = {"start_day": str(days[0]), "end_day": str(days[-1])}
    driver.run("build_features", config=run_config("dbt_features", config))
"""


def test_everything_of_a_home_with_an_odd_name_is_below_it(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    home = tmp_path / "homes" / "carrier=ZZ" / ODD_NAMES["everything"]
    deployment = Deployment(project, home, mlflow_port=5000)

    assert str(home) in deployment.mlops("setup").replace("\n", "")
    deployment.run(sys.executable, "-c", LAND_AND_BUILD)

    published = read_manifest(home / "lake" / "features", "flight_features")
    assert min(published.partitions) == date(2013, 1, 1)
    assert published.rows > 7000
    asked = "SELECT count(DISTINCT carrier) FROM features.flight_features"
    assert deployment.mlops("sql", "--csv", asked).split()[-1] == "15"
    deployment.mlops("status")
    with deployment.instance() as instance:
        assert len(instance.get_runs()) == 3
    for file in ("ledger/ledger.db", "registry/mlflow.db", "warehouse/warehouse.duckdb"):
        assert (home / file).is_file()
    assert (home / "dagster" / "history" / "runs.db").is_file()
    assert [path.name for path in home.parent.iterdir()] == [home.name]
    assert not (project / "dbt_project" / "logs").exists()
