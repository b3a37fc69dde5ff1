"""How close a row is to each centre, told apart even where it is far from all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

if TYPE_CHECKING:
    from mlops_platform.tasks.predictions import Numbers


class _Lines(NamedTuple):
    """A linear score for each centre, as scikit-learn keeps that of a linear model."""

    coef_: Numbers
    intercept_: Numbers


class Closeness(_Lines):
    """`2 * x . c - c . c`, the greater the closer a row `x` is to a centre `c`.

    It is the squared distance without what is the same for all centres, by which scikit-learn
    decides as well: far from all of them distances are equal but for their last digits.
    """

    fit_intercept: ClassVar[bool] = True


def closeness_to(centres: Numbers) -> Closeness:
    """To each of some centres, shape (clusters, columns)."""
    return Closeness(2 * centres, -(centres * centres).sum(axis=1))
