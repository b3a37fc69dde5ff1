"""A landing as its YAML declares it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import dagster as dg
from dagster.components.testing import create_defs_folder_sandbox


@contextmanager
def declared_landing(
    component: type[dg.Component], attributes: Mapping[str, Any]
) -> Iterator[dg.AssetsDefinition]:
    """The asset of one table, loaded from a folder of its own."""
    with create_defs_folder_sandbox() as sandbox:
        path = sandbox.scaffold_component(
            component_cls=component,
            defs_yaml_contents={
                "type": f"mlops_platform.components.{component.__name__}",
                "attributes": dict(attributes),
            },
        )
        with sandbox.load_component_and_build_defs(path) as (_, definitions):
            (asset,) = definitions.assets or ()
            assert isinstance(asset, dg.AssetsDefinition)
            yield asset
