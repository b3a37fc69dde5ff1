"""The store of a domain: the YAML by which its dbt models are built, apart from those of others."""

from __future__ import annotations

from typing import Final

from mlops_platform.usecases.scaffold.files.commented_yaml import commented_yaml
from mlops_platform.usecases.scaffold.files.names import Names

STORE: Final = "features"
"""Folder of the definitions of a domain in which it is declared."""


def store_defs(names: Names) -> str:
    """The YAML of the component that builds and publishes the tables of the domain."""
    domain = names.choices.domain
    document = {
        "type": "mlops_platform.components.DbtFeaturesComponent",
        "attributes": {
            "project": "{{ context.project_root }}/dbt_project",
            "domain": domain,
            "op": {"name": f"dbt_features_{domain}", "pool": "warehouse"},
        },
    }
    reasons = {
        "attributes.domain": (
            f"All dbt models below models/{domain} are built together, and nothing of others: "
            "whatever these lack or fail at."
        ),
        "attributes.op": "One process at a time writes to the warehouse.",
    }
    return commented_yaml(document, reasons)
