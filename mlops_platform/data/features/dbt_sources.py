"""The sources of a dbt project: what it does, wherever it is checked out."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from mlops_platform.files import sha256_of_file

MADE_BY_DBT = frozenset({"target", "logs", "dbt_packages", ".user.yml"})


def project_digest(folder: Path) -> str:
    """SHA-256 over the sources of a dbt project."""
    digest = hashlib.sha256()
    for path in project_files(folder):
        relative = path.relative_to(folder)
        digest.update(f"{relative.as_posix()}\0{sha256_of_file(path)}\0".encode())
    return digest.hexdigest()


def project_files(folder: Path) -> list[Path]:
    """Every file of a dbt project that a person wrote, in order."""
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not MADE_BY_DBT & set(path.relative_to(folder).parts)
    ]


def differing_sources(then: Path, now: Path) -> tuple[str, ...]:
    """Names of the files in which two projects differ, those that only one of them has included."""
    before, after = _digests(then), _digests(now)
    return tuple(name for name in sorted({*before, *after}) if before.get(name) != after.get(name))


def _digests(folder: Path) -> Mapping[str, str]:
    return {
        path.relative_to(folder).as_posix(): sha256_of_file(path) for path in project_files(folder)
    }
