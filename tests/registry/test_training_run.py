import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mlops_platform.errors import RegistryError
from mlops_platform.registry.registry import Registry
from tests.registry.conftest import Store

if TYPE_CHECKING:
    from mlflow import MlflowClient


def test_what_is_logged_is_in_mlflow(registry: Registry, client: "MlflowClient") -> None:
    many = {f"p{number:03}": number for number in range(230)}
    with registry.training_run("logging", "seed 7", {"git_commit": "abc"}) as run:
        run.log_params(many | {"long": "x" * 9000, "steps": ["a", "b"]})
        run.log_metrics({"log_loss": 0.51, "days": 14})
        run.log_metrics({"log_loss": 0.5}, step=1)
        run.set_tags({"verdict": "promote"})
        run.log_figures({"roc": b"png", "cover": b"picture"})
        run.log_text("card.md", "# Card")
        run.log_dict("gate.json", {"passed": True, "margin": float("nan")})

    stored = client.get_run(run.run_id)
    assert stored.info.status == "FINISHED"
    assert stored.info.run_name == "seed 7"
    assert len(stored.data.params) == 232
    assert stored.data.params["p229"] == "229"
    assert stored.data.params["steps"] == "['a', 'b']"
    assert len(stored.data.params["long"]) == 6000
    assert stored.data.metrics == {"log_loss": 0.5, "days": 14.0}
    assert [m.value for m in client.get_metric_history(run.run_id, "log_loss")] == [0.51, 0.5]
    assert stored.data.tags["git_commit"] == "abc"
    assert stored.data.tags["verdict"] == "promote"
    files = Path(client.download_artifacts(run.run_id, ""))
    assert (files / "figures" / "roc.png").read_bytes() == b"png"
    assert run.read_figures() == {"roc": b"png", "cover": b"picture"}
    assert (files / "card.md").read_text() == "# Card"
    # NaN is no JSON for whoever opens the artifact.
    assert json.loads((files / "gate.json").read_text()) == {"passed": True, "margin": None}


def test_a_training_set_is_an_input_of_the_run(registry: Registry, client: "MlflowClient") -> None:
    digest = "ab" * 32
    columns = {"distance_miles": "double", "carrier": "string"}
    with registry.training_run("datasets", "run", {}) as run:
        run.log_dataset("flights", digest, Path("/lake/training_sets/x"), columns, {"rows": 84_000})
    [logged] = client.get_run(run.run_id).inputs.dataset_inputs
    assert logged.dataset.name == "flights"
    assert digest.startswith(logged.dataset.digest)
    assert json.loads(logged.dataset.source) == {"uri": "file:///lake/training_sets/x"}
    assert json.loads(logged.dataset.profile) == {"rows": 84_000}
    assert json.loads(logged.dataset.schema)["mlflow_colspec"] == [
        {"name": "distance_miles", "type": "double"},
        {"name": "carrier", "type": "string"},
    ]
    assert {tag.key: tag.value for tag in logged.tags} == {
        "mlflow.data.context": "training",
        "mlops.data_hash": digest,
    }


def test_trials_are_nested_runs(registry: Registry, client: "MlflowClient") -> None:
    with registry.training_run("trials", "search", {}) as run:
        done = run.child_run("trial 0", {"C": 0.1}, {"log_loss": 0.5}, seconds=2.0)
        pruned = run.child_run("trial 1", {"C": 9}, {}, {"why": "pruned"}, status="KILLED")
    first, second = client.get_run(done), client.get_run(pruned)
    assert first.data.tags["mlflow.parentRunId"] == run.run_id
    assert first.info.experiment_id == client.get_run(run.run_id).info.experiment_id
    assert (first.data.params, first.data.metrics) == ({"C": "0.1"}, {"log_loss": 0.5})
    assert first.info.end_time - first.info.start_time >= 2000
    assert (first.info.status, second.info.status) == ("FINISHED", "KILLED")
    assert second.data.tags["why"] == "pruned"


@pytest.mark.parametrize(
    ("error", "status"), [(ValueError, "FAILED"), (KeyboardInterrupt, "KILLED")]
)
def test_a_run_whose_body_stops_is_marked(
    registry: Registry, client: "MlflowClient", error: type[BaseException], status: str
) -> None:
    with pytest.raises(error), registry.training_run("stopping", "run", {}) as run:
        raise error
    assert client.get_run(run.run_id).info.status == status


@pytest.mark.slow  # MLflow waits for the lock
def test_an_interrupt_is_raised_also_where_the_store_is_locked(
    registry: Registry, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        closing(sqlite3.connect(store.uri.removeprefix("sqlite:///"))) as locking,
        pytest.raises(KeyboardInterrupt),
        registry.training_run("locked", "run", {}) as run,
    ):
        locking.execute("BEGIN EXCLUSIVE")
        raise KeyboardInterrupt
    assert f"MLflow run {run.run_id} is KILLED, but not marked" in caplog.text


def test_a_later_asset_goes_on_with_the_run(registry: Registry, client: "MlflowClient") -> None:
    with registry.training_run("resuming", "run", {}) as run:
        pass
    with registry.resume_run(run.run_id) as resumed:
        assert client.get_run(run.run_id).info.status == "RUNNING"
        resumed.log_metrics({"roc_auc": 0.7})
        trial = resumed.child_run("trial", {}, {})
    stored = client.get_run(run.run_id)
    assert (stored.info.status, stored.data.metrics) == ("FINISHED", {"roc_auc": 0.7})
    assert client.get_run(trial).info.experiment_id == stored.info.experiment_id
    with pytest.raises(ValueError), registry.resume_run(run.run_id):
        raise ValueError
    assert client.get_run(run.run_id).info.status == "FAILED"


def test_a_run_that_does_not_exist_is_named(registry: Registry) -> None:
    with pytest.raises(RegistryError, match="no run 'nothing'"), registry.resume_run("nothing"):
        pass
    with pytest.raises(RegistryError, match="no run 'nothing'"):
        registry.run_link("nothing")


def test_links_lead_to_the_experiment_the_run_and_its_artifacts_past_the_pages_for_agents(
    registry: Registry,
) -> None:
    with registry.training_run("links", "run", {}) as run:
        pass
    runs = f"/#/experiments/{run.experiment_id}/runs"
    asked = "?workflowType=machine_learning"
    assert registry.experiment_link("links") == f"{runs}{asked}"
    assert registry.run_link(run.run_id) == f"{runs}/{run.run_id}{asked}"
    report = registry.run_link(run.run_id, "reports/2013-04-01.html")
    assert report == f"{runs}/{run.run_id}/artifacts/reports/2013-04-01.html{asked}"
