"""Models of river, which learn row by row, as scikit-learn estimators with `partial_fit`."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

_MODULE: Final = "river."
_SEED: Final = "seed"


def is_of_river(built: type) -> bool:
    """Whether a class is one of river's own, and no wrapper that is an estimator already."""
    return built.__module__.startswith(_MODULE) and not hasattr(built, "get_params")


def build_river_model(
    built: type, parameters: dict[str, Any], names: Collection[str], seed: int
) -> Any:
    """A model of river in its wrapper; what is none, such as an optimizer, as it is.

    Args:
        parameters: of the constructor; wrapped models among them are taken out of their wrappers.
        names: of all that it takes; `seed` is the seed wherever it is one of them and not given.
    """
    from river import base, compat

    given = {name: _unwrapped(value) for name, value in parameters.items()}
    if _SEED in names and _SEED not in given:
        given[_SEED] = seed
    model = built(**given)
    wrappers = {
        base.Classifier: compat.River2SKLClassifier,
        base.Regressor: compat.River2SKLRegressor,
        base.Transformer: compat.River2SKLTransformer,
    }
    return next(
        (wrapper(model) for kind, wrapper in wrappers.items() if isinstance(model, kind)), model
    )


def _unwrapped(value: Any) -> Any:
    if isinstance(value, list):
        return [_unwrapped(item) for item in value]
    return getattr(value, "river_estimator", value)
