"""Old homes: their MLflow tables hold paths that begin at the root of the machine.

MLflow has no call that changes where artifacts are, so its tables are written here, in one
transaction. The columns are those of MLflow 3.17's own schema; a test moves a home with them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from mlops_platform.registry.locations import location_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

LOCATIONS: Final = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)
DATASET_SOURCE: Final = ("datasets", "dataset_source")
DEFAULT_EXPERIMENT: Final = "Default"
"""MLflow makes it by itself, in whatever folder it was first called."""

Relocate = Callable[[str], str]


@contextmanager
def mlflow_tables(tracking_uri: str) -> Iterator[Connection]:
    """A transaction on MLflow's own database."""
    from sqlalchemy import create_engine

    engine = create_engine(tracking_uri)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def former_homes(connection: Connection, artifact_root: Path, home: Path) -> list[Path]:
    """Where the home was when experiments were made whose artifacts it holds.

    Args:
        artifact_root: where the home keeps artifacts now.
    """
    from sqlalchemy import text

    inside = artifact_root.relative_to(home).parts
    homes: dict[Path, None] = {}
    for name, location in connection.execute(
        text("SELECT name, artifact_location FROM experiments")
    ):
        path = _path_of(str(location))
        held = path is not None and (artifact_root / str(name)).is_dir()
        if path is not None and held and path.parts[-len(inside) - 1 :] == (*inside, name):
            homes[path.parents[len(inside)]] = None
    return list(homes)


def relocate(
    connection: Connection, artifact_root: Path, home: Path, former: Collection[Path]
) -> int:
    """Make locations that are in the home, or were in a former one, relative to it.

    Returns:
        How many different locations were changed.
    """

    def relative(location: str) -> str:
        path = _path_of(location)
        for root in (home, *former):
            if path is not None and path.is_relative_to(root):
                return location_of(home / path.relative_to(root), home)
        return location

    changed = sum(_rewrite(connection, *column, relative) for column in LOCATIONS)
    changed += _rewrite(connection, *DATASET_SOURCE, _in_json(relative))
    return changed + _move_default_experiment(connection, artifact_root, home)


def _rewrite(connection: Connection, table: str, column: str, relative: Relocate) -> int:
    from sqlalchemy import bindparam, select, update
    from sqlalchemy import column as named
    from sqlalchemy import table as of

    target = of(table, named(column))
    stored = target.c[column]
    query = select(stored).where(stored.is_not(None)).distinct()
    values: Sequence[str] = connection.scalars(query).all()
    changes = [
        {"before": value, "after": relative(value)} for value in values if relative(value) != value
    ]
    if changes:
        statement = update(target).where(stored == bindparam("before"))
        connection.execute(statement.values({column: bindparam("after")}), changes)
    return len(changes)


def _move_default_experiment(connection: Connection, artifact_root: Path, home: Path) -> int:
    """Give the experiment that MLflow made by itself a place in the home, where it has no files."""
    from sqlalchemy import text

    location = connection.scalar(
        text("SELECT artifact_location FROM experiments WHERE name = :name"),
        {"name": DEFAULT_EXPERIMENT},
    )
    path = _path_of(location or "")
    if path is None or path.exists():
        return 0
    connection.execute(
        text("UPDATE experiments SET artifact_location = :location WHERE name = :name"),
        {"location": location_of(artifact_root / "0", home), "name": DEFAULT_EXPERIMENT},
    )
    return 1


def _in_json(relative: Relocate) -> Relocate:
    """The same for a location that is the only value of a JSON object."""

    def rewritten(source: str) -> str:
        try:
            content = json.loads(source)
        except ValueError:
            return source
        if not isinstance(content, dict) or "uri" not in content:
            return source
        return json.dumps({**content, "uri": relative(str(content["uri"]))})

    return rewritten


def _path_of(location: str) -> Path | None:
    """The path that a location names on this machine; None where it names none."""
    parts = urlsplit(location)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    return Path(location) if location.startswith("/") else None
