"""The lock meets the bounds that pyproject.toml declares, and names no registry."""

import re
import tomllib
from collections.abc import Iterator

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from mlops_platform.settings import PROJECT_ROOT

PROJECT = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text())["project"]
LOCK = (PROJECT_ROOT / "requirements.lock").read_text()


def _direct_requirements() -> Iterator[Requirement]:
    for text in PROJECT["dependencies"]:
        yield Requirement(text)
    for extra in PROJECT["optional-dependencies"].values():
        yield from (Requirement(text) for text in extra)


def _locked_versions() -> dict[str, set[Version]]:
    locked: dict[str, set[Version]] = {}
    for name, version in re.findall(r"^([A-Za-z0-9_.-]+)==([^ ;\\]+)", LOCK, re.MULTILINE):
        locked.setdefault(canonicalize_name(name), set()).add(Version(version))
    return locked


@pytest.mark.parametrize("requirement", _direct_requirements(), ids=str)
def test_a_direct_dependency_has_a_lower_and_an_upper_bound(requirement: Requirement) -> None:
    operators = {specifier.operator for specifier in requirement.specifier}
    assert operators & {">=", ">", "==", "~="}
    assert operators & {"<", "<=", "==", "~="}


@pytest.mark.parametrize("requirement", _direct_requirements(), ids=str)
def test_every_locked_version_is_inside_the_bounds(requirement: Requirement) -> None:
    versions = _locked_versions()[canonicalize_name(requirement.name)]
    assert all(requirement.specifier.contains(version) for version in versions)


def test_the_lock_holds_a_hash_for_every_package_and_no_address() -> None:
    entries = re.split(r"^(?=[A-Za-z0-9])", LOCK, flags=re.MULTILINE)[1:]
    assert len(entries) > 200
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
    assert "://" not in LOCK


def test_the_packages_of_dagster_come_from_one_release() -> None:
    locked = _locked_versions()
    core = {str(*locked[name]) for name in ("dagster", "dagster-webserver", "dagster-dg-cli")}
    libraries = {
        str(*locked[name])
        for name in ("dagster-dbt", "dagster-postgres", "dagster-k8s", "dagster-docker")
    }
    assert len(core) == len(libraries) == 1
    assert core.pop().split(".")[-1] == libraries.pop().split(".")[-1]
