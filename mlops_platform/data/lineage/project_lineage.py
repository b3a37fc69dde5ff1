"""ProjectLineage: every column of a dbt project with the columns that it is made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from mlops_platform.data.features.column_lineage import Columns, model_lineage
from mlops_platform.data.lineage.tables import table_name
from mlops_platform.record import Record

_RELATIONS: Final = ("model", "seed", "snapshot")
Column = tuple[str, str]
"""A table, such as `landing/weather`, and a column of it."""


class ProjectLineage(Record):
    """Lineage of all tables, one step up.

    Args:
        project: digest of the sources of the dbt project.
        tables: by name; each column with those of its parents that it is made from, nothing where
            it is landed or made of constants.
        parents: tables that a table is made from.
        unread: tables whose SQL does not say what their columns are made from, with the reason.
    """

    project: str
    tables: dict[str, dict[str, tuple[Column, ...]]]
    parents: dict[str, tuple[str, ...]]
    unread: dict[str, str]

    def made_from(self, column: Column) -> tuple[Column, ...]:
        """The columns of the parents that a column is made from."""
        table, name = column
        return self.tables.get(table, {}).get(name, ())

    def makes(self, column: Column) -> tuple[Column, ...]:
        """The columns that are made from a column, one step down."""
        return self._children.get(column, ())

    def origins(self, column: Column) -> tuple[Column, ...]:
        """What a column is made from in the end: columns that landed, or of a seed; or itself."""
        return tuple(
            sorted(reached for reached in self._reached(column) if not self.parents.get(reached[0]))
        )

    def children(self, table: str) -> tuple[str, ...]:
        """Tables that are made from a table, one step down."""
        return tuple(sorted(name for name, parents in self.parents.items() if table in parents))

    def _reached(self, column: Column) -> set[Column]:
        reached: set[Column] = set()
        waiting = [column]
        while waiting:
            current = waiting.pop()
            if current not in reached:
                reached.add(current)
                waiting += self.made_from(current)
        return reached

    @cached_property
    def _children(self) -> Mapping[Column, tuple[Column, ...]]:
        children: dict[Column, list[Column]] = {}
        for table, columns in self.tables.items():
            for name, parents in columns.items():
                for parent in parents:
                    children.setdefault(parent, []).append((table, name))
        return {parent: tuple(sorted(made)) for parent, made in children.items()}


def lineage_of(manifest: Mapping[str, Any], compiled: Path, project: str) -> ProjectLineage:
    """Read the lineage of every table from compiled SQL; what cannot be read is named.

    Args:
        manifest: dbt's manifest.
        compiled: dbt's folder of compiled SQL.
        project: digest of the sources of both.
    """
    relations = {
        **manifest["sources"],
        **{
            unique_id: node
            for unique_id, node in manifest["nodes"].items()
            if node["resource_type"] in _RELATIONS
        },
    }
    names = {unique_id: table_name(node) for unique_id, node in relations.items()}
    tables: dict[str, dict[str, tuple[Column, ...]]] = {}
    unread: dict[str, str] = {}
    for unique_id, node in relations.items():
        columns, fault = _columns(node, relations, compiled)
        tables[names[unique_id]] = {
            column: tuple((names[parent], name) for parent, name in made_from)
            for column, made_from in columns.items()
        }
        if fault is not None:
            unread[names[unique_id]] = fault
    return ProjectLineage(
        project=project,
        tables=dict(sorted(tables.items())),
        parents={
            names[unique_id]: tuple(_parents(node, names)) for unique_id, node in relations.items()
        },
        unread=unread,
    )


def _parents(node: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[str]:
    for unique_id in node.get("depends_on", {}).get("nodes", []):
        if unique_id in names:
            yield names[unique_id]


def _columns(
    node: Mapping[str, Any], relations: Mapping[str, Any], compiled: Path
) -> tuple[Columns, str | None]:
    """Lineage of one table, and why it could not be read."""
    from sqlglot.errors import SqlglotError

    unknown: Columns = dict.fromkeys(node["columns"], ())
    if node["resource_type"] != "model":
        return unknown, None
    try:
        return model_lineage(node, relations, compiled), None
    except OSError:
        return unknown, "its SQL was not compiled"
    except KeyError as error:
        return unknown, f"its SQL does not select the column {error}, which its .yml declares"
    except SqlglotError as error:
        first_line = str(error).partition("\n")[0]
        return unknown, f"its SQL cannot be read: {first_line}"
