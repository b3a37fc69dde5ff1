"""Templates in a model's YAML: `{{ env.NAME }}` and `{{ env('NAME', 'default') }}`."""

from typing import Any

import dagster as dg
from dagster.components.resolved.scopes import EnvScope
from pydantic import ValidationError
from pydantic_core import InitErrorDetails


class _Environment(EnvScope):
    """The environment, remembering what was asked for in vain: Dagster's gives None for it."""

    def __init__(self) -> None:
        self.unset: list[str] = []

    def __call__(self, key: str, default: Any = ...) -> str | None:
        value = super().__call__(key, None)
        if value is None and default is ...:
            self.unset.append(key)
        return default if value is None else value

    def __getattr__(self, key: str) -> str | None:
        value = super().__getattr__(key)
        if value is None:
            self.unset.append(key)
        return value


def render_templates(attributes: Any) -> Any:
    """Fill the templates of a YAML tree; numbers in them become numbers.

    Raises:
        ValidationError: templates read variables that are not set, each told at its own field.
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
    # Compiling a template costs half a millisecond, and most texts are none.
    if not isinstance(value, str) or "{{" not in value:
        return value
    environment = _Environment()
    rendered = dg.ResolutionContext.default().with_scope(env=environment).resolve_value(value)
    errors.extend(_unset(name, value, path) for name in environment.unset)
    return rendered


def _unset(name: str, value: str, path: tuple[str | int, ...]) -> InitErrorDetails:
    fix = f"Set the environment variable, or give a default: env('{name}', '...')"
    error = f"env.{name} is not set. {fix}"
    return InitErrorDetails(type="value_error", loc=path, input=value, ctx={"error": error})
