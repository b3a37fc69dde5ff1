"""What a dbt project declares of the tables of a model: its sources, keys, reach and macros."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple

from mlops_platform.data.features.column_lineage import Columns, column_lineage
from mlops_platform.data.features.dbt import Publication, publications
from mlops_platform.data.features.project.nodes import ancestors
from mlops_platform.data.scratch.built_rows import BuiltTable
from mlops_platform.errors import DataError
from mlops_platform.spec import ModelSpec

LANDING: Final = "landing"


class Origin(NamedTuple):
    """A landed column that a column is made from.

    Args:
        point_in_time: on the way is a model with a macro that declares to read what was known.
    """

    table: str
    column: str
    point_in_time: bool


@dataclass(frozen=True)
class DeclaredTables:
    """The two tables of a model in a parsed project.

    Args:
        folder: of the project.
        compiled: where a build leaves the compiled SQL.
    """

    spec: ModelSpec
    folder: Path
    compiled: Path

    @cached_property
    def features(self) -> BuiltTable:
        """The feature table."""
        return self._built(self.spec.features.table, self.spec.features.event_time)

    @cached_property
    def label(self) -> BuiltTable:
        """The label table."""
        return self._built(self.spec.label.table, None)

    @cached_property
    def sources(self) -> dict[str, bool]:
        """Landed tables that both are made from, and whether each is lasting."""
        sources = self._manifest["sources"]
        return {
            node["name"]: bool(_meta(node).get("lasting"))
            for unique_id in sorted(self._ancestors & sources.keys())
            if (node := sources[unique_id])["source_name"] == LANDING
        }

    def reach_days(self, table: BuiltTable) -> int | None:
        """So many later days a fact influences, as declared; None where nothing is."""
        return _meta(self._node(table.name)).get("reach_days")

    def origins(self) -> dict[str, frozenset[Origin]]:
        """What each feature is made from; nothing where its SQL or its columns cannot be read."""
        from sqlglot.errors import SqlglotError

        nodes = {name: node for name, node in self._nodes.items() if name in self._ancestors}
        manifest = {"nodes": nodes, "sources": self._manifest["sources"]}
        try:
            lineage = column_lineage(manifest, self.compiled)
        except (SqlglotError, KeyError):
            # A column that is declared and not selected, or SQL that only DuckDB understands.
            return {}
        features = self._node(self.features.name)["unique_id"]
        return {
            column: frozenset(self._walk(lineage, features, column, point_in_time=False))
            for column in lineage.get(features, {})
        }

    def columns_of_events(
        self, origins: Mapping[str, Collection[Origin]]
    ) -> dict[str, frozenset[str]]:
        """Landed columns, by table, that say which event a row is of, and when."""
        features = self.spec.features
        feeding = {
            origin
            for column in (features.entity, features.moment_column, features.partition)
            for origin in origins.get(column, ())
        }
        return {
            table: frozenset(origin.column for origin in feeding if origin.table == table)
            for table in {origin.table for origin in feeding}
        }

    @cached_property
    def _manifest(self) -> Any:
        return json.loads((self.folder / "target" / "manifest.json").read_bytes())

    @cached_property
    def _nodes(self) -> Mapping[str, Any]:
        return {
            unique_id: node
            for unique_id, node in self._manifest["nodes"].items()
            if node["resource_type"] in ("model", "seed", "snapshot")
        }

    @cached_property
    def _published(self) -> dict[str, Publication]:
        return publications(self.folder / "target" / "manifest.json")

    @cached_property
    def _ancestors(self) -> set[str]:
        """The nodes of both tables and all that they are made from."""
        tables = (self.features, self.label)
        return ancestors(self._manifest, [self._node(table.name)["unique_id"] for table in tables])

    @cached_property
    def _point_in_time_macros(self) -> frozenset[str]:
        macros = self._manifest["macros"].items()
        return frozenset(name for name, macro in macros if _meta(macro).get("point_in_time"))

    def _node(self, alias: str) -> Any:
        return next(node for node in self._nodes.values() if node["alias"] == alias)

    def _built(self, name: str, event_time: str | None) -> BuiltTable:
        if name not in self._published:
            raise DataError(
                f"the dbt project publishes no table '{name}', but {sorted(self._published)}. "
                "Correct `features.table` or `label.table`, or declare `publish: true` there."
            )
        how = self._published[name]
        node = next(node for node in self._nodes.values() if node["name"] == name)
        return BuiltTable(
            schema=how.schema,
            name=how.alias,
            key=(how.partition_by, *how.order_by),
            entity=self.spec.features.entity,
            event_time=event_time,
            built_by=_meta(node).get("built_by", how.partition_by),
        )

    def _walk(
        self, lineage: Mapping[str, Columns], model: str, column: str, *, point_in_time: bool
    ) -> Iterator[Origin]:
        macros = self._nodes[model]["depends_on"]["macros"]
        point_in_time |= not self._point_in_time_macros.isdisjoint(macros)
        for parent, name in lineage.get(model, {}).get(column, ()):
            if parent in self._manifest["sources"]:
                yield Origin(self._manifest["sources"][parent]["name"], name, point_in_time)
            elif parent in lineage:
                yield from self._walk(lineage, parent, name, point_in_time=point_in_time)


def _meta(node: Mapping[str, Any]) -> Mapping[str, Any]:
    meta = node.get("config", {}).get("meta") or node.get("meta") or {}
    declared: Mapping[str, Any] = meta.get("mlops", {})
    return declared
