"""Bounds: between which a figure must be."""

from typing import NamedTuple


class Bounds(NamedTuple):
    """Both ends are allowed; None is no end."""

    min: float | None = None
    max: float | None = None
