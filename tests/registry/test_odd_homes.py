"""MLflow's database and artifacts are where the settings say, whatever the home is called."""

from pathlib import Path

import pytest

from mlops_platform.registry.registry import Registry
from mlops_platform.settings import read_settings
from tests.conftest import ODD_NAMES
from tests.registry.conftest import Judged
from tests.registry.fetched import fetched_directory, fetched_version

# MLflow's schema takes a second or two for each.
HOMES = {name: ODD_NAMES[name] for name in ("space", "percent code", "hash", "everything")}


@pytest.mark.parametrize("name", HOMES.values(), ids=HOMES)
def test_a_version_below_an_odd_name_is_registered_and_fetched_there(
    name: str, judged: Judged, tmp_path: Path
) -> None:
    home = tmp_path / "homes" / name
    settings = read_settings({"MLOPS_HOME": str(home)})
    registry = Registry(settings.mlflow_tracking_uri, settings.mlflow_artifacts)
    registry.initialise(["flights"])

    with registry.training_run("flights", "run", {}) as run:
        run.log_directory("card", judged.directory)
        version = registry.register_version(
            "flights", run.run_id, judged.directory, judged.digests, judged.description, {}
        )
    fetched = fetched_version(registry, "flights", version.version)

    assert fetched.holds(judged.digests)
    assert (fetched.directory / "schema.json").read_bytes()
    assert (fetched_directory(registry, run.run_id, "card") / "schema.json").is_file()
    assert (home / "registry" / "mlflow.db").is_file()
    assert {path.name for path in home.iterdir()} == {"registry"}
    # MLflow makes no folder of the quoted name either.
    assert [path.name for path in home.parent.iterdir()] == [name]
    assert not [path for path in tmp_path.rglob("*%25*") if "%25" in path.name]
