"""Where artifacts are, as MLflow's tables say it: relative to the home, so that it can be moved."""

from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote

from mlops_platform.errors import RegistryError
from mlops_platform.settings import settings

SCHEME: Final = "mlops-home"
"""`mlops-home:/registry/artifacts/...`; MLflow itself makes every relative location absolute."""
OF_TRAINING: Final = "?workflowType=machine_learning"
"""After a path of MLflow's UI, which else shows what it has for prompts and agents."""
EXPERIMENTS_PAGE: Final = f"/#/experiments{OF_TRAINING}"
"""Path of the list of experiments; the start page is about agents, and asks about telemetry."""

_homes: dict[str, Path] = {}
"""By the tracking URI of their MLflow: a process may open the registries of several."""


def is_server(tracking_uri: str) -> bool:
    """Whether a tracking URI names an MLflow server, which keeps artifacts its own way."""
    return tracking_uri.startswith(("http://", "https://"))


def remember_home(tracking_uri: str, home: Path) -> None:
    """Let artifacts of this tracking URI be looked for in a home."""
    _homes[tracking_uri] = home


def location_of(path: Path, home: Path | None) -> str:
    """URI of a path: in our scheme where it is in the home, else of the machine's file system."""
    if home is None or not path.is_relative_to(home):
        return path.as_uri()
    return f"{SCHEME}:/{quote(path.relative_to(home).as_posix())}"


def path_at(location: str, tracking_uri: str | None) -> Path:
    """Path of a location in our scheme, in the home of a tracking URI or of this process.

    Raises:
        RegistryError: it leads out of the home.
    """
    home = _homes.get(tracking_uri or "") or settings().home
    scheme, _, relative = location.partition(":")
    path = home / unquote(relative).lstrip("/")
    if scheme != SCHEME or ".." in path.parts:
        raise RegistryError(
            f"'{location}' is no place in a home: it begins with {SCHEME}:/ and has no '..'. "
            "Restore MLflow's database from a backup."
        )
    return path
