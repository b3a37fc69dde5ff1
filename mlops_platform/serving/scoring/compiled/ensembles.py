"""scikit-learn's fitted tree ensembles in one plain form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_platform.serving.scoring.compiled.columns import (
    CompiledColumn,
    NotCompilable,
    sklearn_name,
)
from mlops_platform.serving.scoring.compiled.steps import compile_step

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CATEGORIES = 256
"""HistGradientBoosting splits by at most this many categories."""


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

    @property
    def nodes(self) -> int:
        """Number of nodes of all trees."""
        return sum(len(tree.value) for tree in self.trees)


def ensemble_of(estimator: Any, columns: tuple[CompiledColumn, ...]) -> Ensemble | None:
    """The trees of a fitted binary classifier; None where it is no ensemble known here.

    Raises:
        NotCompilable: its score is more than a constant and its trees.
    """
    import numpy as np

    name = sklearn_name(estimator)
    if name == "HistGradientBoostingClassifier":
        return _histogram(estimator, columns)
    if name == "GradientBoostingClassifier":
        rate = estimator.learning_rate
        trees = tuple(_tree(found, rate) for found in np.ravel(estimator.estimators_))
        return Ensemble(columns, _initial_log_odds(estimator), trees, single_precision=True)
    if name in ("RandomForestClassifier", "ExtraTreesClassifier"):
        share = 1 / len(estimator.estimators_)
        trees = tuple(_tree(found, share) for found in estimator.estimators_)
        return Ensemble(columns, 0.0, trees, single_precision=True)
    return None


def _histogram(estimator: Any, columns: tuple[CompiledColumn, ...]) -> Ensemble:
    preprocessor = estimator._preprocessor
    if preprocessor is not None:
        columns = compile_step(preprocessor, columns)
    known, position = estimator._bin_mapper.make_known_categories_bitsets()
    trees = tuple(
        _histogram_tree(predictor, known, position) for (predictor,) in estimator._predictors
    )
    base = float(estimator._baseline_prediction.item())
    return Ensemble(columns, base, trees, single_precision=False)


def _histogram_tree(predictor: Any, known: Any, position: Any) -> Tree:
    import numpy as np

    nodes = predictor.nodes
    leaf = nodes["is_leaf"].astype(bool)
    missing_left = nodes["missing_go_to_left"].astype(bool)
    categories = {}
    for node in np.flatnonzero(nodes["is_categorical"].astype(bool) & ~leaf).tolist():
        left = _codes(predictor.raw_left_cat_bitsets[nodes["bitset_idx"][node]])
        if missing_left[node]:
            # A code that was never binned goes where missing values go.
            unknown = frozenset(range(CATEGORIES)) - _codes(
                known[position[nodes["feature_idx"][node]]]
            )
            left |= unknown
        categories[node] = left
    return Tree(
        feature=nodes["feature_idx"].astype(np.intp),
        threshold=nodes["num_threshold"].astype(np.float64),
        missing_left=missing_left,
        left=np.where(leaf, -1, nodes["left"].astype(np.intp)),
        right=np.where(leaf, -1, nodes["right"].astype(np.intp)),
        value=nodes["value"].astype(np.float64),
        cover=nodes["count"].astype(np.float64),
        categories=categories,
    )


def _codes(bitset: NDArray[np.uint32]) -> frozenset[int]:
    words = bitset.tolist()
    return frozenset(c for c in range(CATEGORIES) if words[c // 32] >> (c % 32) & 1)


def _tree(found: Any, factor: float) -> Tree:
    import numpy as np

    nodes = found.tree_
    return Tree(
        feature=nodes.feature.astype(np.intp),
        threshold=_unrounded(nodes.threshold),
        missing_left=nodes.missing_go_to_left.astype(bool),
        left=nodes.children_left.astype(np.intp),
        right=nodes.children_right.astype(np.intp),
        value=nodes.value[:, 0, -1] * factor,
        cover=nodes.weighted_n_node_samples.astype(np.float64),
        categories={},
    )


def _unrounded(threshold: NDArray[np.float64]) -> NDArray[np.float64]:
    """The largest float64 that still is at most `threshold` once rounded to float32.

    Rounding is to the nearest float32, ties to the even one: between the last float32 that passes
    and the first that does not, the border is their middle, which passes if the former is even.
    """
    import numpy as np

    passes = threshold.astype(np.float32)
    infinity = np.float32(np.inf)
    passes = np.where(passes > threshold, np.nextafter(passes, -infinity), passes)
    middle = (passes.astype(np.float64) + np.nextafter(passes, infinity).astype(np.float64)) / 2
    odd = passes.view(np.uint32) & 1 == 1
    return np.where(odd, np.nextafter(middle, -np.inf), middle)


def _initial_log_odds(estimator: Any) -> float:
    """The constant that GradientBoosting starts from."""
    from math import log

    if estimator.init_ == "zero":
        return 0.0
    if sklearn_name(estimator.init_) != "DummyClassifier" or estimator.loss != "log_loss":
        raise NotCompilable("GradientBoosting starts from another model's score.")
    share = float(estimator.init_.class_prior_[-1])
    return log(share / (1 - share))
