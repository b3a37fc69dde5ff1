"""What a worker loads of a version: its compiled form, and its pipeline once that is needed."""

import json
import logging
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlops_platform.artifacts.model_store import MODEL_FILE
from mlops_platform.errors import ArtifactError, ServingError
from mlops_platform.serving.contents import COMPILED_FORM, RELEASE, Contents, read_contents
from mlops_platform.serving.runtime import RuntimeSettings
from mlops_platform.serving.scoring.compiled import stored_form as stored_form_module
from mlops_platform.serving.scoring.compiled.linear import LinearScore
from mlops_platform.serving.scoring.compiled.plain_model import PlainModel
from mlops_platform.serving.scoring.compiled.stored_form import read_form, stored_form
from mlops_platform.serving.scoring.late_pipeline import LatePipeline
from mlops_platform.serving.served_version import load_served_version
from mlops_platform.serving.worker import Worker

FEW = 10
"""Rows that the compiled model scores at most, where the pipeline is there."""


@pytest.fixture
def own(packed: Contents, tmp_path: Path) -> Contents:
    """A copy of the packed contents, to be changed."""
    root = tmp_path / "bento" / "src"
    shutil.copytree(packed.model_directory.parent, root)
    return read_contents(root)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let batches of more than `FEW` rows be large."""
    monkeypatch.setattr(LinearScore, "best_rows", FEW)
    monkeypatch.setattr(LinearScore, "columns_need_pipeline", True)


def until(seen: Callable[[], Any]) -> None:
    end = time.monotonic() + 60
    while not seen():
        assert time.monotonic() < end
        time.sleep(0.01)


def is_late(contents: Contents) -> bool:
    """Whether a version is loaded without its pipeline; it answers its golden rows in any case."""
    version = load_served_version(contents)
    row = contents.golden_rows.rows[0]
    assert version.scorer.numbers(row.features) == pytest.approx(row.numbers, abs=1e-12)
    assert version.explainer is not None
    return isinstance(version.scorer.model, LatePipeline)


def test_a_version_with_a_compiled_form_is_loaded_without_its_pipeline(own: Contents) -> None:
    assert is_late(own)


def test_its_model_is_verified_at_the_start_all_the_same(own: Contents) -> None:
    file = own.model_directory / MODEL_FILE
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    with pytest.raises(ArtifactError, match=r"model\.skops"):
        load_served_version(own)


def test_an_older_bento_without_one_is_served_as_before(own: Contents) -> None:
    (own.model_directory.parent / COMPILED_FORM).unlink()
    assert not is_late(own)


def test_so_is_one_with_a_form_of_another_format(
    own: Contents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_form_module, "FORMAT", 2)
    assert not is_late(own)


def test_a_form_that_nobody_vouches_for_is_not_believed(own: Contents) -> None:
    assert not is_late(replace(own, sealed=False))


def test_a_model_without_a_compiled_form_is_served_by_its_pipeline(own: Contents) -> None:
    release = own.release.model_copy(update={"compiled": False, "not_compiled": "for a test"})
    version = load_served_version(replace(own, release=release))
    assert not version.scorer.compiled
    assert not isinstance(version.scorer.model, LatePipeline)


def test_a_changed_form_is_refused(own: Contents) -> None:
    file = own.model_directory.parent / COMPILED_FORM
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    with pytest.raises(ArtifactError, match="compiled form"):
        load_served_version(own)


def test_a_form_of_another_model_is_refused_by_its_golden_rows(own: Contents) -> None:
    file = own.model_directory.parent / COMPILED_FORM
    plain = read_form(file.read_bytes())
    assert plain is not None
    [head] = plain.heads
    other = replace(head, link=type(head.link)(head.link.slope * 1.01, head.link.offset))
    file.write_bytes(stored_form(PlainModel((other,))))
    with pytest.raises(ServingError, match="golden rows"):
        load_served_version(own)


@pytest.mark.usefixtures("few")
def test_a_large_batch_is_answered_at_once_and_by_its_columns_once_the_pipeline_is_there(
    own: Contents, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = load_served_version(own)
    rows = [row.features for row in own.golden_rows.rows]
    scored_by_column: list[int] = []
    by_column = version.scorer.numbers_of_columns

    def counted(pipeline: Any, columns: Any, count: int) -> list[tuple[float, ...]]:
        scored_by_column.append(count)
        return by_column(pipeline, columns, count)

    monkeypatch.setattr(version.scorer, "numbers_of_columns", counted)
    version.scorer.numbers_of(rows[:FEW])
    first = version.scorer.numbers_of(rows)
    assert isinstance(version.scorer.model, LatePipeline)
    until(version.scorer.model.get)
    assert not scored_by_column
    assert version.scorer.numbers_of(rows) == [pytest.approx(one, abs=1e-12) for one in first]
    assert scored_by_column == [len(rows)]


@pytest.mark.fault(
    "the pipeline of a version that serves is changed, gone, or answers otherwise, when a large "
    "batch first needs it",
    "the compiled form answers; it is told, counted, and tried again a minute later",
)
@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("fault", ["changed", "gone", "another"])
def test_a_pipeline_that_cannot_be_loaded_is_told_and_counted_and_changes_no_answer(
    own: Contents,
    fault: str,
    service_around: Callable[[Worker], Any],
    caplog: pytest.LogCaptureFixture,
    observe: Callable[[str], None],
) -> None:
    file = own.model_directory / MODEL_FILE
    service = service_around(Worker(own, RuntimeSettings()))
    rows = [row.features for row in own.golden_rows.rows][: FEW * 2]
    if fault == "changed":
        file.write_bytes(file.read_bytes()[:-1] + b"!")
    elif fault == "gone":
        file.unlink()
    else:
        # A fault of the packages: the very file answers otherwise than it did.
        golden = own.golden_rows.rows
        wrong = golden[0].model_copy(update={"numbers": (0.5,)})
        object.__setattr__(own.golden_rows, "rows", (wrong, *golden[1:]))
    with caplog.at_level(logging.ERROR, "mlops_platform.serving"):
        answer = service.ask("POST", "/v1/predict_batch", {"rows": rows})
        until(lambda: service.metric("mlops_load_failures_total") == 1)
        again = service.ask("POST", "/v1/predict_batch", {"rows": rows})
    assert (answer.status, again.status) == (200, 200)
    told = [prediction["probability"] for prediction in answer.json["predictions"]]
    expected = [numbers[0] for numbers in own.golden_rows.numbers[: FEW * 2]]
    start = 1 if fault == "another" else 0
    assert told[start:] == pytest.approx(expected[start:], abs=1e-12)
    assert again.json["predictions"] == answer.json["predictions"]
    assert service.ask("GET", "/readyz").status == 200
    [line] = [record.getMessage() for record in caplog.records]
    assert "version 1: its pipeline cannot be loaded" in line
    reason = {"changed": "has SHA-256", "gone": "missing", "another": "golden rows"}[fault]
    assert reason in line
    observe(
        "two batches answered with the same numbers; one line `... its pipeline cannot be "
        "loaded ...`, `mlops_load_failures_total` 1; ready all the time"
    )


LIGHT = """
import json, sys, threading, time
from pathlib import Path
from starlette.testclient import TestClient
from mlops_platform.serving.scoring.compiled.linear import LinearScore
from mlops_platform.serving.service import create_service

