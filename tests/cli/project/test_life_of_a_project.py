"""A copy of the project: models come, are made again and undone; so does the example."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.definitions_load import copy_project
from mlops_platform.data.features.dbt import begin_as_parsed
from mlops_platform.settings import PROJECT_ROOT
from tests.preloaded.scripts import preloaded_scripts

Mlops = Callable[..., "subprocess.CompletedProcess[str]"]
HIDDEN = ("target", "logs", "__pycache__", ".local_defs_state")


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    root = tmp_path / "copy"
    copy_project(root)
    begin_as_parsed(root / "dbt_project", PROJECT_ROOT / "dbt_project")
    return root


@pytest.fixture
def mlops(copied: Path, tmp_path: Path) -> Mlops:
    environment = {**os.environ, "MLOPS_HOME": str(tmp_path / "home"), "PYTHONPATH": str(copied)}

    def run(*arguments: Any) -> "subprocess.CompletedProcess[str]":
        command = [str(preloaded_scripts() / "mlops"), *map(str, arguments)]
        return subprocess.run(
            command, cwd=copied, env=environment, capture_output=True, text=True, check=False
        )

    return run


def tree(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for place in ("mlops_platform/defs", "dbt_project")
        for path in (root / place).rglob("*")
        if path.is_file() and not set(HIDDEN) & set(path.parts) and path.name != ".user.yml"
    }


@pytest.mark.slow
def test_models_come_and_go_and_leave_no_trace(copied: Path, mlops: Mlops, orders: Path) -> None:
    before = tree(copied)
    data = ("--data", orders, "--drop", "refund", "--known-at", "arrived_at", "--yes")
    first = mlops("init", *data, "--label", "delay > 15", "--without-example")
    assert first.returncode == 0, first.stderr
    assert "mlops train delay_above_15" in first.stdout
    assert "mlops replay delay_above_15" in first.stdout
    assert not (copied / "dbt_project/models/flights").exists()
    assert "mlops init --undo" in mlops("demo").stderr

    checked = mlops("check", "--json")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    document = json.loads(checked.stdout)
    assert set(document) == {"mistakes", "models"}
    assert document["mistakes"] == []

    alone = tree(copied)
    assert "nothing to do" in mlops("init", "--data", orders, "--yes").stdout
    assert tree(copied) == alone

    second = mlops("init", *data, "--label", "delay")
    assert second.returncode == 0, second.stderr
    both = tree(copied)
    assert {path: both[path] for path in alone} == alone
    assert mlops("init", "--undo").returncode == 0
    assert tree(copied) == alone

    edited = copied / "mlops_platform/defs/orders/delay_above_15/defs.yaml"
    written = edited.read_text()
    edited.write_text(f"{written}# mine\n")
    refused = mlops("init", "--undo")
    assert refused.returncode == 1
    assert "delay_above_15/defs.yaml was edited since" in refused.stderr
    edited.write_text(written)
    assert mlops("init", "--undo").returncode == 0
    assert tree(copied) == before
