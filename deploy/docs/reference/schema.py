"""The sections that a JSON schema declares, each with its keys, in the order of a first reading."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

Schema = Mapping[str, Any]

PATTERNS: Final = {
    r"^[a-z][a-z0-9_]{0,62}$": "name",
    r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$": "import path",
    r"^[^@\s,<>]+@[^@\s,<>]+$": "address",
}
TYPES: Final = {
    "string": "text",
    "boolean": "true or false",
    "integer": "whole number",
    "number": "number",
    "null": "null",
    "object": "map",
}
BOUNDS: Final = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
LONGEST_DEFAULT: Final = 60
UNSET: Final = "__DAGSTER_UNSET_DEFAULT__"
TEMPLATE: Final = r"\{\{"
REFERENCE: Final = "#/$defs/"
BRANCHES: Final = ("anyOf", "oneOf", "allOf", "then", "else")


@dataclass(frozen=True)
class Key:
    """One key of a section.

    Args:
        kind: what may be written, as Markdown.
        default: as YAML; empty where there is none, or where the section of its own says it.
    """

    name: str
    kind: str
    default: str
    required: bool
    description: str


@dataclass(frozen=True)
class Section:
    """Keys that are written below one path.

    Args:
        heading: the path, as Markdown, and which of several sections it is.
    """

    heading: str
    description: str
    keys: tuple[Key, ...]

    @property
    def anchor(self) -> str:
        """The heading as GitHub and the site link to it."""
        return slug(self.heading)


@dataclass(frozen=True)
class _Place:
    """Where a section stands: its path, and the words that tell it from others there."""

    path: str
    which: str = ""

    def below(self, name: str, schema: Schema, which: str) -> "_Place":
        path = f"{self.path}.{name}{_marks(schema)}".removeprefix(".")
        return _Place(path, which + self.which.replace(" with ", " of "))


def slug(heading: str) -> str:
    """The anchor of a heading, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


class Reading:
    """One reading of a schema, from its root to every section that it refers to.

    Args:
        root: schema of what is written, with `$defs`.
        defaults: of keys whose defaults the schema does not say.
        owner: follows every heading, on a page of several schemas.
    """

    def __init__(self, root: Schema, defaults: Mapping[str, Any], owner: str = "") -> None:
        self.definitions: Mapping[str, Schema] = root.get("$defs", {})
        self.defaults = defaults
        self.owner = owner
        self.places: dict[str, _Place] = {}
        self._order: list[str] = []
        self._find(root, _Place(""))
        self._root = root

    @property
    def sections(self) -> list[Section]:
        """The top, without a heading, then every section where it is first met; each once."""
        below = [
            self._section(self.definitions[name], self._heading(self.places[name]))
            for name in self._order
        ]
        return [self._section(self._root, ""), *below]

    def _find(self, section: Schema, place: _Place) -> None:
        new = []
        for name, written in section.get("properties", {}).items():
            references = list(_references(written))
            for reference in references:
                if reference not in self.places:
                    inside = self.definitions[reference]
                    which = _which(inside) if len(references) > 1 else ""
                    self.places[reference] = place.below(name, written, which)
                    new.append(reference)
        for reference in new:
            if "properties" in self.definitions[reference]:
                self._order.append(reference)
            self._find(self.definitions[reference], self.places[reference])

    def _section(self, section: Schema, heading: str) -> Section:
        required = section.get("required", ())
        keys = [
            Key(
                name=name,
                kind=self._kind(written),
                default=self._default(name, written),
                required=name in required,
                description=self._description(written),
            )
            for name, written in section.get("properties", {}).items()
        ]
        about = str(section.get("description", "")).partition(".. code-block")[0]
        return Section(heading, about.strip(), tuple(keys))

    def _description(self, written: Schema) -> str:
        # Pydantic leaves out what repeats the text of the section that is referred to.
        inside = self.definitions.get(_reference(written) or "", {})
        return str(written.get("description") or inside.get("description", "")).strip()

    def _default(self, name: str, written: Schema) -> str:
        if _reference(written) is not None or isinstance(written.get("default"), dict):
            return ""
        default = written.get("default")
        if default == UNSET:
            default = self.defaults.get(name)
            return "" if default is None else _yaml(default)
        return _yaml(default) if "default" in written else ""

    def _kind(self, written: Schema) -> str:
        kinds = [*dict.fromkeys(self._kinds(written))]
        return " or ".join([", ".join(kinds[:-1]), kinds[-1]]) if len(kinds) > 1 else kinds[0]

    def _kinds(self, written: Schema) -> Iterator[str]:
        """What may be written, each alternative apart."""
        reference = _reference(written)
        if reference is not None:
            yield from self._linked(reference)
        elif "if" in written:  # a word, or one of several sections
            yield from self._kinds(written["then"])
            yield from self._kinds(written["else"])
        elif "anyOf" in written or "oneOf" in written:
            for part in _alternatives(written.get("anyOf") or written["oneOf"]):
                yield from self._kinds(part)
        elif "allOf" in written:
            for part in written["allOf"]:
                yield from self._kinds(part["then"])
        elif "enum" in written or "const" in written:
            for word in written.get("enum") or [written["const"]]:
                yield f"`{_yaml(word)}`"
        else:
            yield self._plain_kind(written)

    def _plain_kind(self, written: Schema) -> str:
        if written.get("type") == "array":
            return f"list of {self._kind(written.get('items', {}))}"
        values = written.get("additionalProperties") or written.get("patternProperties")
        if written.get("type") == "object" and isinstance(values, dict):
            inside = next(iter(values.values())) if "patternProperties" in written else values
            return f"map of names to {self._kind(inside)}"
        return _scalar(written)

    def _linked(self, reference: str) -> Iterator[str]:
        place = self.places[reference]
        if "properties" in self.definitions[reference]:
            which = place.which.replace("`", "")
            yield f"[{place.path}{which}](#{slug(self._heading(place))})"
        else:
            yield from self._kinds(self.definitions[reference])

    def _heading(self, place: _Place) -> str:
        return f"`{place.path}`{place.which}{self.owner}"


