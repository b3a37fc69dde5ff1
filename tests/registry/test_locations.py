"""Locations of artifacts are relative to the home, and lead nowhere else."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_platform.errors import RegistryError
from mlops_platform.registry.locations import location_of, path_at, remember_home
from mlops_platform.registry.registry import Registry
from mlops_platform.settings import sqlite_url
from tests.registry.fetched import fetched_directory

NAMES = st.lists(
    st.text(st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1).filter(
        lambda name: name not in (".", "..")
    ),
    min_size=1,
)


@given(NAMES)
def test_a_path_in_the_home_is_found_in_whatever_place_the_home_is(names: list[str]) -> None:
    location = location_of(Path("/old home").joinpath(*names), Path("/old home"))
    assert location.startswith("mlops-home:/")
    assert "old home" not in location or "old home" in names
    remember_home("sqlite:///of-the-new-one", Path("/new?home"))
    assert path_at(location, "sqlite:///of-the-new-one") == Path("/new?home").joinpath(*names)


def test_a_path_elsewhere_and_a_registry_without_a_home_say_where_they_are() -> None:
    assert location_of(Path("/else/where"), Path("/home")) == "file:///else/where"
    assert location_of(Path("/else/where"), None) == "file:///else/where"


@pytest.mark.parametrize("location", ["mlops-home:/../etc", "mlops-home:/a/%2e%2e/b", "s3://a/b"])
def test_nothing_outside_the_home_is_reached(location: str) -> None:
    with pytest.raises(RegistryError, match="is no place in a home"):
        path_at(location, None)


def test_registries_of_two_homes_in_one_process_keep_to_their_own(tmp_path: Path) -> None:
    homes = [tmp_path / name for name in ("one", "another?")]
    registries = []
    for home in homes:
        home.mkdir()
        root = home / "registry" / "artifacts"
        registry = Registry(sqlite_url(home / "registry" / "mlflow.db"), root, home)
        registry.initialise()
        registries.append(registry)
    for home, registry in zip(homes, registries, strict=True):
        with registry.training_run("flights", "run", {}) as run:
            run.log_text("notes/home.txt", home.name)
            written = fetched_directory(registry, run.run_id, "notes") / "home.txt"
        assert written.read_text() == home.name
        (file,) = home.rglob("home.txt")
        assert file.read_text() == home.name
