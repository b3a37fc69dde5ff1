"""Every engine of DuckDB has a limit, and a folder of the home for what is beyond it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from mlops_platform.data.engine import (
    ABANDONED_SECONDS,
    MEMORY,
    WAREHOUSE,
    engine_config,
    spill_folder,
)
from mlops_platform.settings import Settings, settings
from tests.conftest import ODD_NAMES


@pytest.fixture(autouse=True)
def _own_settings() -> Iterator[None]:
    yield
    settings.cache_clear()


@pytest.mark.parametrize("name", ["quote", "question mark", "everything"])
def test_what_is_beyond_the_limit_goes_to_the_home_and_is_gone_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    home = tmp_path / ODD_NAMES[name]
    home.mkdir()
    monkeypatch.setenv("MLOPS_HOME", str(home))
    monkeypatch.setenv("MLOPS_MEMORY_LIMIT", "20MB")
    settings.cache_clear()
    config = engine_config(MEMORY)
    with duckdb.connect(config={**config, "threads": "1"}) as connection:
        asked = "SELECT current_setting('memory_limit'), current_setting('temp_directory')"
        assert connection.execute(asked).fetchone() == ("19.0 MiB", config["temp_directory"])
        connection.execute(
            "CREATE TEMP TABLE held AS SELECT range, md5(range::VARCHAR) FROM range(600000)"
        )
        (folder,) = (home / "cache" / "spill").iterdir()
        assert str(folder) == config["temp_directory"]
        assert list(folder.iterdir())
    assert not list((home / "cache" / "spill").iterdir())


def test_without_a_home_no_folder_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLOPS_HOME", str(tmp_path / "later"))
    settings.cache_clear()
    assert engine_config(MEMORY) == {"memory_limit": "1.5GB"}
    assert not (tmp_path / "later").exists()


def test_two_engines_of_a_process_do_not_share_a_folder(home: Settings) -> None:
    home.home.mkdir(parents=True, exist_ok=True)
    folders = {engine_config(engine)["temp_directory"] for engine in (MEMORY, WAREHOUSE)}
    assert len(folders) == 2
    assert all(Path(folder).parent == home.spill for folder in folders)


def test_what_a_killed_engine_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    host = socket.gethostname()
    names = {
        "of a process that is gone": f"{host}-{process.pid}.memory",
        "of one that lives": f"{host}-{os.getppid()}.memory",
        "of another machine": "other-1.memory",
        "of another machine, abandoned": "other-2.memory",
    }
    folders = {whose: tmp_path / name for whose, name in names.items()}
    for whose, folder in folders.items():
        folder.mkdir()
        (folder / "file.tmp").touch()
        if "abandoned" in whose:
            long_ago = time.time() - ABANDONED_SECONDS - 60
            for path in (folder / "file.tmp", folder):
                os.utime(path, (long_ago, long_ago))
    own = spill_folder(tmp_path, "memory")
    assert not own.exists()
    kept = {whose for whose, folder in folders.items() if folder.exists()}
    assert kept == {"of one that lives", "of another machine"}