def _scalar(written: Schema) -> str:
    kind = PATTERNS.get(written.get("pattern", ""))
    if kind is None and written.get("format") == "date":
        kind = "day"
    kind = kind or TYPES.get(str(written.get("type")), "anything")
    bounds = [f"{sign} {written[bound]:g}" for bound, sign in BOUNDS.items() if bound in written]
    return f"{kind} {', '.join(bounds)}".strip()


def _alternatives(parts: list[Schema]) -> list[Schema]:
    """Without the text that is allowed in place of anything, for templates."""
    parts = [part for part in parts if part.get("pattern") != TEMPLATE]
    others = [part for part in parts if part != {"type": "string"}]
    return others if any(part.get("type") != "null" for part in others) else parts


def _reference(written: Schema) -> str | None:
    address = written.get("$ref")
    return None if address is None else str(address).removeprefix(REFERENCE)


def _references(written: Schema) -> Iterator[str]:
    """Names of the definitions that a key may hold, in lists and maps as well."""
    reference = _reference(written)
    if reference is not None:
        yield reference
    for branch in (*BRANCHES, "items", "additionalProperties", "patternProperties"):
        inside = written.get(branch)
        parts = inside if isinstance(inside, list) else [inside]
        if branch == "patternProperties" and isinstance(inside, dict):
            parts = list(inside.values())
        for part in parts:
            if isinstance(part, dict):
                yield from _references(part)


def _marks(written: Schema) -> str:
    """How the elements of a list, or the values of a map, are told in a path."""
    if written.get("type") == "array":
        return "[]"
    holds_more = "additionalProperties" in written or "patternProperties" in written
    return ".NAME" if written.get("type") == "object" and holds_more else ""


def _which(section: Schema) -> str:
    """What tells a section from the others that may stand at its place."""
    properties, required = section.get("properties", {}), section.get("required", ())
    for name, written in properties.items():
        words = [written["const"]] if "const" in written else written.get("enum", ())
        if words and (len(words) == 1 or name in required):
            return f" with `{name}: {' | '.join(words)}`"
    return f" with `{required[0]}`" if required else ""


def _yaml(value: Any) -> str:
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z_][\w./ -]*", value):
        return value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_DEFAULT else ""
