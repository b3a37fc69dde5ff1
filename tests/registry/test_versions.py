import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from mlops_platform.artifacts.digests import verify_directory
from mlops_platform.artifacts.model_store import load_model, save_model
from mlops_platform.errors import ArtifactError, RegistryError
from mlops_platform.registry.registry import Registry
from mlops_platform.registry.requirements import PACKAGES, pinned_requirements
from mlops_platform.registry.versions import RegisteredVersion
from tests.registry.fetched import fetched_version

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from tests.registry.conftest import Judged


def _register(registry: Registry, judged: "Judged", model: str) -> RegisteredVersion:
    with registry.training_run(model, "run", {}) as run:
        return registry.register_version(
            model, run.run_id, judged.directory, judged.digests, judged.description, {"seed": "7"}
        )


def test_a_fetched_version_verifies_and_predicts_exactly_as_judged(
    registry: Registry, judged: "Judged"
) -> None:
    registered = _register(registry, judged, "exact")
    fetched = fetched_version(registry, "exact", registered.version)
    assert fetched.model_dump(exclude={"directory"}) == registered.model_dump()
    assert registered.tags == {"seed": "7"}
    assert registered.holds(judged.digests)
    verify_directory(fetched.directory, fetched.digests)
    loaded = load_model(fetched.directory, fetched.digests)
    np.testing.assert_array_equal(
        loaded.predict_proba(judged.rows), judged.model.predict_proba(judged.rows)
    )


def test_a_version_is_a_real_mlflow_model(registry: Registry, judged: "Judged") -> None:
    import mlflow

    fetched = fetched_version(registry, "real", _register(registry, judged, "real").version)
    served = mlflow.pyfunc.load_model(str(fetched.directory))
    example = mlflow.models.Model.load(str(fetched.directory)).load_input_example(
        str(fetched.directory)
    )
    pd.testing.assert_frame_equal(example, judged.rows.head(3), check_exact=True)
    request = (fetched.directory / "serving_input_example.json").read_text()
    assert json.loads(request, parse_constant=pytest.fail)["dataframe_split"]["data"][1][0] is None
    np.testing.assert_array_equal(
        served.predict(example), judged.model.predict_proba(judged.rows.head(3))
    )
    assert served.metadata.get_input_schema().input_names() == list(judged.rows.columns)
    (answers,) = served.metadata.get_output_schema()
    assert (answers.name, answers.shape) == ("probabilities", (-1, 2))
    assert served.metadata.run_id == fetched.run_id
    requirements = (fetched.directory / "requirements.txt").read_text().split()
    assert requirements == [f"mlflow=={mlflow.__version__}", *pinned_requirements()]


def test_a_tampered_version_is_refused(
    registry: Registry, judged: "Judged", tmp_path: Path
) -> None:
    fetched = fetched_version(registry, "tampered", _register(registry, judged, "tampered").version)
    description = fetched.directory / "MLmodel"
    trusting = description.read_text().replace("skops_trusted_types:", "skops_trusted_types:\n- os")
    assert trusting != description.read_text()
    description.write_text(trusting)
    with pytest.raises(ArtifactError, match="'MLmodel' has SHA-256"):
        load_model(fetched.directory, fetched.digests)


def test_registering_the_same_files_of_a_run_again_changes_nothing(
    registry: Registry, judged: "Judged", tmp_path: Path
) -> None:
    with registry.training_run("again", "run", {}) as run:
        same = [
            registry.register_version(
                "again", run.run_id, judged.directory, judged.digests, judged.description, {}
            )
            for _ in range(2)
        ]
        other_digests = save_model(judged.model, tmp_path)
        other = registry.register_version(
            "again", run.run_id, tmp_path, other_digests, judged.description, {}
        )
    assert same[0] == same[1]
    assert [version.version for version in registry.versions("again")] == [2, 1]
    assert other.version == 2
    assert registry.versions("unknown") == []


