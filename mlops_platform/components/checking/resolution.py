"""What Dagster lets pass when it fills a component: variables that are not set, unknown choices."""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

from mlops_platform.components.checking.mistake import Mistake
from mlops_platform.components.checking.yaml_files import Document, Part
from mlops_platform.section import nearest_name
from mlops_platform.spec.template_names import NAMES, beyond_documented

_VARIABLE = re.compile(r"\{\{\s*env\.(\w+)")


def unset_variables(document: Document) -> Iterator[Mistake]:
    """Templates `{{ env.NAME }}` of which Dagster makes nothing at all, without a word."""
    for path, text in _texts(document.value.get("attributes"), ["attributes"]):
        for name in _VARIABLE.findall(text):
            if name not in os.environ:
                fix = (
                    f"env.{name} is not set. Set the environment variable, or give a default: "
                    f"env('{name}', '...')."
                )
                yield document.mistake(path, fix, text)


def executed_templates(document: Document) -> Iterator[Mistake]:
    """Templates that do more than read what they may: Dagster would run them as code."""
    for path, text in _texts(document.value, []):
        if (beyond := beyond_documented(text)) is not None:
            fix = (
                f"{beyond} is more than a template may name, which is executed as code when the "
                f"definitions are loaded. Write {NAMES}."
            )
            yield document.mistake(path, fix, text)


def _texts(value: Any, path: list[Part]) -> Iterator[tuple[list[Part], str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, member in value.items():
            yield from _texts(key, path)
            yield from _texts(member, [*path, key])
    elif isinstance(value, list):
        for position, member in enumerate(value):
            yield from _texts(member, [*path, position])


def unknown_choices(
    document: Document, component: object, path: Sequence[Part] = ("attributes",)
) -> Iterator[Mistake]:
    """Values of fields that have a few choices and hold something else."""
    if not is_dataclass(component) or isinstance(component, type):
        return
    hints = get_type_hints(type(component))
    for field in fields(component):
        value, place = getattr(component, field.name), [*path, field.name]
        if get_origin(hints[field.name]) is Literal and value not in get_args(hints[field.name]):
            choices = [str(choice) for choice in get_args(hints[field.name])]
            yield document.mistake(place, nearest_name("choice", str(value), choices), value)
        yield from unknown_choices(document, value, place)
