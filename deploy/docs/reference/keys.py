"""Every key that a `defs.yaml` of the platform's component types may hold."""

import inspect
from collections.abc import Iterator
from dataclasses import MISSING, dataclass, fields, is_dataclass
from typing import Any, Final

from deploy.docs.reference.schema import Reading, Section

MODEL: Final = "ModelLifecycleComponent"
OF_DBT: Final = "DbtFeaturesComponent"
"""Its keys are those of Dagster's own dbt component."""


@dataclass(frozen=True)
class DeclaredType:
    """A component type with the sections of its YAML."""

    name: str
    about: str
    example: str
    sections: list[Section]

    @property
    def count(self) -> int:
        """How many keys it has."""
        return sum(len(section.keys) for section in self.sections)


def declared_types() -> Iterator[DeclaredType]:
    """Types that a folder below `defs/` may name, the model's first."""
    from mlops_platform import components, demo

    own = {name: getattr(components, name) for name in components.__all__ if name != OF_DBT}
    own |= {name: getattr(demo, name) for name in demo.__all__}
    for name in sorted(own, key=lambda name: (name != MODEL, name)):
        component = own[name]
        package = "demo" if name in demo.__all__ else "components"
        about, _, example = (inspect.getdoc(component) or "").partition(".. code-block:: yaml")
        schema = component.get_model_cls().model_json_schema()
        owner = "" if name == MODEL else f" of {name}"
        reading = Reading(schema, _defaults(component), owner)
        yield DeclaredType(
            name=f"mlops_platform.{package}.{name}",
            about=about.strip(),
            example=inspect.cleandoc(example),
            sections=reading.sections,
        )


def _defaults(component: type) -> dict[str, Any]:
    """Those of a dataclass that YAML could hold; Dagster's schema does not say all of them."""
    if not is_dataclass(component):
        return {}
    defaults = {}
    for field in fields(component):
        made = field.default if field.default_factory is MISSING else field.default_factory()
        if isinstance(made, str | int | float | list | dict | tuple):
            defaults[field.name] = made
    return defaults
