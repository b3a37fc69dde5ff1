"""Building Bentos: self-contained, one per release, each with its own documentation."""

import json
import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from mlops_platform.artifacts.bentos import (
    SIGNATURE_FILE,
    bento_digest,
    remove_compiled_code,
)
from mlops_platform.artifacts.model_store import save_model
from mlops_platform.errors import ServingError
from mlops_platform.serving.contents import PackedRelease, read_contents
from mlops_platform.serving.golden import choose_golden_rows
from mlops_platform.serving.http.openapi import openapi_document
from mlops_platform.serving.http.request import request_types
from mlops_platform.serving.packing.packaging import BentoRequest, BuiltBento, build_bento
from mlops_platform.serving.requirements import environment_hash, serving_requirements
from mlops_platform.serving.schema import describe_features
from mlops_platform.settings import PROJECT_ROOT


def test_a_bento_holds_its_release_and_the_slice_of_the_platform_it_needs(
    bento: BuiltBento, bento_request: BentoRequest
):
    contents = read_contents(bento.path / "src")
    assert contents.release == bento_request.release
    assert contents.features == bento_request.features
    assert contents.golden_rows == bento_request.golden_rows
    assert contents.digests == bento_request.digests
    assert "model_card.md" in bento.files
    rooms = {Path(name).parts[1] for name in bento.files if name.startswith("mlops_platform/")}
    assert rooms == {
        "__init__.py",
        "column_kind.py",
        "errors.py",
        "files.py",
        "privacy.py",
        "record.py",
        "section.py",
        "told_apart.py",
        "artifacts",
        "formats",
        "serving",
        "spec",
        "tasks",
    }
    assert "mlops_platform/serving/packing/packaging.py" not in bento.files
    assert "mlops_platform/tasks/binary_classification/task.py" in bento.files
    assert "mlops_platform/tasks/binary_classification/figures.py" not in bento.files


def test_what_is_packed_imports_nothing_that_is_not(bento: BuiltBento):
    program = (
        "import pkgutil, importlib, mlops_platform, sys\n"
        "for module in pkgutil.walk_packages(mlops_platform.__path__, 'mlops_platform.'):\n"
        "    importlib.import_module(module.name)\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules} & "
        "{'dagster', 'mlflow', 'duckdb', 'sqlalchemy', 'dbt'}))"
    )
    ran = run_in_bento(bento, program)
    assert ran.stdout.strip() == "[]", ran.stderr


def test_every_package_that_is_imported_is_pinned():
    pins = {line.partition("==")[0] for line in serving_requirements().splitlines()}
    assert {"uvloop", "httptools", "orjson", "prometheus-client", "treelite"} <= pins


def test_a_bento_holds_what_a_container_is_made_from(bento: BuiltBento):
    pins = (bento.path / "env/python/requirements.txt").read_text().splitlines()
    assert any(pin.startswith("scikit-learn==") for pin in pins)
    assert not any(pin.startswith(("dagster", "mlflow", "dbt", "pytest")) for pin in pins)
    assert (bento.path / "env/docker/Dockerfile").is_file()


def test_a_bento_listens_on_loopback_unless_told_otherwise(bento: BuiltBento):
    described = yaml.safe_load((bento.path / "bento.yaml").read_text())
    (service,) = described["services"]
    assert service["config"]["http"] == {"host": "127.0.0.1"}
    assert service["config"]["workers"] == 1


def test_what_the_service_does_itself_is_switched_off_in_bentoml(bento: BuiltBento):
    described = yaml.safe_load((bento.path / "bento.yaml").read_text())
    config = described["services"][0]["config"]
    assert config["metrics"] == {"enabled": False}
    assert config["logging"]["access"] == {"enabled": False}
    # Nothing of BentoML stands before the application that a time-out could be set of.
    assert "timeout" not in config.get("traffic", {})


