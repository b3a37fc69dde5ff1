"""The pinned packages that serving needs, read from what is installed here."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from mlops_platform.errors import ServingError

ROOTS = (
    *("bentoml", "cryptography", "msgspec", "numpy", "orjson", "packaging", "pandas"),
    *("prometheus-client", "pydantic", "scikit-learn", "skops", "starlette", "treelite"),
    *("typing-extensions", "uvicorn[standard]"),
)
"""What the packed code imports; everything else follows from their own requirements."""


def serving_requirements(further: Iterable[str] = ()) -> str:
    """List every package that serving needs, pinned to what is installed.

    Args:
        further: distributions that the model needs besides.

    Raises:
        ServingError: a required package is not installed.
    """
    versions: dict[str, str] = {}
    pending = [Requirement(name) for name in (*ROOTS, *further)]
    seen: set[tuple[str, frozenset[str]]] = set()
    while pending:
        requirement = pending.pop()
        key = (canonicalize_name(requirement.name), frozenset(requirement.extras))
        if key in seen:
            continue
        seen.add(key)
        installed = _installed(requirement.name)
        versions[key[0]] = installed.version
        pending += _requirements_of(installed, requirement.extras)
    return "".join(f"{name}=={version}\n" for name, version in sorted(versions.items()))


def environment_hash(requirements: str) -> str:
    """Hash what a served model is pinned to: the Python series and the packages."""
    series = f"python=={sys.version_info.major}.{sys.version_info.minor}\n"
    return hashlib.sha256((series + requirements).encode()).hexdigest()


def _installed(name: str) -> Distribution:
    try:
        return distribution(name)
    except PackageNotFoundError as error:
        raise ServingError(
            f"{name}: needed to serve a model, but not installed here; install requirements.lock."
        ) from error


def _requirements_of(installed: Distribution, extras: set[str]) -> list[Requirement]:
    wanted = ("", *extras)
    requirements = [Requirement(line) for line in installed.requires or ()]
    return [
        requirement
        for requirement in requirements
        if requirement.marker is None
        or any(requirement.marker.evaluate({"extra": extra}) for extra in wanted)
    ]
