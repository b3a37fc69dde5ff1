"""Templates in a model's YAML: `{{ env.NAME }}` and `{{ env('NAME', 'default') }}`."""

import os
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from pydantic_core import InitErrorDetails

from mlops_platform.spec.template_names import beyond_documented

if TYPE_CHECKING:
    from jinja2 import Template


FIX = "Templates read the environment: {{ env.NAME }} or {{ env('NAME', 'default') }}"


class _Environment:
    """The environment as templates read it, remembering what was asked for in vain."""

    def __init__(self) -> None:
        self.unset: list[str] = []

    def __call__(self, name: str, default: Any = ...) -> Any:
        if name in os.environ:
            return os.environ[name]
        if default is ...:
            self.unset.append(name)
            return None
        return default

    def __getattr__(self, name: str) -> Any:
        if name.startswith("jinja"):  # what Jinja looks for at everything that is called
            raise AttributeError(name)
        return self(name)


def render_templates(attributes: Any) -> Any:
    """Fill the templates of a YAML tree; numbers in them become numbers.

    Raises:
        ValidationError: templates that cannot be filled, or read variables that are not set, each
            told at its own field.
    """
    errors: list[InitErrorDetails] = []
    rendered = _render(attributes, (), errors)
    if errors:
        raise ValidationError.from_exception_data("templates", errors)
    return rendered


def with_templates(schema: Any) -> Any:
    """A JSON schema that accepts a template wherever the given one wants a number or a boolean."""
    if isinstance(schema, list):
        return [with_templates(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    widened = {key: with_templates(item) for key, item in schema.items()}
    if schema.get("type") not in ("number", "integer", "boolean"):  # a field may be named `type`
        return widened
    about = {key: widened.pop(key) for key in ("title", "description", "default") if key in widened}
    return {**about, "anyOf": [widened, {"type": "string", "pattern": r"\{\{"}]}


def _render(value: Any, path: tuple[str | int, ...], errors: list[InitErrorDetails]) -> Any:
    if isinstance(value, dict):
        return {key: _render(item, (*path, key), errors) for key, item in value.items()}
    if isinstance(value, list):
        return [_render(item, (*path, position), errors) for position, item in enumerate(value)]
    if not isinstance(value, str) or "{{" not in value:
        return value
    rendered, problems = _filled(value)
    errors.extend(
        InitErrorDetails(type="value_error", loc=path, input=value, ctx={"error": problem})
        for problem in problems
    )
    return rendered


def _filled(template: str) -> tuple[Any, list[str]]:
    """What a template says, and what is wrong with it."""
    environment = _Environment()
    if (beyond := beyond_documented(template)) is not None:
        return None, [f"{beyond} is more than a template may name. {FIX}"]
    try:
        rendered: Any = _compiled(template).render(env=environment)
    except Exception as error:  # whatever an expression does
        return None, [f"{type(error).__name__}: {error}. {FIX}"]
    return rendered, [_unset(name) for name in environment.unset]


def _unset(name: str) -> str:
    fix = f"Set the environment variable, or give a default: env('{name}', '...')"
    return f"env.{name} is not set. {fix}"


@cache
def _compiled(template: str) -> "Template":
    """The template compiled: half a millisecond, and many models have the same."""
    from jinja2.nativetypes import NativeEnvironment

    return NativeEnvironment().from_string(template)
