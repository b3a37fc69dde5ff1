"""What the tables of a dbt project are called on every page: `landing/weather`."""

from collections.abc import Mapping
from typing import Any

from mlops_platform.data.features.project.nodes import publication_of


def layer_of(node: Mapping[str, Any]) -> str:
    """Landing for sources, features for what is published, else the folder that a model is in."""
    if node["resource_type"] == "source":
        return str(node["source_name"])
    if node["resource_type"] == "seed":
        return "seeds"
    return "features" if publication_of(node) else str(node["fqn"][-2])


def table_name(node: Mapping[str, Any]) -> str:
    """Layer and name, as the key of its asset."""
    return f"{layer_of(node)}/{node['name']}"
