"""Another question about the same features needs one YAML file and no code."""

import shutil
from pathlib import Path

import dagster as dg
import pytest
import yaml

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


def test_a_second_model_is_trained_judged_and_released_from_its_yaml(with_a_second_model) -> None:
    deployment = with_a_second_model
    config = {"severe_delay__training_set": {"config": {"as_of": "2013-01-28T00:00:00-05:00"}}}

    run = deployment.launch("--job", "train_severe_delay", config={"ops": config})

    assert run.status == dg.DagsterRunStatus.SUCCESS
    assert all(deployment.checks(run).values())
    release = deployment.ledger.current_release("severe_delay")
    assert release.bento_tag.startswith("severe_delay:")
    assert deployment.registry.alias_version("severe_delay", "champion") == release.version
    assert deployment.pointer.is_file()
    # It predicts the other label: a quarter of the flights is late, a tenth of them severely.
    with deployment.instance() as instance:
        event = instance.get_latest_materialization_event(
            dg.AssetKey(["severe_delay", "training_set"])
        )
    assert 0.03 < event.asset_materialization.metadata["positive_rate"].value < 0.12
    # Nothing of it is mixed up with the first model.
    assert deployment.ledger.models() == ["severe_delay"]
    assert not deployment.settings.model_home("flight_delay").exists()
