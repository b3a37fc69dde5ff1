"""A tree ensemble in one plain form, whatever it was read from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from mlops_platform.serving.scoring.compiled.columns import CompiledColumn

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CATEGORIES = 256
"""A tree splits by at most this many categories."""


@dataclass(frozen=True, eq=False)
class Tree:
    """One tree as arrays over its nodes; node 0 is the root, leaves have `left` < 0.

    A number goes left where it is at most the threshold, or missing and `missing_left`. At a node
    of `categories`, the codes that go left are listed instead of a threshold.

    Args:
        value: what a leaf adds to the raw score of the ensemble.
        cover: weight of the training rows that came through the node.
    """

    feature: NDArray[np.intp]
    threshold: NDArray[np.float64]
    missing_left: NDArray[np.bool_]
    left: NDArray[np.intp]
    right: NDArray[np.intp]
    value: NDArray[np.float64]
    cover: NDArray[np.float64]
    categories: dict[int, frozenset[int]]

    @property
    def depth(self) -> int:
        """Splits on the longest way to a leaf; a node's children always stand behind it."""
        left, right = self.left.tolist(), self.right.tolist()
        depths = [0] * len(left)
        for node, child in enumerate(left):
            if child >= 0:
                depths[child] = depths[right[node]] = depths[node] + 1
        return max(depths)


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Raw score of a row: `base` plus one leaf of every tree.

    Args:
        columns: what the trees split on.
        single_precision: scikit-learn rounds numbers to float32 first; thresholds have been moved
            so that unrounded numbers take the same way.
    """

    columns: tuple[CompiledColumn, ...]
    base: float
    trees: tuple[Tree, ...]
    single_precision: bool

    @cached_property
    def used(self) -> frozenset[int]:
        """Positions of the columns that a tree splits by."""
        return frozenset(int(at) for tree in self.trees for at in tree.feature[tree.left >= 0])

    @property
    def nodes(self) -> int:
        """Number of nodes of all trees."""
        return sum(len(tree.value) for tree in self.trees)

    @property
    def depth(self) -> int:
        """That of the deepest tree."""
        return max(tree.depth for tree in self.trees)
