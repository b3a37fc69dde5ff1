"""A home may have any name: set up, landed, built, published and asked, by the real commands."""

import sys
from datetime import date
from pathlib import Path

import pytest

from mlops_platform.data.features.published import read_manifest
from tests.conftest import ODD_NAMES
from tests.e2e.conftest import Deployment

pytestmark = pytest.mark.slow

LAND_AND_BUILD = Path(__file__).parents[1] / "programs" / "land_and_build.py"


def test_everything_of_a_home_with_an_odd_name_is_below_it(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    home = tmp_path / "homes" / "carrier=ZZ" / ODD_NAMES["everything"]
    deployment = Deployment(project, home, mlflow_port=5000)

    assert str(home) in deployment.mlops("setup").replace("\n", "")
    deployment.run(sys.executable, str(LAND_AND_BUILD))

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
