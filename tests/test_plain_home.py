"""Homes that some tools cannot take have a second name, and only those."""

import os
from pathlib import Path

import pytest

from mlops_platform.errors import SettingsError
from mlops_platform.plain_home import plain_home
from mlops_platform.settings import Settings, read_settings

UNUSABLE = ("who?", "a#b", "a%41b", "[ab]", "a*")


def settings_of(home: Path) -> Settings:
    return read_settings({"MLOPS_HOME": str(home)})


@pytest.mark.parametrize("name", ["plain", "a b", "100%", "a%zz", "a]", "a'b", 'a"b', "k=v", "é"])
def test_a_home_that_every_tool_takes_has_no_second_name(
    name: str, tmp_path: Path, cache_folder: Path
) -> None:
    assert settings_of(tmp_path / name).dagster_home == tmp_path / name / "dagster"
    assert settings_of(tmp_path / name).warehouse.is_relative_to(tmp_path / name)
    assert not cache_folder.exists()
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("name", UNUSABLE)
def test_dagster_and_the_warehouse_are_reached_by_the_second_name(
    name: str, tmp_path: Path, cache_folder: Path
) -> None:
    settings = settings_of(tmp_path / name)

    for path in (settings.dagster_home, settings.warehouse):
        assert path.is_relative_to(cache_folder / "mlops_platform" / "homes")
        path.parent.mkdir(parents=True, exist_ok=True)
        assert path.resolve().is_relative_to(tmp_path / name)
    assert settings.lake == tmp_path / name / "lake"


def test_each_home_has_a_second_name_of_its_own_which_is_made_again(
    tmp_path: Path, cache_folder: Path
) -> None:
    first, second = plain_home(tmp_path / "who?"), plain_home(tmp_path / "what?")
    assert first != second
    first.unlink()
    assert plain_home(tmp_path / "who?") == first
    assert first.readlink() == tmp_path / "who?"


def test_without_a_cache_folder_the_one_of_the_user_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    assert plain_home(tmp_path / "who?").is_relative_to(tmp_path / "user" / ".cache")


def test_a_second_name_that_leads_elsewhere_is_refused(tmp_path: Path, cache_folder: Path) -> None:
    alias = plain_home(tmp_path / "who?")
    alias.unlink()
    alias.symlink_to(tmp_path)
    with pytest.raises(SettingsError, match="no symlink of yours to it"):
        plain_home(tmp_path / "who?")
    alias.unlink()
    alias.mkdir()
    with pytest.raises(SettingsError, match="no symlink of yours to it"):
        plain_home(tmp_path / "who?")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a symlink to somebody else")
def test_somebody_elses_second_name_is_refused(tmp_path: Path, cache_folder: Path) -> None:
    os.lchown(plain_home(tmp_path / "who?"), 65534, 65534)
    with pytest.raises(SettingsError, match="no symlink of yours to it"):
        plain_home(tmp_path / "who?")


def test_a_cache_folder_with_an_unusable_name_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache?"))
    with pytest.raises(SettingsError, match=r"XDG_CACHE_HOME=.*cache\? has one of \?"):
        plain_home(tmp_path / "who?")
    assert not (tmp_path / "who?").exists()