def run_in_bento(bento: BuiltBento, program: str) -> subprocess.CompletedProcess[str]:
    """Run a program that finds the sources of the Bento first."""
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=bento.path / "src",
        env=os.environ | {"OMP_NUM_THREADS": "2", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_worker_computes_with_one_thread_whatever_the_environment_says(bento: BuiltBento):
    program = (
        "import service, numpy, threadpoolctl\n"
        "print(service.mlops_platform.__file__)\n"
        "print([pool['num_threads'] for pool in threadpoolctl.threadpool_info()])"
    )
    file, threads = run_in_bento(bento, program).stdout.splitlines()
    assert Path(file) == bento.path / "src/mlops_platform/__init__.py"
    assert set(json.loads(threads)) == {1}


def test_a_bento_does_not_run_with_the_code_of_another_copy(bento: BuiltBento):
    program = (
        f"import sys; sys.path.insert(0, {str(PROJECT_ROOT)!r}); import mlops_platform\n"
        "import service"
    )
    said = run_in_bento(bento, program).stderr
    assert f"mlops_platform was imported from {PROJECT_ROOT}" in said


def test_pins_follow_the_requirements_of_what_is_packed_to_their_end():
    pins = serving_requirements()
    for line in pins.splitlines():
        name, _, pinned = line.partition("==")
        assert version(name) == pinned
    assert {"scipy", "uvicorn", "opentelemetry-api", "h11"} <= {
        line.partition("==")[0] for line in pins.splitlines()
    }


def test_another_package_makes_another_environment():
    assert environment_hash("a==1\n") == environment_hash("a==1\n")
    assert environment_hash("a==1\n") != environment_hash("a==2\n")


def test_building_a_release_again_finds_its_bento(
    bento: BuiltBento, bento_request: BentoRequest, bentoml_home: Path
):
    before = (bento.path / "bento.yaml").stat().st_mtime_ns
    again = build_bento(bento_request, bentoml_home)
    assert again.model_copy(update={"seconds": bento.seconds}) == bento
    assert (bento.path / "bento.yaml").stat().st_mtime_ns == before
    assert not list(bentoml_home.glob(".building-*"))


def test_other_contents_under_the_same_tag_are_refused(
    bento: BuiltBento, bento_request: BentoRequest, bentoml_home: Path
):
    release = bento_request.release.model_copy(update={"constants": {"threshold": 0.9}})
    other = bento_request.model_copy(update={"release": release})
    with pytest.raises(
        ServingError, match=r"flight_delay:v1.*packed_release\.json.*bentoml delete"
    ):
        build_bento(other, bentoml_home)


def test_a_bento_that_was_changed_in_the_store_is_not_taken_for_the_release(
    bento: BuiltBento, bento_request: BentoRequest, tmp_path: Path
):
    changed = tmp_path / "bentos" / "flight_delay" / "v1"
    shutil.copytree(bento.path, changed)
    with (changed / "src/model/model.skops").open("ab") as file:
        file.write(b"!")
    with pytest.raises(ServingError, match=r"model/model\.skops"):
        build_bento(bento_request, tmp_path)


def test_a_failing_build_says_why_and_leaves_nothing(bento_request: BentoRequest, tmp_path: Path):
    release = bento_request.release.model_copy(update={"version": "one two"})
    broken = bento_request.model_copy(update={"release": release})
    with pytest.raises(ServingError, match="one two"):
        build_bento(broken, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_two_models_built_after_one_another_have_each_their_own_documentation(
    bento: BuiltBento, rows: pd.DataFrame, bentoml_home: Path, tmp_path: Path, helpers: Any
):
    spec = helpers.model_spec("severe_delay", ("copy",), ("carrier",))
    model = helpers.fit(rows, ("copy",), ("carrier",))
    schema = describe_features(spec, rows)
    request = BentoRequest(
        release=PackedRelease(
            model=spec.name,
            version="1",
            sequence=1,
            task=spec.task,
            constants={"threshold": 0.5},
            training_set_hash="0",
        ),
        features=schema,
        model_directory=tmp_path / "model",
        digests=save_model(model, tmp_path / "model"),
        golden_rows=choose_golden_rows(schema, spec.task, model, rows, 5),
    )
    other = build_bento(request, bentoml_home)
    first, second = (documentation(built) for built in (bento, other))
    words = ("distance_miles", "FlightDelayRow", "SevereDelayRow", "copy")
    assert [word in first for word in words] == [True, True, False, True]
    assert [word in second for word in words] == [False, False, True, True]


def documentation(bento: BuiltBento) -> str:
    contents = read_contents(bento.path / "src")
    types = request_types(contents.features, contents.release.serving.max_batch_rows)
    return json.dumps(openapi_document(contents, types, token_required=False))


def test_the_digest_of_a_bento_covers_everything_but_when_it_was_made(
    bento_request: BentoRequest, bento: BuiltBento, tmp_path: Path
):
    again = build_bento(bento_request, tmp_path)
    assert again.digest == bento.digest
    description = again.path / "bento.yaml"
    made = [line for line in description.read_text().splitlines() if "creation_time" in line]
    assert made != [
        line for line in (bento.path / "bento.yaml").read_text().splitlines() if "time" in line
    ]
    for file in sorted(again.path.rglob("*")):
        if file.is_file() and "mlops_platform" not in file.parts:
            content = file.read_bytes()
            file.write_bytes(content + b"\n# more")
            assert bento_digest(again.path) != again.digest, file
            file.write_bytes(content)
    code = again.path / "src" / "mlops_platform" / "serving" / "worker.py"
    (code.parent / "__pycache__").mkdir()
    (code.parent / "__pycache__" / "worker.cpython-311.pyc").write_bytes(b"not what it was")
    (again.path / SIGNATURE_FILE).write_text("signed")
    assert bento_digest(again.path) == again.digest
    remove_compiled_code(again.path)
    assert [*again.path.rglob("__pycache__")] == []
    code.with_name("added.py").write_text("")
    assert bento_digest(again.path) != again.digest
    code.with_name("added.py").unlink()
    code.unlink()
    assert bento_digest(again.path) != again.digest
