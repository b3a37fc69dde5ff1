"""One document of YAML against the component type that it names."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, NamedTuple

import dagster as dg
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from mlops_platform.components.checking.mistake import Mistake
from mlops_platform.components.checking.resolution import executed_templates
from mlops_platform.components.checking.yaml_files import Document
from mlops_platform.section import nearest_name
from mlops_platform.spec.declarations import SHIPPED_TYPES

TOP = ("type", "attributes", "requirements", "template_vars_module", "post_processing")
"""Keys of a document, by Dagster."""
UNKNOWN_KEY, TEXT_WANTED = "extra_forbidden", "string_type"


class Declared(NamedTuple):
    """A document that its component type accepts."""

    document: Document
    component: type[dg.Component]
    attributes: BaseModel | None


def read_document(document: Document) -> Declared | list[Mistake]:
    """A document with its type and attributes, or everything that is wrong with them."""
    value = document.value
    if not isinstance(value, dict) or "type" not in value:
        fix = "Write a mapping with `type` and `attributes`, such as `type: " + SHIPPED_TYPES[0]
        return [document.mistake([], f"{fix}`.")]
    mistakes = [
        document.mistake([key], f"Unknown key. {nearest_name('key', str(key), TOP)}", value[key])
        for key in value
        if key not in TOP
    ]
    component = _component(value["type"])
    if component is None:
        fix = nearest_name("component type", str(value["type"]), SHIPPED_TYPES)
        return [*mistakes, document.mistake(["type"], fix, value["type"])]
    if templates := list(executed_templates(document)):
        return [*mistakes, *templates]
    model, attributes = component.get_model_cls(), value.get("attributes")
    try:
        read = None if model is None else model.model_validate(attributes or {})
    except ValidationError as error:
        return [*mistakes, *_mistakes(document, model, error)]
    return mistakes or Declared(document, component, read)


def _component(name: object) -> type[dg.Component] | None:
    """The type of a component by its path; None where there is none."""
    module, _, attribute = str(name).rpartition(".")
    try:
        component = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError):
        return None
    return (
        component if isinstance(component, type) and issubclass(component, dg.Component) else None
    )


def _mistakes(
    document: Document, model: type[BaseModel] | None, error: ValidationError
) -> Iterator[Mistake]:
    """One for each field, whatever many alternatives pydantic has tried there."""
    told: dict[tuple[str | int, ...], list[ErrorDetails]] = {}
    for detail in error.errors(include_url=False):
        absent = detail["type"] == "missing"
        known = document.known_part(["attributes", *detail["loc"]], missing=absent)
        told.setdefault(tuple(known), []).append(detail)
    fields = list(model.model_fields) if model is not None else []
    for path, details in told.items():
        # Where a template may stand a text may, and pydantic says so of whatever else is wrong.
        deeper = any(path == other[: len(path)] and path != other for other in told)
        others = [detail for detail in details if detail["type"] != TEXT_WANTED]
        if deeper and not others:
            continue
        details = others or details
        problems = dict.fromkeys(_problem(detail, path, fields) for detail in details)
        missing = all(detail["type"] == "missing" for detail in details)
        yield document.mistake(
            path,
            ", or: ".join(problems),
            None if missing else _value_at(document.value, path),
        )


def _problem(detail: ErrorDetails, path: tuple[str | int, ...], fields: list[str]) -> str:
    """What is wrong, in words of ours where pydantic's leave out the fix."""
    if detail["type"] == "missing":
        return f"`{path[-1]}` is missing; it is required."
    if detail["type"] == UNKNOWN_KEY:
        top = len(path) == len(("attributes", "key"))
        nearest = nearest_name("attribute", str(path[-1]), fields) if top else "Remove it."
        return f"unknown attribute. {nearest}"
    return detail["msg"].removeprefix("Value error, ")


def _value_at(value: Any, path: tuple[str | int, ...]) -> object | None:
    for part in path:
        inside = isinstance(value, Mapping | list) and (
            part in value if isinstance(value, Mapping) else isinstance(part, int)
        )
        if not inside:
            return None
        value = value[part]
    return value if len(path) > 1 else None  # the whole of the attributes says nothing
