"""The trees of HistGradientBoosting: scikit-learn keeps them in private parts, which are read here.

There is no public way. Treelite's importer reads the same parts, and loses which categories were
trained on: its model sends every other to the right, where scikit-learn sends it with the missing.
What is read here is proved at packaging like every compiled model; `test_hist_gradient_boosting.py`
tells when a release of scikit-learn keeps it elsewhere, and the pipeline serves then.
"""

from __future__ import annotations

from itertools import compress
from typing import TYPE_CHECKING, Any

from mlops_platform.serving.scoring.compiled.columns import CompiledColumn, NotCompilable
from mlops_platform.serving.scoring.compiled.encoders import compile_encoder
from mlops_platform.serving.scoring.compiled.ensemble import CATEGORIES, Ensemble, Tree

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def read_hist_gradient_boosting(
    estimator: Any, columns: tuple[CompiledColumn, ...], position: int | None = None
) -> Ensemble:
    """The trees of a fitted HistGradientBoosting, binary where it is a classifier.

    Args:
        position: of the class whose trees they are, where each has its own.

    Raises:
        NotCompilable: this release of scikit-learn keeps them elsewhere.
    """
    try:
        if estimator._preprocessor is not None:
            columns = _encoded(estimator, columns)
        at = 0 if position is None else position
        bases = estimator._baseline_prediction.ravel().tolist()
        predictors = [of_iteration[at] for of_iteration in estimator._predictors]
        if position is None and {len(bases), *map(len, estimator._predictors)} != {1}:
            raise ValueError("it has several scores")
        base, trees = bases[at], tuple(map(_tree, predictors))
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise NotCompilable(
            f"{type(estimator).__name__} keeps its trees in another way than known: {error!r}."
        ) from error
    return Ensemble(columns, base, trees, single_precision=False)


def _encoded(estimator: Any, columns: tuple[CompiledColumn, ...]) -> tuple[CompiledColumn, ...]:
    """The columns that the trees split on: codes first; what was not trained on is missing."""
    is_category = estimator.is_categorical_
    encoder = estimator._preprocessor.named_transformers_["encoder"]
    codes = compile_encoder(encoder, tuple(compress(columns, is_category)))
    return (*codes, *compress(columns, ~is_category))


def _tree(predictor: Any) -> Tree:
    import numpy as np

    nodes = predictor.nodes
    leaf = nodes["is_leaf"].astype(bool)
    by_category = np.flatnonzero(nodes["is_categorical"].astype(bool) & ~leaf)
    return Tree(
        feature=nodes["feature_idx"].astype(np.intp),
        threshold=nodes["num_threshold"].astype(np.float64),
        missing_left=nodes["missing_go_to_left"].astype(bool),
        left=np.where(leaf, -1, nodes["left"].astype(np.intp)),
        right=np.where(leaf, -1, nodes["right"].astype(np.intp)),
        value=nodes["value"].astype(np.float64),
        cover=nodes["count"].astype(np.float64),
        categories={
            node: _codes(predictor.raw_left_cat_bitsets[nodes["bitset_idx"][node]])
            for node in by_category.tolist()
        },
    )


def _codes(bitset: NDArray[np.uint32]) -> frozenset[int]:
    words = bitset.tolist()
    return frozenset(code for code in range(CATEGORIES) if words[code // 32] >> (code % 32) & 1)
