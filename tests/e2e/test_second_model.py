"""Another question about the same features needs one YAML file and no code."""

import shutil
import sys
from pathlib import Path

import dagster as dg
import pytest
import yaml

from mlops_platform.clock import present

pytestmark = pytest.mark.slow


@pytest.fixture
def with_a_second_model(untrained, tmp_path: Path):
    """The deployment plus `defs/severe_delay/defs.yaml`: another label, nothing else."""
    project = tmp_path / "project"
    shutil.copytree(untrained.project, project)
    defs = project / "mlops_platform" / "defs"
    declared = yaml.safe_load((defs / "flight_delay" / "defs.yaml").read_text())
    declared["attributes"] |= {
        "name": "severe_delay",
        "description": "The probability that a flight arrives more than an hour late.",
    }
    declared["attributes"]["label"]["column"] = "is_severely_late"
    (defs / "severe_delay").mkdir()
    (defs / "severe_delay" / "defs.yaml").write_text(yaml.safe_dump(declared, sort_keys=False))
    return type(untrained)(project, untrained.home, untrained.mlflow_port, model="severe_delay")


REPLAY = """
from datetime import date
from pathlib import Path
from rich.console import Console
from mlops_platform.components.models import declared_lifecycle
from mlops_platform.definitions import defs
from mlops_platform.cli.progress import ConsoleDisplay
from mlops_platform.driving.driver import JobDriver
from mlops_platform.driving.instance import open_quiet_instance
from mlops_platform.driving.phases import Phases
from mlops_platform.replay.replayed_model import ReplayedModel, windows_from

model, day = declared_lifecycle("severe_delay"), date(2013, 1, 28)
with open_quiet_instance() as instance:
    phases = Phases(Path("seconds.json"), ConsoleDisplay(Console()))
    replayed = ReplayedModel(JobDriver(defs(), instance), phases, model)
    replayed.start_on(day)
    replayed.land_and_build([date(2013, 1, 27)])
    replayed.release_first_champion()
    for window in windows_from(model.spec, day, 1):
        replayed.live_through(window)
    replayed.export_online()
"""


def test_a_second_model_is_trained_released_and_replayed_from_its_yaml(
    with_a_second_model,
) -> None:
    deployment = with_a_second_model
    shown = deployment.run(sys.executable, "-c", REPLAY)
    assert shown.count("done before") == 2  # what has landed for the first model
    assert str(present(deployment.settings.replayed_moment).date()) == "2013-02-04"
    with deployment.instance() as instance:
        (run,) = instance.get_runs(dg.RunsFilter(tags={"mlops/stage": "watch"}))
        event = instance.get_latest_materialization_event(
            dg.AssetKey(["severe_delay", "training_set"])
        )
        training = instance.get_run_by_id(event.run_id)
    assert run.tags["dagster/partition"] == "2013-01-28"
    assert run.status == dg.DagsterRunStatus.SUCCESS
    assert training.status == dg.DagsterRunStatus.SUCCESS
    assert all(deployment.checks(training).values())
    # It predicts the other label: a quarter of the flights is late, a tenth of them severely.
    assert 0.03 < event.asset_materialization.metadata["positive_rate"].value < 0.12

    release = deployment.ledger.current_release("severe_delay")
    assert release.version == 1
    assert release.bento_tag.startswith("severe_delay:")
    assert deployment.registry.alias_version("severe_delay", "champion") == release.version
    assert deployment.pointer.is_file()
    # Nothing of it is mixed up with the first model.
    assert deployment.ledger.models() == ["severe_delay"]
    assert not deployment.settings.model_home("flight_delay").exists()