if sys.argv[3] == "needs it":
    LinearScore.columns_need_pipeline, LinearScore.best_rows = True, 500
heavy = {"pandas", "sklearn", "scipy", "skops", "treelite", "joblib"}
steps = {}

def note(step):
    steps[step] = sorted(heavy & {name.partition(".")[0] for name in sys.modules})

root = Path(sys.argv[1])
service = create_service(root)
application = service.to_asgi(is_main=True)
note("imported")
row, many = json.loads(Path(sys.argv[2]).read_text())
with TestClient(application, base_url="http://127.0.0.1:3000") as client:
    def ask(route, body):
        answer = client.post(route, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    assert client.get("/readyz").status_code == 200
    note("started")
    for _ in range(3):
        ask("/v1/predict", row)
        ask("/v1/predict", {**row, "carrier": "never seen"})
    ask("/v1/explain", row)
    ask("/v1/predict_batch", {"rows": [row] * 100})
    for page in ("/v1/model", "/docs.json", "/metrics", "/"):
        assert client.get(page).status_code == 200
    note("asked for rows")
    first = ask("/v1/predict_batch", {"rows": many})
    end = time.monotonic() + 120
    while any(thread.name == "pipeline" for thread in threading.enumerate()):
        assert time.monotonic() < end
        time.sleep(0.05)
    note("asked for a large batch")
    second = ask("/v1/predict_batch", {"rows": many})
numbers = [[score["probability"] for score in said["predictions"]] for said in (first, second)]
steps["largest difference"] = max(abs(one - other) for one, other in zip(*numbers))
print(json.dumps(steps))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("large_batch", "loaded"),
    [
        pytest.param("needs it", {"pandas", "scipy", "sklearn", "skops"}, id="as of trees"),
        pytest.param("does not", set(), id="linear"),
    ],
)
def test_a_worker_has_neither_pandas_nor_scikit_learn_until_a_large_batch_needs_them(
    own: Contents, row: dict[str, Any], tmp_path: Path, large_batch: str, loaded: set[str]
) -> None:
    release = own.model_directory.parent / RELEASE
    stored = json.loads(release.read_text())
    stored["serving"] |= {"max_batch_rows": 4000, "max_body_kilobytes": 4096}
    release.write_text(json.dumps(stored))
    asked = tmp_path / "rows.json"
    asked.write_text(json.dumps([row, [row | {"copy": at / 100} for at in range(3001)]]))
    finished = subprocess.run(
        [sys.executable, "-c", LIGHT, str(own.model_directory.parent), str(asked), large_batch],
        env=os.environ | {"MLOPS_SERVING_TRUST_PACKED": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    steps = json.loads(finished.stdout.splitlines()[-1])
    assert steps["imported"] == steps["started"] == steps["asked for rows"] == []
    assert loaded <= set(steps["asked for a large batch"])
    assert loaded or not steps["asked for a large batch"]
    assert steps["largest difference"] <= 1e-12
