"""How one request that names a few values becomes rows: an entity for every number of a counter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from string import Formatter


@dataclass(frozen=True)
class Expansion:
    """Entities that are composed of what a request names and of a counter.

    Args:
        route: how such a request is called: the end of its path.
        template: of an entity, such as `{series}|{origin}|{step}`.
        counter: the name in it that no request fills in.
        last: the counter goes from 1 to it.
    """

    route: str
    template: str
    counter: str
    last: int

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """What a request names, in the order of the template."""
        names = [name for _, name in self._pieces if name is not None]
        return tuple(dict.fromkeys(name for name in names if name != self.counter))

    @property
    def counts(self) -> range:
        """Every number of the counter."""
        return range(1, self.last + 1)

    def entities(self, values: Mapping[str, str]) -> list[str]:
        """The entity of every number of the counter.

        Args:
            values: by field.
        """
        return [self.template.format_map({**values, self.counter: count}) for count in self.counts]

    def pattern(self, values: Mapping[str, str]) -> tuple[str | None, ...]:
        """The pieces of entities that have these values, None where any text may be."""
        pieces: list[str | None] = []
        for text, name in self._pieces:
            pieces += [text] if text else []
            pieces += [] if name is None else [values.get(name)]
        return tuple(pieces)

    @property
    def fault(self) -> str | None:
        """Why entities cannot be composed so; None where they can."""
        try:
            names = [name for _, name in self._pieces if name is not None]
            self.template.format_map(dict.fromkeys(names, ""))
        except (ValueError, KeyError, IndexError, AttributeError) as error:
            return f"It is no template ({error}); write one such as `{self._example}`."
        formatted = any(spec or how for _, _, spec, how in Formatter().parse(self.template))
        named = names.count(self.counter) == 1 and len(names) >= 2
        if formatted or not named or not all(map(_is_field, names)):
            return (
                f"It must name `{{{self.counter}}}` once, and beside it what a request names, such "
                f"as `{self._example}`."
            )
        if any(not text for text, name in self._pieces[1:] if name is not None):
            return f"Put a character between two names, as in `{self._example}`."
        return None

    @property
    def _example(self) -> str:
        return f"{{series}}|{{origin}}|{{{self.counter}}}"

    @cached_property
    def _pieces(self) -> list[tuple[str, str | None]]:
        """Each text, and the name that follows it."""
        return [(text, name) for text, name, _, _ in Formatter().parse(self.template)]


def _is_field(name: str) -> bool:
    return name.isidentifier() and not name.startswith("_")
