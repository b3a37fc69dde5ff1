"""Every form of every task answers what the pipeline answers, and is proved to."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mlops_platform.exporting.compared_rows import ComparedRows
from mlops_platform.exporting.export import publish
from mlops_platform.exporting.manifest import Form, Manifest
from mlops_platform.exporting.onnx_form.form import onnx_model
from mlops_platform.exporting.onnx_process import ask_graph
from mlops_platform.exporting.python_form.form import python_program
from mlops_platform.exporting.verification import compare, served
from mlops_platform.files import sha256_of_file
from mlops_platform.serving.frames import frame_of
from tests.exporting.conftest import VERSIONS, binary_version, compared, proved, some_rows

FORMS: tuple[Form, ...] = ("python", "onnx")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", VERSIONS)
def test_every_output_is_what_the_pipeline_answers(name: str, form: Form, tmp_path: Path) -> None:
    verified = compared(VERSIONS[name](), form, tmp_path)

    assert verified.max_difference <= 1e-6
    assert verified.own_rows == 150
    assert verified.refused_rows < verified.own_rows + verified.generated_rows


@pytest.mark.parametrize("name", ["binary: forest", "clusters: centres"])
@pytest.mark.parametrize("form", FORMS)
def test_an_export_is_proved_on_twenty_thousand_rows(name: str, form: Form, tmp_path: Path) -> None:
    target = tmp_path / "exported"

    with proved(VERSIONS[name](), form) as export:
        publish(export, target)

    manifest = Manifest.from_stored((target / "manifest.json").read_bytes())
    assert manifest == export.manifest
    assert manifest.verified.own_rows + manifest.verified.generated_rows == 20_000
    assert manifest.verified.max_difference <= 1e-12
    assert manifest.speed.cold_start_milliseconds > 0
    assert manifest.speed.row_microseconds > 0
    [(name, digest)] = manifest.files.items()
    assert sha256_of_file(target / name) == digest
    assert manifest.bytes == (target / name).stat().st_size
    assert sorted(file.name for file in target.iterdir()) == sorted(["manifest.json", name])


def test_the_program_runs_in_a_bare_interpreter(tmp_path: Path) -> None:
    version = binary_version("forest")
    with proved(version, "python") as export:
        publish(export, tmp_path / "exported.zip")
    [row, *_] = some_rows(version).own
    program = (
        "import json, sys; sys.path.insert(0, sys.argv[1]); import scorer\n"
        "assert not any('site-packages' in place for place in sys.path)\n"
        "print(json.dumps(scorer.score(json.loads(sys.argv[2]))))"
    )

    # Python imports from a zip as from a folder.
    arguments = ["-c", program, str(tmp_path / "exported.zip"), json.dumps(row)]
    done = subprocess.run(
        [sys.executable, "-I", "-S", *arguments], capture_output=True, text=True, check=True
    )

    answer = json.loads(done.stdout)
    frame = frame_of(version.schema, [row])
    [expected] = version.pipeline.predict_proba(frame)[:, 1].tolist()
    assert answer["probability"] == pytest.approx(expected, abs=1e-12)
    assert answer["decision"] == (expected >= 0.4)
    assert (answer["model"], answer["version"], answer["sequence"]) == ("compiled", "3", 2)


def test_the_same_version_is_exported_to_the_same_program() -> None:
    version = binary_version("logistic")

    assert python_program(version) == python_program(version)


def test_trees_of_a_graph_do_not_round_to_float32(tmp_path: Path) -> None:
    """A value between a threshold and its float32 goes where scikit-learn sends it."""
    version = binary_version("forest")
    tree = version.pipeline.calibrated_classifiers_[0].estimator.estimator[-1].estimators_[0].tree_
    split = float(tree.threshold[0])
    # Positions behind the encoded texts: distance, rate, ...
    name = version.schema.names[tree.feature[0] - 2] if tree.feature[0] >= 2 else "distance"
    rows = some_rows(version)
    values = (split, float(np.float32(split)), *np.nextafter(split, (-np.inf, np.inf)).tolist())
    near = [{**row, name: value} for row in rows.own[:20] for value in values]
    asked = ComparedRows(near, [])
    (tmp_path / "scorer.onnx").write_bytes(onnx_model(version))

    verified = compare(
        version,
        asked,
        served(version, asked.all, shown=False),
        ask_graph(version, tmp_path / "scorer.onnx", asked.all),
        shown=False,
    )

    assert verified.max_difference <= 1e-12
