"""The search space of a candidate: what tuning may choose, by dotted path inside the candidate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mlops_platform.spec import CandidateSpec, EstimatorSpec, RangeSpec
from mlops_platform.training.pipelines.estimators import declared_defaults, load_class

if TYPE_CHECKING:
    import optuna

    from mlops_platform.spec.training import SearchDimension

Params = Mapping[str, Any]
"""Chosen values by dotted path inside a candidate, for example ``{"estimator.C": 0.1}``."""


def parts_of(candidate: CandidateSpec) -> Iterator[tuple[str, EstimatorSpec]]:
    """Every transformer of a candidate and then its estimator, by dotted path."""
    for group, entry in enumerate(candidate.preprocessing):
        for position, step in enumerate(entry.steps):
            yield f"preprocessing.{group}.steps.{position}", step
    for position, step in enumerate(candidate.steps):
        yield f"steps.{position}", step
    yield "estimator", candidate.estimator


def dimensions_of(candidate: CandidateSpec) -> dict[str, SearchDimension]:
    """Search dimensions by dotted path."""
    return {
        f"{path}.{name}": dimension
        for path, part in parts_of(candidate)
        for name, dimension in part.search.items()
    }


def chosen_for(path: str, params: Params) -> dict[str, Any]:
    """The constructor arguments among `params` of the part at `path`."""
    prefix = f"{path}."
    return {
        name.removeprefix(prefix): value
        for name, value in params.items()
        if name.startswith(prefix)
    }


def defaults_of(candidate: CandidateSpec) -> dict[str, Any]:
    """One value per dimension: the class's own default where the space holds it.

    Elsewhere the first choice, or the middle of the range (the geometric one on a log scale).

    Raises:
        SpecError: a class does not exist.
    """
    return {
        f"{path}.{name}": value
        for path, part in parts_of(candidate)
        for name, value in default_arguments(part, f"{path}.type").items()
    }


def default_arguments(part: EstimatorSpec, field: str) -> dict[str, Any]:
    """`defaults_of` for one part, by the name of the constructor's argument."""
    own = declared_defaults(load_class(part.type, field)) if part.search else {}
    return {name: _default(dimension, own.get(name)) for name, dimension in part.search.items()}


def suggest(trial: optuna.Trial, candidate: CandidateSpec) -> dict[str, Any]:
    """Let the sampler choose a value for each dimension of a candidate."""
    return {
        name: _suggest(trial, f"{candidate.name}.{name}", dimension)
        for name, dimension in dimensions_of(candidate).items()
    }


def encoded(candidate: CandidateSpec, params: Params) -> dict[str, Any]:
    """`params` as the sampler names and stores them (choices by their position)."""
    dimensions = dimensions_of(candidate)
    return {
        f"{candidate.name}.{name}": _encoded(dimensions[name], value)
        for name, value in params.items()
    }


def holds(candidate: CandidateSpec, params: Params) -> bool:
    """Whether `params` are one point of a candidate's space."""
    dimensions = dimensions_of(candidate)
    return params.keys() == dimensions.keys() and all(
        _within(dimensions[name], value) for name, value in params.items()
    )


def _within(dimension: SearchDimension, value: Any) -> bool:
    if not isinstance(dimension, RangeSpec):
        return _position(dimension, value) >= 0
    whole = not dimension.integer or isinstance(value, int)
    return _is_number(value) and whole and dimension.low <= value <= dimension.high


def _encoded(dimension: SearchDimension, value: Any) -> Any:
    return value if isinstance(dimension, RangeSpec) else _position(dimension, value)


def _suggest(trial: optuna.Trial, name: str, dimension: SearchDimension) -> Any:
    if not isinstance(dimension, RangeSpec):
        # By position: Optuna only stores choices that are plain scalars.
        return dimension[trial.suggest_categorical(name, range(len(dimension)))]
    if dimension.integer:
        return trial.suggest_int(name, int(dimension.low), int(dimension.high), log=dimension.log)
    return trial.suggest_float(name, dimension.low, dimension.high, log=dimension.log)


def _default(dimension: SearchDimension, own: Any) -> Any:
    if not isinstance(dimension, RangeSpec):
        return dimension[max(_position(dimension, own), 0)]
    low, high = dimension.low, dimension.high
    value = own
    if not _is_number(own) or not low <= own <= high:
        value = (low * high) ** 0.5 if dimension.log else (low + high) / 2
    return round(value) if dimension.integer else float(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _position(choices: list[Any], value: Any) -> int:
    """Position of `value` among the choices, -1 where it is none of them (True is not 1 here)."""
    matches = [
        position
        for position, choice in enumerate(choices)
        if type(choice) is type(value) and choice == value
    ]
    return matches[0] if matches else -1
