"""How close a row is to each centre, told apart even where it is far from all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from mlops_platform.tasks.predictions import Numbers


@dataclass(frozen=True, eq=False)
class Closeness:
    """`2 * x . c - c . c`, the greater the closer a row `x` is to a centre `c`.

    It is the squared distance without what is the same for all centres, by which scikit-learn
    decides as well: far from all of them distances are equal but for their last digits. A linear
    score for each centre, under the names of a linear model of scikit-learn.
    """

    coef_: Numbers
    intercept_: Numbers
    fit_intercept: ClassVar[bool] = True


def closeness_to(centres: Numbers) -> Closeness:
    """To each of some centres, shape (clusters, columns)."""
    return Closeness(2 * centres, -(centres * centres).sum(axis=1))
