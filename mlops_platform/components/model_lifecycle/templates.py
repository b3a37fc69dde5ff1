"""Templates in a model's YAML: `{{ env.NAME }}` and `{{ env('NAME', 'default') }}`."""

from collections.abc import Iterator
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
        ValidationError: a template reads a variable that is not set, each at its own field.
    """
    errors = list(_unset_variables(attributes, ()))
    if errors:
        raise ValidationError.from_exception_data("templates", errors)
    return dg.ResolutionContext.default().resolve_value(attributes)


def _unset_variables(value: Any, path: tuple[str | int, ...]) -> Iterator[InitErrorDetails]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _unset_variables(item, (*path, key))
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from _unset_variables(item, (*path, at))
    elif isinstance(value, str) and "{{" in value:
        environment = _Environment()
        dg.ResolutionContext.default().with_scope(env=environment).resolve_value(value)
        for name in environment.unset:
            fix = f"Set the environment variable, or give a default: env('{name}', '...')"
            yield InitErrorDetails(
                type="value_error",
                loc=path,
                input=value,
                ctx={"error": f"env.{name} is not set. {fix}"},
            )
