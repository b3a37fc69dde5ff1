"""A prediction log, and where it lands."""

from pathlib import Path

import pytest


@pytest.fixture
def log(tmp_path: Path) -> Path:
    folder = tmp_path / "log"
    folder.mkdir()
    return folder


@pytest.fixture
def landed(lake: Path) -> Path:
    return lake / "served" / "readmission"
