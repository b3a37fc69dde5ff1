"""Fixtures of the whole suite: every test that needs state gets an MLOPS_HOME of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

from mlops_platform.cli.console import console
from mlops_platform.cli.setup import render_dagster_yaml
from mlops_platform.settings import Settings, settings

# How fast an example is depends on what else the machine does.
hypothesis_settings.register_profile("unhurried", parent=hypothesis_settings(), deadline=None)
hypothesis_settings.load_profile("unhurried")


@pytest.fixture(autouse=True, scope="session")
def _wide_terminal() -> None:
    """The workers of xdist say that theirs has 80 columns, and tables are cut there."""
    console.width = 400


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Settings of a fresh MLOPS_HOME with a Dagster home as set-up renders it."""
    monkeypatch.setenv("MLOPS_HOME", str(tmp_path / "mlops"))
    settings.cache_clear()
    render_dagster_yaml(settings())
    monkeypatch.setenv("DAGSTER_HOME", str(settings().dagster_home))
    yield settings()
    settings.cache_clear()
