"""The sources of a dbt project: what it does, wherever it is checked out."""

import hashlib
from collections.abc import Collection, Mapping
from pathlib import Path

from mlops_platform.files import sha256_of_file

_BY_DOMAIN, _SHARED = ("models", "seeds", "tests"), "generic"
MADE_BY_DBT = frozenset({"target", "logs", "dbt_packages", ".user.yml"})


def project_digest(folder: Path) -> str:
    """SHA-256 over the sources of a dbt project."""
    return digest_of(source_digests(folder))


def digest_of(sources: Mapping[str, str], domains: Collection[str] | None = None) -> str:
    """SHA-256 over the sources of a dbt project, or over those that concern some domains.

    Args:
        sources: as `source_digests` gives them.
        domains: folders below `models`, `seeds` and `tests` that count, beside what lies in none;
            all of them where None.
    """
    digest = hashlib.sha256()
    for name, sha256 in sources.items():
        if domains is None or _concerns(name, domains):
            digest.update(f"{name}\0{sha256}\0".encode())
    return digest.hexdigest()


def _concerns(name: str, domains: Collection[str]) -> bool:
    place, *inside = name.split("/")
    is_of_domain = place in _BY_DOMAIN and len(inside) > 1 and inside[0] != _SHARED
    return not is_of_domain or inside[0] in domains


def project_files(folder: Path) -> list[Path]:
    """Every file of a dbt project that a person wrote, in order."""
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not MADE_BY_DBT & set(path.relative_to(folder).parts)
    ]


def differing_sources(then: Path, now: Path) -> tuple[str, ...]:
    """Names of the files in which two projects differ, those that only one of them has included."""
    before, after = source_digests(then), source_digests(now)
    return tuple(name for name in sorted({*before, *after}) if before.get(name) != after.get(name))


def source_digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every source by its path within the project, in order."""
    return {
        path.relative_to(folder).as_posix(): sha256_of_file(path) for path in project_files(folder)
    }
