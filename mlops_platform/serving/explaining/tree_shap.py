"""Exact Shapley values of a tree ensemble, every leaf at once.

The game is that of path-dependent TreeSHAP (Lundberg et al. 2018, "Consistent individualized
feature attribution for tree ensembles", Algorithm 1): with the features of a coalition known, a
leaf counts with the product, over the features on its way, of 1 or 0 (known: the row passes their
splits or not) or of the share of training rows that pass (unknown).

Algorithm 2 there computes the Shapley values of that game by extending and unwinding ways. Here
they are taken from the multilinear extension of the game (Owen 1972): feature i of a leaf with
value v gets

    v (o_i - z_i) * integral over t from 0 to 1 of the product over j != i of t o_j + (1 - t) z_j

with o_j whether the row passes and z_j the share. The integrand is a polynomial of a degree below
the number d of features on the way, so Gauss-Legendre quadrature on ceil(d / 2) points is exact,
and NumPy does it for all leaves of equal d together. A feature is a column of the model's input:
what its encoder or indicator made of it is one player.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops_platform.serving.explaining.tree_nodes import Nodes, nodes_of
from mlops_platform.serving.explaining.tree_paths import Paths, paths_of
from mlops_platform.serving.frames import Row
from mlops_platform.serving.scoring.compiled.ensemble import Ensemble
from mlops_platform.serving.scoring.compiled.tree_code import Reader, compile_reader

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LEAVES_AT_ONCE = 4096
"""So that the intermediate arrays of large forests stay in the cache."""


@dataclass(frozen=True, eq=False)
class Block:
    """Leaves with the same number of factors; `share` has the shape (leaves, factors).

    Args:
        factors: where they stand in the paths.
        points, weights: quadrature on (0, 1), shapes (points, 1, 1) and (points,).
    """

    factors: slice
    player: NDArray[np.intp]
    share: NDArray[np.float64]
    value: NDArray[np.float64]
    points: NDArray[np.float64]
    weights: NDArray[np.float64]

    def shapley(self, passed: NDArray[np.bool_]) -> NDArray[np.float64]:
        """What each factor adds to its leaf, shape (leaves, factors)."""
        import numpy as np

        known = passed[self.factors].reshape(self.share.shape).astype(np.float64)
        factors = self.points * known + (1 - self.points) * self.share
        others = factors.prod(axis=2, keepdims=True) / factors
        integral = np.tensordot(self.weights, others, axes=1)
        added: NDArray[np.float64] = self.value * (known - self.share) * integral
        return added


@dataclass(frozen=True, eq=False)
class TreeShap:
    """Shapley values of the raw score of an ensemble."""

    players: tuple[str, ...]
    base: float
    read: Reader
    nodes: Nodes
    paths: Paths
    blocks: tuple[Block, ...]

    def by_source(self, row: Row) -> dict[str, float]:
        """What each feature adds to `base`, the mean raw score over the training rows."""
        import numpy as np

        values = np.array(self.read(row), dtype=np.float64)
        passed = self.paths.passed(self.nodes.left(values))
        totals = np.zeros(len(self.players))
        for block in self.blocks:
            totals += np.bincount(block.player, block.shapley(passed).ravel(), len(self.players))
        return dict(zip(self.players, totals.tolist(), strict=True))


def tree_shap(ensemble: Ensemble) -> TreeShap:
    """Prepare an ensemble to be explained.

    Raises:
        NotCompilable: a node through which no training row came.
    """
    import numpy as np

    sources = [str(column.source) for column in ensemble.columns]
    players = tuple(dict.fromkeys(sources))
    nodes = nodes_of(ensemble)
    paths = paths_of(nodes, np.array([players.index(source) for source in sources]))
    return TreeShap(
        players=players,
        base=ensemble.base + _mean_score(paths),
        read=compile_reader(ensemble.columns),
        nodes=nodes,
        paths=paths,
        blocks=tuple(_blocks(paths)),
    )


def _mean_score(paths: Paths) -> float:
    import numpy as np

    leaf = np.repeat(np.arange(len(paths.factors)), paths.factors)
    shares = np.ones(len(paths.factors))
    np.multiply.at(shares, leaf, paths.share)
    return float(shares @ paths.value)


def _blocks(paths: Paths) -> list[Block]:
    import numpy as np

    blocks, start = [], 0
    for count, leaves in _pieces(paths.factors):
        end = start + count * len(paths.value[leaves])
        points, weights = np.polynomial.legendre.leggauss((count + 1) // 2)
        blocks.append(
            Block(
                factors=slice(start, end),
                player=paths.player[start:end],
                share=paths.share[start:end].reshape(-1, count),
                value=paths.value[leaves][:, None],
                points=(points[:, None, None] + 1) / 2,
                weights=weights / 2,
            )
        )
        start = end
    return blocks


def _pieces(factors: NDArray[np.intp]) -> Iterator[tuple[int, slice]]:
    """Numbers of factors, and the leaves that have so many; a leaf without any is left out."""
    import numpy as np

    for count in np.unique(factors[factors > 0]).tolist():
        first, last = np.searchsorted(factors, [count, count + 1]).tolist()
        for start in range(first, last, LEAVES_AT_ONCE):
            yield count, slice(start, min(start + LEAVES_AT_ONCE, last))
