"""Trees over many rows at once, by the compiled predictors of scikit-learn, which are private.

What they are given is made here, from the plain form of an ensemble, and not read from an
estimator: so every ensemble has them, forests too. They go down a tree in C, without the
interpreter's lock. There is no public way to them: `predict` checks, copies and encodes a frame,
which takes longer than the trees. `test_tree_predictors.py` tells when a release of scikit-learn
takes something else, and the pipeline scores batches then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mlops_platform.serving.scoring.compiled.columns import (
    ColumnBatch,
    CompiledColumn,
    NotCompilable,
)
from mlops_platform.serving.scoring.compiled.ensemble import CATEGORIES, Ensemble, Tree

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Predict = Callable[[Floats], Floats]

WORDS = CATEGORIES // 32
ALL = 2**32 - 1
THREADS = 1
"""A team of threads is many times slower on a busy machine."""


class TreePredictors:
    """The trees of an ensemble, prepared when a batch first needs them."""

    def __init__(self, ensemble: Ensemble) -> None:
        self._ensemble, self._width = ensemble, len(ensemble.columns)

    def raws(self, columns: Sequence[CompiledColumn], batch: ColumnBatch) -> Floats:
        """The raw score of each row: leaf after leaf, as for a single row.

        Raises:
            NotCompilable: this release of scikit-learn has other predictors.
        """
        import numpy as np

        matrix = np.zeros((batch.rows, self._width))
        for at in self._ensemble.used:
            matrix[:, at] = batch.values(columns[at])
        total = np.full(batch.rows, self._ensemble.base)
        for predict in self._predictors:
            total += predict(matrix)
        return total

    @cached_property
    def _predictors(self) -> tuple[Predict, ...]:
        try:
            predictors = tuple(map(self._predictor, self._ensemble.trees))
            for predict in predictors[:1]:
                predict(_no_row(self._width))
        except (ImportError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise NotCompilable(f"scikit-learn has other predictors of trees: {error!r}") from error
        return predictors

    def _predictor(self, tree: Tree) -> Predict:
        """scikit-learn's predictor of one tree."""
        import numpy as np
        from sklearn.ensemble._hist_gradient_boosting.common import PREDICTOR_RECORD_DTYPE
        from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor

        leaf = tree.left < 0
        nodes = np.zeros(len(tree.value), PREDICTOR_RECORD_DTYPE)
        nodes["value"], nodes["is_leaf"] = tree.value, leaf
        nodes["feature_idx"] = np.where(leaf, 0, tree.feature)
        nodes["num_threshold"] = tree.threshold
        nodes["missing_go_to_left"] = tree.missing_left
        nodes["left"], nodes["right"] = np.where(leaf, 0, (tree.left, tree.right))
        sets = _bitsets(tree.categories.values())
        for number, node in enumerate(tree.categories):
            nodes["is_categorical"][node], nodes["bitset_idx"][node] = True, number
        predictor: Any = TreePredictor(nodes, sets, sets)
        # Codes that training did not see are missing already: to a predictor all are known.
        known = np.full((1, WORDS), ALL, np.uint32)
        first = np.zeros(self._width, np.uint32)
        return lambda matrix: predictor.predict(matrix, known, first, THREADS)


def _bitsets(categories: Iterable[Iterable[int]]) -> NDArray[np.uint32]:
    """One bit for every code, in 32-bit words: shape (sets, words)."""
    import numpy as np

    listed = list(categories)
    sets = np.zeros((len(listed), WORDS), np.uint32)
    for number, codes in enumerate(listed):
        for code in codes:
            sets[number, code // 32] |= np.uint32(1 << code % 32)
    return sets


def _no_row(width: int) -> Floats:
    import numpy as np

    return np.empty((0, width))
