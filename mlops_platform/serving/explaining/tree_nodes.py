"""The nodes of a whole ensemble in a few arrays, so that NumPy asks all of them at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops_platform.serving.scoring.compiled.ensemble import CATEGORIES, Ensemble

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Nodes:
    """The nodes of all trees behind one another.

    Args:
        parent: -1 at a root.
        share: share of the parent's training rows that came here; 1 at a root.
        categorical: the nodes that split by category.
        categories_left: the codes that go left there, shape (categorical nodes, codes).
    """

    feature: NDArray[np.intp]
    threshold: NDArray[np.float64]
    missing_left: NDArray[np.bool_]
    parent: NDArray[np.intp]
    is_left_child: NDArray[np.bool_]
    is_leaf: NDArray[np.bool_]
    value: NDArray[np.float64]
    share: NDArray[np.float64]
    categorical: NDArray[np.intp]
    categories_left: NDArray[np.bool_]

    def left(self, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether a row with these column values goes left, at every node."""
        import numpy as np

        seen = values[self.feature]
        missing = np.isnan(seen)
        left: NDArray[np.bool_] = np.where(missing, self.missing_left, seen <= self.threshold)
        asked = np.flatnonzero(~missing[self.categorical])
        at = self.categorical[asked]
        left[at] = self.categories_left[asked, seen[at].astype(np.intp)]
        return left


def nodes_of(ensemble: Ensemble) -> Nodes:
    """Put the nodes of all trees behind one another."""
    import numpy as np

    trees = ensemble.trees
    offsets = np.cumsum([0, *(len(tree.value) for tree in trees[:-1])])
    left = _shifted([tree.left for tree in trees], offsets)
    right = _shifted([tree.right for tree in trees], offsets)
    inner = np.flatnonzero(left >= 0)
    parent = np.full(len(left), -1)
    parent[left[inner]] = parent[right[inner]] = inner
    cover = np.concatenate([tree.cover for tree in trees])
    categorical, categories_left = _categories(ensemble, offsets)
    return Nodes(
        feature=np.concatenate([np.where(t.left >= 0, t.feature, 0) for t in trees]),
        threshold=np.concatenate([tree.threshold for tree in trees]),
        missing_left=np.concatenate([tree.missing_left for tree in trees]),
        parent=parent,
        is_left_child=np.isin(np.arange(len(left)), left[inner]),
        is_leaf=left < 0,
        value=np.concatenate([tree.value for tree in trees]),
        share=np.where(parent >= 0, cover / cover[parent], 1.0),
        categorical=categorical,
        categories_left=categories_left,
    )


def _shifted(children: list[NDArray[np.intp]], offsets: NDArray[np.intp]) -> NDArray[np.intp]:
    import numpy as np

    pairs = zip(children, offsets, strict=True)
    return np.concatenate([np.where(child >= 0, child + offset, -1) for child, offset in pairs])


def _categories(
    ensemble: Ensemble, offsets: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    import numpy as np

    listed = {
        int(offset) + node: codes
        for tree, offset in zip(ensemble.trees, offsets, strict=True)
        for node, codes in tree.categories.items()
    }
    goes_left = np.zeros((len(listed), CATEGORIES), dtype=bool)
    for at, codes in enumerate(listed.values()):
        goes_left[at, sorted(codes)] = True
    return np.array(list(listed), dtype=np.intp), goes_left
