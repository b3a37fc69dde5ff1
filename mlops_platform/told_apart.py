"""Sections of the YAML of which one applies, told apart so that a mistake has its own line.

Of a union pydantic tells what is wrong with each alternative, and a JSON schema no more than that
none fits.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

JsonSchema = dict[str, Any]


@dataclass(frozen=True)
class ToldApart:
    """Annotates a union of sections.

    Args:
        section: the one that what is written means, validated; raises ValueError where none is.
        conditions: JSON schema of what is written for each section, in the order of the union.
        needed: JSON schema of what is written for any of them.
        words: texts that stand for a section.
    """

    section: Callable[[Any], Any]
    conditions: tuple[JsonSchema, ...]
    needed: JsonSchema = field(default_factory=dict)
    words: tuple[str, ...] = ()

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self.section, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchema:
        union = dict(handler(schema))
        sections = union.pop("anyOf")
        chosen = [
            {"if": condition, "then": section}
            for condition, section in zip(self.conditions, sections, strict=True)
        ]
        written: JsonSchema = {"type": "object", **self.needed, "allOf": chosen}
        if not self.words:
            return {**union, **written}
        is_word = {"if": {"type": "string"}, "then": {"enum": list(self.words)}}
        return {**union, **is_word, "else": written}


def has(key: str) -> JsonSchema:
    """Condition: a key is written."""
    return {"type": "object", "required": [key]}


def lacks(key: str) -> JsonSchema:
    """Condition: a key is not written."""
    return {"type": "object", "not": {"required": [key]}}


def says(key: str, value: str) -> JsonSchema:
    """Condition: a key is written, and has this value."""
    return {"type": "object", "required": [key], "properties": {key: {"const": value}}}
