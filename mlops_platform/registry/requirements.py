"""The packages that a model needs to predict, pinned to what is installed."""

from collections.abc import Iterable
from importlib.metadata import version
from typing import Final

PACKAGES: Final = ("joblib", "numpy", "pandas", "scikit-learn", "scipy", "skops")


def pinned_requirements(further: Iterable[str] = ()) -> list[str]:
    """``name==version`` of every package that fitting and predicting rest on.

    Args:
        further: distributions that the model needs besides.
    """
    return [f"{package}=={version(package)}" for package in (*PACKAGES, *further)]
