"""Groups: to which value of a column each row belongs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mlops_platform.spec import FeaturesSpec, group_name

if TYPE_CHECKING:
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray
    from pandas import Series

MISSING: Final = "(missing)"
OTHER: Final = "(other)"
"""Of a column with more values than are compared: the rarest."""
MOST_GROUPS: Final = 20


@dataclass(frozen=True, eq=False)
class Groups:
    """The groups of some rows.

    Args:
        names: of the groups, the largest first.
        codes: position among these of the group of each row, shape (rows,).
    """

    names: tuple[str, ...]
    codes: NDArray[np.intp]

    def rows(self, selected: NDArray[Any]) -> Groups:
        """Of some of the rows, by a mask or by positions."""
        return Groups(self.names, self.codes[selected])

    @property
    def sizes(self) -> dict[str, int]:
        """Rows by group."""
        import numpy as np

        counts = np.bincount(self.codes, minlength=len(self.names))
        return dict(zip(self.names, counts.tolist(), strict=True))


def groups_of(features: FeaturesSpec, column: str, values: Series[Any]) -> Groups:
    """One group per value of a column; rows without one are a group of their own.

    Args:
        values: of the column, as a training set or a published table has them, shape (rows,).
    """
    import pandas as pd

    codes, distinct = pd.factorize(values)
    known = distinct.tolist()
    if column in features.boolean:
        known = [bool(value) for value in known]  # A training set holds them as 1.0 and 0.0.
    return _grouped([MISSING, *map(group_name, known)], codes + 1)


def crossed(first: Groups, second: Groups) -> Groups:
    """One group per pair of values that occurs."""
    names = [f"{name} x {other}" for name in first.names for other in second.names]
    return _grouped(names, first.codes * len(second.names) + second.codes)


def at_most(groups: Groups, most: int = MOST_GROUPS) -> Groups:
    """The largest groups; all others are one, the last."""
    import numpy as np

    if len(groups.names) <= most + 1:
        return groups
    return Groups((*groups.names[:most], OTHER), np.minimum(groups.codes, most))


def _grouped(names: list[str], codes: NDArray[np.intp]) -> Groups:
    """Groups that have rows, those of one name joined, the largest first, then by name."""
    import numpy as np

    distinct = list(dict.fromkeys(names))
    position = {name: at for at, name in enumerate(distinct)}
    joined = np.array([position[name] for name in names], dtype=np.intp)[codes]
    counts = np.bincount(joined, minlength=len(distinct))
    ordered = sorted(
        (at for at in range(len(distinct)) if counts[at]),
        key=lambda at: (-counts[at], distinct[at]),
    )
    rank = np.zeros(len(distinct), dtype=np.intp)
    rank[ordered] = np.arange(len(ordered))
    return Groups(tuple(distinct[at] for at in ordered), rank[joined])
