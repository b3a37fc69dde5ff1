"""Estimators and transformers by import path, with their parameters and their seed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from mlops_platform.errors import SpecError
from mlops_platform.spec import EstimatorSpec


def load_class(path: str, field: str) -> type:
    """The class at an import path.

    Raises:
        SpecError: nothing is there; the fix names the closest scikit-learn class.
    """
    from importlib import import_module

    module, _, name = path.rpartition(".")
    try:
        loaded = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise SpecError(field, path, f"It cannot be imported ({error}).{_closest(path)}") from error
    if not isinstance(loaded, type) or not hasattr(loaded, "get_params"):
        raise SpecError(field, path, "It is no scikit-learn estimator or transformer class.")
    return loaded


def declared_defaults(built: type) -> dict[str, Any]:
    """The constructor's parameters with their defaults (`inspect.Parameter.empty` for none)."""
    from inspect import signature

    return {name: parameter.default for name, parameter in signature(built).parameters.items()}


def build_estimator(
    spec: EstimatorSpec, chosen: Mapping[str, Any], seed: int, field: str = "estimator"
) -> Any:
    """Construct what `spec` describes, with the parameters that a search has `chosen`.

    A parameter `a__b` reaches into the built estimator, as scikit-learn's `set_params` does.
    `random_state` is the seed wherever the class has one and the YAML gives none.

    Raises:
        SpecError: the class or one of its parameters does not exist.
    """
    built = load_class(spec.type, f"{field}.type")
    for error in unknown_parameters(built, spec, field):
        raise error
    parameters = {
        name: _built_value(value, seed, f"{field}.params.{name}")
        for name, value in {**spec.params, **chosen}.items()
    }
    own = {name: value for name, value in parameters.items() if "__" not in name}
    nested = {name: value for name, value in parameters.items() if "__" in name}
    estimator = built(**_as_declared(own, declared_defaults(built)))
    if "random_state" in estimator.get_params(deep=False).keys() - own.keys():
        estimator.set_params(random_state=seed)
    _refuse_unknown_nested(estimator, nested, spec, field)
    return estimator.set_params(**_as_declared(nested, estimator.get_params()))


def unknown_parameters(built: type, spec: EstimatorSpec, field: str) -> Iterator[SpecError]:
    """One error for each parameter, fixed or searched, that the class does not take."""
    parameters = list(declared_defaults(built))
    for kind, names in (("params", spec.params), ("search", spec.search)):
        for name, value in names.items():
            if name.partition("__")[0] not in parameters:
                yield _unknown(f"{field}.{kind}.{name}", value, name, parameters, built.__name__)


def _as_declared(values: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Lists as tuples where the default is a tuple: YAML has no tuples, scikit-learn insists."""
    return {
        name: tuple(value)
        if isinstance(value, list) and isinstance(defaults.get(name), tuple)
        else value
        for name, value in values.items()
    }


def _refuse_unknown_nested(
    estimator: Any, nested: Mapping[str, Any], spec: EstimatorSpec, field: str
) -> None:
    parameters = estimator.get_params(deep=True)
    for name, value in nested.items():
        if name not in parameters:
            kind = "params" if name in spec.params else "search"
            path = f"{field}.{kind}.{name}"
            raise _unknown(path, value, name, list(parameters), type(estimator).__name__)


def _unknown(field: str, value: object, name: str, parameters: list[str], owner: str) -> SpecError:
    close = get_close_matches(name, parameters, n=3) or sorted(parameters)
    return SpecError(
        field, value, f"{owner} has no parameter '{name}'; closest: {', '.join(close)}."
    )


def _built_value(value: Any, seed: int, field: str) -> Any:
    if isinstance(value, Mapping) and "type" in value:
        try:
            nested = EstimatorSpec.model_validate(value)
        except ValidationError as error:
            raise SpecError(field, value, f"It is no estimator: {error}") from error
        if nested.search:
            raise SpecError(
                f"{field}.search",
                nested.search,
                "A nested estimator is searched from the outer one: write `outer__inner` there.",
            )
        return build_estimator(nested, {}, seed, field)
    if isinstance(value, list | tuple):
        return [
            _built_value(item, seed, f"{field}.{position}") for position, item in enumerate(value)
        ]
    return value


def _closest(path: str) -> str:
    from sklearn.utils import all_estimators

    public = {
        name: f"{_public_module(estimator_class)}.{name}"
        for name, estimator_class in all_estimators()
    }
    close = [public[name] for name in get_close_matches(path.rpartition(".")[2], list(public))]
    return f" Closest: {', '.join(close)}." if close else " Write a class's import path."


def _public_module(estimator_class: type) -> str:
    parts = estimator_class.__module__.split(".")
    return ".".join(part for part in parts if not part.startswith("_"))
