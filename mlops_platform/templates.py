"""Templates: the texts of one room, kept in its folder `templates` as Jinja files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment

Filters = Mapping[str, Callable[..., str]]


@dataclass(frozen=True)
class Templates:
    """What a room says at length, loaded when it is first said.

    Args:
        room: package whose folder `templates` holds the files.
        filters: how values are shown, by the name that a template calls them by.
    """

    room: str
    filters: Filters = field(default_factory=dict)

    def render(self, template: str, /, **facts: Any) -> str:
        """Fill a template.

        Values are escaped in `.html.j2` alone: Markdown and plain text take them as they are.

        Raises:
            jinja2.UndefinedError: the template names something that is not there.
        """
        return self._environment.get_template(template).render(facts)

    @cached_property
    def _environment(self) -> Environment:
        from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

        environment = Environment(
            loader=PackageLoader(self.room),
            autoescape=select_autoescape(enabled_extensions=("html.j2",)),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters.update(self.filters)
        return environment


def markdown_cell(value: object) -> str:
    """Text on one line that cannot break out of a Markdown table cell or become HTML."""
    text = str(value).replace("\\", "\\\\").replace("|", "\\|")
    return " ".join(text.replace("<", "&lt;").split())
