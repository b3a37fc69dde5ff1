"""Estimators and transformers by import path, with their parameters and their seed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final

from pydantic import ValidationError

from mlops_platform.errors import SpecError
from mlops_platform.spec import EstimatorSpec
from mlops_platform.training.pipelines.river_models import build_river_model, is_of_river

ALMOST_SAME: Final = 0.85
_DISTRIBUTIONS: Final = {"xgboost": "xgboost-cpu"}
"""What to install for a module, where it is not called the same."""


def load_class(path: str, field: str) -> type:
    """The class at an import path, of any installed package.

    Raises:
        SpecError: nothing is there; the fix names the closest scikit-learn class, or what is to be
            installed.
    """
    from importlib import import_module

    module, _, name = path.rpartition(".")
    try:
        loaded = getattr(import_module(module), name)
    except (ImportError, AttributeError, OSError) as error:
        raise SpecError(field, path, _why_not_imported(path, error)) from error
    if not isinstance(loaded, type) or not (hasattr(loaded, "get_params") or is_of_river(loaded)):
        raise SpecError(field, path, "It is no scikit-learn estimator or transformer class.")
    return loaded


def declared_defaults(built: type) -> dict[str, Any]:
    """The constructor's parameters with their defaults (`inspect.Parameter.empty` for none).

    Of a constructor that takes further ones by name, as LightGBM's and XGBoost's do, those that
    the estimator tells of itself as well.
    """
    from inspect import Parameter, signature

    parameters = signature(built).parameters
    own = {
        name: parameter.default
        for name, parameter in parameters.items()
        if parameter.kind not in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
    }
    if (
        not _takes_any(built)
        or is_of_river(built)
        or any(default is Parameter.empty for default in own.values())
    ):
        return own
    return {**built().get_params(deep=False), **own}


def _takes_any(built: type) -> bool:
    from inspect import Parameter, signature

    return any(
        parameter.kind is Parameter.VAR_KEYWORD
        for parameter in signature(built).parameters.values()
    )


def build_estimator(
    spec: EstimatorSpec, chosen: Mapping[str, Any], seed: int, field: str = "estimator"
) -> Any:
    """Construct what `spec` describes, with the parameters that a search has `chosen`.

    A parameter `a__b` reaches into the built estimator, as scikit-learn's `set_params` does.
    `random_state` is the seed wherever the class has one and the YAML gives none. `n_jobs` is 1
    where nothing is said and the class is not scikit-learn's, whose own default that is: others
    take all cores, and sum in another order on another machine.

    Raises:
        SpecError: the class or one of its parameters does not exist.
    """
    built: Any = load_class(spec.type, f"{field}.type")
    for error in unknown_parameters(built, spec, field):
        raise error
    parameters = {
        name: _built_value(value, seed, f"{field}.params.{name}")
        for name, value in {**spec.params, **chosen}.items()
    }
    own = {name: value for name, value in parameters.items() if "__" not in name}
    nested = {name: value for name, value in parameters.items() if "__" in name}
    defaults = declared_defaults(built)
    if is_of_river(built):
        model = build_river_model(built, _as_declared(own, defaults), defaults, seed)
        for name, value in nested.items():
            raise _unknown(f"{field}.params.{name}", value, name, [*defaults], built.__name__)
        return model
    estimator = built(**_as_declared(own, defaults))
    if "random_state" in estimator.get_params(deep=False).keys() - own.keys():
        estimator.set_params(random_state=seed)
    if not built.__module__.startswith("sklearn.") and "n_jobs" not in own:
        estimator.set_params(**_one_job(estimator))
    _refuse_unknown_nested(estimator, nested, spec, field)
    return estimator.set_params(**_as_declared(nested, estimator.get_params()))


def _one_job(estimator: Any) -> dict[str, int]:
    own = estimator.get_params(deep=False)
    return {"n_jobs": 1} if "n_jobs" in own and own["n_jobs"] is None else {}


def unknown_parameters(built: type, spec: EstimatorSpec, field: str) -> Iterator[SpecError]:
    """One error for each parameter, fixed or searched, that the class does not take."""
    parameters = list(declared_defaults(built))
    for kind, names in (("params", spec.params), ("search", spec.search)):
        for name, value in names.items():
            given = name.partition("__")[0]
            # What takes any name gets it, unless it is nearly that of a parameter: a slip.
            if _takes_any(built) and not get_close_matches(given, parameters, cutoff=ALMOST_SAME):
                continue
            if given not in parameters:
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


def _why_not_imported(path: str, error: Exception) -> str:
    from importlib.util import find_spec

    package, name = path.partition(".")[0], path.rpartition(".")[2]
    closest = _closest_beside(path) or _closest(name)
    slip_of_package = any(found.endswith(f".{name}") for found in closest)
    if find_spec(package) is not None or slip_of_package:
        fix = f"Closest: {', '.join(closest)}." if closest else "Write a class's import path."
        return f"It cannot be imported ({error}). {fix}"
    return (
        f"The package '{package}' is not installed: `pip install "
        f"{_DISTRIBUTIONS.get(package, package)}` into the environment of the platform."
    )


def _closest_beside(path: str) -> list[str]:
    """Import paths of estimators of the named module itself with nearly this name."""
    import sys

    module, _, name = path.rpartition(".")
    # Where it is none of them, it could not be imported.
    loaded = sys.modules.get(module)
    beside = [
        other
        for other, value in getattr(loaded, "__dict__", {}).items()
        if isinstance(value, type) and (hasattr(value, "get_params") or is_of_river(value))
    ]
    return [f"{module}.{close}" for close in get_close_matches(name, beside)]


def _closest(name: str) -> list[str]:
    """Import paths of scikit-learn's classes with nearly this name."""
    from sklearn.utils import all_estimators

    public = {
        name: f"{_public_module(estimator_class)}.{name}"
        for name, estimator_class in all_estimators()
    }
    return [public[close] for close in get_close_matches(name, list(public))]


def _public_module(estimator_class: type) -> str:
    parts = estimator_class.__module__.split(".")
    return ".".join(part for part in parts if not part.startswith("_"))