def test_files_that_were_not_judged_are_not_registered(
    registry: Registry, judged: "Judged", tmp_path: Path
) -> None:
    shutil.copytree(judged.directory, tmp_path / "copy")
    (tmp_path / "copy" / "schema.json").write_text("{}")
    with (
        registry.training_run("unjudged", "run", {}) as run,
        pytest.raises(RegistryError, match="does not hold exactly the files that were judged"),
    ):
        registry.register_version(
            "unjudged",
            run.run_id,
            tmp_path / "copy",
            judged.digests,
            judged.description,
            {},
        )
    assert registry.versions("unjudged") == []


def test_a_version_that_somebody_else_registered_never_verifies(
    registry: Registry, judged: "Judged", client: "MlflowClient"
) -> None:
    client.create_registered_model("foreign")
    client.create_model_version("foreign", judged.directory.as_uri())
    fetched = fetched_version(registry, "foreign", 1)
    with pytest.raises(ArtifactError, match="the file is extra"):
        verify_directory(fetched.directory, fetched.digests)


def test_missing_versions_and_files_are_named(registry: Registry, judged: "Judged") -> None:
    _register(registry, judged, "missing")
    with pytest.raises(RegistryError, match=r"no version 9 of 'missing'; it has \[1\]"):
        fetched_version(registry, "missing", 9)
    directory = fetched_version(registry, "missing", 1).directory
    shutil.rmtree(directory)
    with pytest.raises(RegistryError, match="files of version 1 of 'missing' cannot be fetched"):
        fetched_version(registry, "missing", 1)


def test_aliases_follow_orders(registry: Registry, judged: "Judged") -> None:
    assert registry.alias_version("aliases", "champion") is None
    _register(registry, judged, "aliases")
    _register(registry, judged, "aliases")
    assert registry.alias_version("aliases", "champion") is None
    for version in (2, 1):
        registry.set_alias("aliases", "champion", version)
        assert registry.alias_version("aliases", "champion") == version
    with pytest.raises(RegistryError, match=r"no version 9 of 'aliases'; it has \[2, 1\]"):
        registry.set_alias("aliases", "champion", 9)
    registry.delete_alias("aliases", "champion")
    assert registry.alias_version("aliases", "champion") is None


def test_registering_takes_less_than_two_seconds(registry: Registry, judged: "Judged") -> None:
    _register(registry, judged, "timed")
    started = _cpu_seconds()
    _register(registry, judged, "timed")
    assert _cpu_seconds() - started < 2


def _cpu_seconds() -> float:
    """Of this process and of those that it has started."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def test_requirements_are_pinned_to_what_is_installed() -> None:
    requirements = pinned_requirements()
    assert [requirement.split("==")[0] for requirement in requirements] == list(PACKAGES)
    assert all(re.fullmatch(r"[\w-]+==\d+(\.\d+)+", requirement) for requirement in requirements)


_INITIALISE = """
import socket
import sys
from pathlib import Path

def refuse(*address):
    raise RuntimeError(f"network: {address}")

socket.socket.connect = refuse
socket.getaddrinfo = refuse
from mlops_platform.registry.registry import Registry

assert not {"mlflow", "pandas", "sklearn"} & sys.modules.keys()
home = Path(sys.argv[1])
Registry(f"sqlite:///{home / 'mlflow.db'}", home / "artifacts").initialise(["flights", "taxis"])
from mlflow.telemetry import get_telemetry_client

assert get_telemetry_client() is None
"""


@pytest.mark.slow
def test_processes_that_start_at_once_initialise_quietly_and_without_network(
    tmp_path: Path,
) -> None:
    # Not the whole environment: MLflow sends nothing where it believes to be in a test or CI.
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[2])}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _INITIALISE, str(tmp_path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
            cwd=tmp_path,
        )
        for _ in range(2)
    ]
    assert [process.communicate()[0] for process in processes] == [""] * 2
    assert [process.returncode for process in processes] == [0] * 2
    assert {path.name for path in tmp_path.iterdir()} == {"artifacts", "mlflow.db"}
