"""Nodes of a manifest as dbt writes them: what they are made from, and what they declare for us."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

LANDING: Final = "landing"
"""The dbt source whose tables are landed."""


def ancestors(manifest: Mapping[str, Any], unique_ids: Iterable[str]) -> set[str]:
    """Nodes and sources of a manifest that some nodes are made from, themselves included."""
    reached: set[str] = set()
    waiting = list(unique_ids)
    while waiting:
        unique_id = waiting.pop()
        if unique_id not in reached:
            reached.add(unique_id)
            node = manifest["nodes"].get(unique_id, {})
            waiting += node.get("depends_on", {}).get("nodes", [])
    return reached


def landed_behind(manifest: Mapping[str, Any], unique_ids: Iterable[str]) -> set[str]:
    """Names of the landed tables that some nodes are made from."""
    sources = manifest["sources"]
    return {
        sources[unique_id]["name"]
        for unique_id in ancestors(manifest, unique_ids)
        if unique_id in sources and sources[unique_id]["source_name"] == LANDING
    }


def publication_of(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """How a dbt node is published, empty where it is not."""
    meta: Mapping[str, Any] = node["config"].get("meta", {}).get("mlops", {})
    return meta if meta.get("publish") else {}
