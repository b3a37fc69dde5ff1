"""Old homes: their MLflow tables hold paths that begin at the root of the machine.

MLflow has no call that changes where artifacts are, so its tables are written here, in one
transaction. The columns are those of MLflow 3.17's own schema; a test moves a home with them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple
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
DATASET_SOURCES: Final = ("datasets", "dataset_source")
DEFAULT_EXPERIMENT: Final = "Default"
"""MLflow makes it by itself, in whatever folder it was first called."""


class Relocation(NamedTuple):
    """A value of a column of MLflow's tables, and the one that takes its place."""

    table: str
    column: str
    before: str
    after: str

    @property
    def undone(self) -> Relocation:
        """The way back."""
        return self._replace(before=self.after, after=self.before)


def deepest_first(folders: Collection[Path]) -> list[Path]:
    """Folders, each before those that it lies in: a home may have moved up from one of them."""
    return sorted(folders, key=lambda folder: -len(folder.parts))


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
    inside = artifact_root.relative_to(home).parts
    homes: dict[Path, None] = {}
    for name, location in _experiments(connection):
        path = _path_of(location)
        held = path is not None and (artifact_root / name).is_dir()
        if path is not None and held and path.parts[-len(inside) - 1 :] == (*inside, name):
            homes[path.parents[len(inside)]] = None
    return list(homes)


def planned_relocations(
    connection: Connection, artifact_root: Path, home: Path, former: Collection[Path]
) -> list[Relocation]:
    """What makes locations relative to the home that are in it, or were in a former one."""

    def relative(location: str) -> str:
        path = _path_of(location)
        for root in deepest_first((home, *former)):
            if path is not None and path.is_relative_to(root):
                return location_of(home / path.relative_to(root), home)
        return location

    plan = [change for column in LOCATIONS for change in _changes(connection, *column, relative)]
    plan += _changes(connection, *DATASET_SOURCES, _in_json(relative))
    for name, location in _experiments(connection):
        path = _path_of(relative(location))
        if name == DEFAULT_EXPERIMENT and path is not None and not path.exists():
            after = location_of(artifact_root / "0", home)
            plan.append(Relocation(*LOCATIONS[0], location, after))
    return plan


def apply_relocations(connection: Connection, plan: Collection[Relocation]) -> None:
    """Write what was planned; values that have changed meanwhile stay what they are."""
    from sqlalchemy import column, table, update

    for change in plan:
        target = table(change.table, column(change.column))
        stored = target.c[change.column] == change.before
        connection.execute(update(target).where(stored).values({change.column: change.after}))


def _changes(
    connection: Connection, table: str, column: str, relative: Callable[[str], str]
) -> list[Relocation]:
    from sqlalchemy import column as column_clause
    from sqlalchemy import select
    from sqlalchemy import table as table_clause

    stored = table_clause(table, column_clause(column)).c[column]
    rows = connection.execute(select(stored).where(stored.is_not(None)).distinct())
    changes = [Relocation(table, column, str(row[0]), relative(str(row[0]))) for row in rows]
    return [change for change in changes if change.before != change.after]


def _experiments(connection: Connection) -> list[tuple[str, str]]:
    from sqlalchemy import text

    rows = connection.execute(text("SELECT name, artifact_location FROM experiments"))
    return [(str(name), str(location)) for name, location in rows]


def _in_json(relative: Callable[[str], str]) -> Callable[[str], str]:
    """The same for a location that is a value of a JSON object."""

    def rewritten(source: str) -> str:
        try:
            content = json.loads(source)
        except ValueError:
            return source
        if not isinstance(content, dict) or "uri" not in content:
            return source
        uri = str(content["uri"])
        return source if relative(uri) == uri else json.dumps({**content, "uri": relative(uri)})

    return rewritten


def _path_of(location: str) -> Path | None:
    """The path that a location names on this machine; None where it names none."""
    parts = urlsplit(location)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    return Path(location) if location.startswith("/") else None
