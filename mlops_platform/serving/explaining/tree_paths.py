"""The ways to the leaves of an ensemble: which features decide them, and how often in training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops_platform.serving.explaining.tree_nodes import Nodes
from mlops_platform.serving.scoring.compiled.columns import NotCompilable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Paths:
    """Every way from a root to a leaf, as the factors that decide on it.

    A *factor* is one feature on one way: all its splits there, in whatever order they come.

    Args:
        split, direction: the splits to be passed and how, ordered by factor.
        first_split: where each factor's splits begin.
        player: feature of each factor.
        share: share of the training rows that pass it, split by split.
        factors: number of factors of each leaf, fewest first; factors are in the leaves' order.
        value: value of each leaf.
    """

    split: NDArray[np.int32]
    direction: NDArray[np.bool_]
    first_split: NDArray[np.intp]
    player: NDArray[np.intp]
    share: NDArray[np.float64]
    factors: NDArray[np.intp]
    value: NDArray[np.float64]

    def passed(self, left: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Whether a row that goes left at these nodes passes each factor."""
        import numpy as np

        agreed = left[self.split] == self.direction
        passed: NDArray[np.bool_] = np.logical_and.reduceat(agreed, self.first_split)
        return passed


def paths_of(nodes: Nodes, player_of_column: NDArray[np.intp]) -> Paths:
    """Follow every leaf up to its root.

    Raises:
        NotCompilable: no training row came through a node, or no tree has a split.
    """
    import numpy as np

    leaves = np.flatnonzero(nodes.is_leaf)
    if not (nodes.share > 0).all() or (nodes.parent < 0).all():
        raise NotCompilable("no tree has a split, or no training row came through a node.")
    below, owners = _climbed(nodes.parent, leaves)
    players = player_of_column[nodes.feature[nodes.parent[below]]]
    width = len(player_of_column)
    factors = np.bincount(np.unique(owners * width + players) // width, minlength=len(leaves))
    by_factors = np.argsort(factors, kind="stable")
    place = np.argsort(by_factors)
    # One factor per leaf and player; a stable sort brings its splits together.
    keys = place[owners] * width + players
    order = np.argsort(keys, kind="stable")
    _, first_split = np.unique(keys[order], return_index=True)
    below = below[order]
    return Paths(
        split=nodes.parent[below].astype(np.int32),
        direction=nodes.is_left_child[below],
        first_split=first_split,
        player=players[order][first_split],
        share=np.multiply.reduceat(nodes.share[below], first_split),
        factors=factors[by_factors],
        value=nodes.value[leaves[by_factors]],
    )


def _climbed(
    parent: NDArray[np.intp], leaves: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Every node below a root on the way up from a leaf, and the position of that leaf."""
    import numpy as np

    at, owner = leaves, np.arange(len(leaves))
    ways = []
    while len(at):
        climbs = parent[at] >= 0
        at, owner = at[climbs], owner[climbs]
        ways.append((at, owner))
        at = parent[at]
    below, owners = (np.concatenate(side) for side in zip(*ways, strict=True))
    return below, owners
