"""scikit-learn's fitted tree ensembles in their plain form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_platform.serving.scoring.compiled.columns import (
    CompiledColumn,
    NotCompilable,
    sklearn_name,
)
from mlops_platform.serving.scoring.compiled.ensemble import Ensemble, Tree
from mlops_platform.serving.scoring.compiled.hist_gradient_boosting import (
    read_hist_gradient_boosting,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SINGLE_TREES = ("DecisionTreeClassifier", "DecisionTreeRegressor")
FORESTS = (
    *("RandomForestClassifier", "ExtraTreesClassifier"),
    *("RandomForestRegressor", "ExtraTreesRegressor"),
)


def ensemble_of(
    estimator: Any, columns: tuple[CompiledColumn, ...], position: int | None = None
) -> Ensemble | None:
    """The trees of a fitted classifier or regressor; None where no ensemble is known here.

    Args:
        position: of the class whose score it is, of more than two.

    Raises:
        NotCompilable: its score is more than a constant and its trees.
    """
    import numpy as np

    name = sklearn_name(estimator)
    if name in ("HistGradientBoostingClassifier", "HistGradientBoostingRegressor"):
        return read_hist_gradient_boosting(estimator, columns, position)
    if name == "GradientBoostingClassifier" and position is not None:
        raise NotCompilable("GradientBoostingClassifier of several classes has no compiled form.")
    if name == "GradientBoostingClassifier":
        rate = estimator.learning_rate
        trees = tuple(_tree(regressor, rate) for regressor in np.ravel(estimator.estimators_))
        return Ensemble(columns, _initial_log_odds(estimator), trees, single_precision=True)
    if name == "GradientBoostingRegressor":
        rate = estimator.learning_rate
        trees = tuple(_tree(regressor, rate) for regressor in np.ravel(estimator.estimators_))
        return Ensemble(columns, _initial_constant(estimator), trees, single_precision=True)
    if name in SINGLE_TREES:
        return Ensemble(columns, 0.0, (_tree(estimator, 1.0),), single_precision=True)
    if name in FORESTS:
        share = 1 / len(estimator.estimators_)
        at = -1 if position is None else position
        trees = tuple(_tree(member, share, at) for member in estimator.estimators_)
        return Ensemble(columns, 0.0, trees, single_precision=True)
    return None


def _tree(estimator: Any, factor: float, position: int = -1) -> Tree:
    import numpy as np

    nodes = estimator.tree_
    return Tree(
        feature=nodes.feature.astype(np.intp),
        threshold=_unrounded(nodes.threshold),
        missing_left=nodes.missing_go_to_left.astype(bool),
        left=nodes.children_left.astype(np.intp),
        right=nodes.children_right.astype(np.intp),
        value=nodes.value[:, 0, position] * factor,
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


def _initial_constant(estimator: Any) -> float:
    """The constant that GradientBoostingRegressor starts from."""
    if estimator.init_ == "zero":
        return 0.0
    if sklearn_name(estimator.init_) != "DummyRegressor":
        raise NotCompilable("GradientBoosting starts from another model's score.")
    return float(estimator.init_.constant_.item())


def _initial_log_odds(estimator: Any) -> float:
    """The constant that GradientBoosting starts from."""
    from math import log

    if estimator.init_ == "zero":
        return 0.0
    if sklearn_name(estimator.init_) != "DummyClassifier" or estimator.loss != "log_loss":
        raise NotCompilable("GradientBoosting starts from another model's score.")
    share = float(estimator.init_.class_prior_[-1])
    return log(share / (1 - share))
