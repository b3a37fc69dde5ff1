import json
from pathlib import Path

import pytest

from mlops_platform.serving.watching import objectives
from mlops_platform.serving.watching.objectives import LATENCY_EDGES, Objectives


def _lines(folder: Path) -> list[dict]:
    return [json.loads(line) for file in folder.glob("objectives-*") for line in file.open()]


def test_counts_are_kept_apart_by_version_and_role(tmp_path: Path) -> None:
    counting = Objectives(tmp_path, "w1", "flights")
    counting.observe("1", "champion", 200, 0.010)
    counting.observe("1", "champion", 500, 0.0101)
    counting.observe("2", "challenger", 200, 60.0)
    counting.close()
    champion, challenger = _lines(tmp_path)
    at = LATENCY_EDGES.index(10.0)
    assert (champion["version"], champion["role"], champion["errors"]) == ("1", "champion", 1)
    assert champion["latencies"][at : at + 2] == [1, 1]
    assert sum(champion["latencies"]) == 2
    assert (challenger["role"], challenger["latencies"][-1]) == ("challenger", 1)


@pytest.mark.parametrize(
    ("status", "counted", "errors"),
    [(200, 1, 0), (500, 1, 1), (504, 1, 1), (503, 0, 0), (422, 0, 0), (499, 0, 0)],
)
def test_only_what_a_version_did_counts(
    tmp_path: Path, status: int, counted: int, errors: int
) -> None:
    counting = Objectives(tmp_path, "w1", "flights")
    counting.observe("1", "champion", status, 0.01)
    counting.close()
    found = _lines(tmp_path)
    assert sum(sum(line["latencies"]) for line in found) == counted
    assert sum(line["errors"] for line in found) == errors


def test_it_tells_once_a_minute_and_counts_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting = Objectives(tmp_path, "w1", "flights")
    counting.observe("1", "champion", 200, 0.01)
    assert _lines(tmp_path) == []
    now = objectives.time.monotonic()
    monkeypatch.setattr(objectives.time, "monotonic", lambda: now + 61)
    counting.observe("1", "champion", 200, 0.01)
    counting.observe("1", "champion", 200, 0.01)
    assert [sum(line["latencies"]) for line in _lines(tmp_path)] == [2]
    counting.close()
    assert [sum(line["latencies"]) for line in _lines(tmp_path)] == [2, 1]


def test_without_a_folder_nothing_is_counted(tmp_path: Path) -> None:
    counting = Objectives(None, "w1", "flights")
    counting.observe("1", "champion", 200, 0.01)
    counting.close()
    assert list(tmp_path.iterdir()) == []
