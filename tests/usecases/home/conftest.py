"""The home that commit 19d8643 wrote, as it was."""

import shutil
import tarfile
from pathlib import Path

import pytest

from mlops_platform.settings import Settings, read_settings

ARCHIVE = Path(__file__).parents[2] / "homes" / "format_0.tar.xz"


@pytest.fixture(scope="session")
def packed_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The old home, unpacked once; copy it to change it."""
    folder = tmp_path_factory.mktemp("packed")
    with tarfile.open(ARCHIVE) as packed:
        packed.extractall(folder, filter="data")
    return folder / "home"


@pytest.fixture
def old_home(packed_home: Path, tmp_path: Path) -> Settings:
    """Settings of a copy of the old home."""
    home = tmp_path / "home"
    shutil.copytree(packed_home, home)
    return read_settings({"MLOPS_HOME": str(home)})
