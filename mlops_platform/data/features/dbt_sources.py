"""The sources of a dbt project: what it does, wherever it is checked out."""

import hashlib
from collections.abc import Collection, Mapping
from pathlib import Path

from mlops_platform.files import sha256_of_file

_BY_DOMAIN, _SHARED = ("models", "seeds", "tests"), "generic"
MADE_BY_DBT = frozenset({"target", "logs", "dbt_packages", ".user.yml"})


def project_digest(folder: Path) -> str:
    """SHA-256 over the sources of a dbt project."""
    digest = hashlib.sha256()
    for path in project_files(folder):
        relative = path.relative_to(folder)
        digest.update(f"{relative.as_posix()}\0{sha256_of_file(path)}\0".encode())
    return digest.hexdigest()


def domain_digest(folder: Path, domains: Collection[str]) -> str:
    """The same without what only concerns other domains.

    Args:
        domains: folders below `models`, `seeds` and `tests` that count; what lies in none does.
    """
    digest = hashlib.sha256()
    for path in project_files(folder):
        relative = path.relative_to(folder)
        place, *inside = relative.parts
        is_of_domain = place in _BY_DOMAIN and len(inside) > 1 and inside[0] != _SHARED
        if not is_of_domain or inside[0] in domains:
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
