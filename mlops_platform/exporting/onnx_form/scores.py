"""Raw scores of a model as operators: sums of linear models, distances, and trees in float64."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any, Final

from mlops_platform.exporting.onnx_form.builder import ML, OnnxGraph
from mlops_platform.exporting.onnx_form.columns import Features
from mlops_platform.serving.scoring.compiled.linear import LinearTerms
from mlops_platform.serving.scoring.compiled.nearest.distance import DistanceTerms

if TYPE_CHECKING:
    from mlops_platform.serving.scoring.compiled.ensemble import Ensemble, Tree
    from mlops_platform.serving.scoring.compiled.plain_model import Score
    from mlops_platform.tasks import Tensor

AT_MOST, AMONG = 0, 6
"""Modes of a node, by the specification of `TreeEnsemble`: BRANCH_LEQ and BRANCH_MEMBER."""
SUM: Final = 1
NO_CATEGORY: Final = -1.0
"""Codes of categories are not negative."""


def raw_score(graph: OnnxGraph, features: Features, score: Score) -> Tensor:
    """The raw score of each row, shape (rows,)."""
    if isinstance(score, LinearTerms):
        return _linear(graph, features, score)
    if isinstance(score, DistanceTerms):
        return _distance(graph, features, score)
    return _trees(graph, features, score)


def _linear(graph: OnnxGraph, features: Features, score: LinearTerms) -> Tensor:
    """One term after the other, as the compiled scorer adds them."""
    terms = [
        features.line(source, (("-", shift), ("*", factor)), missing)
        for source, shift, factor, missing in score.slopes
    ]
    terms += [features.looked_up(table) for table in score.tables]
    start = graph.constant(float(score.intercept))
    return reduce(lambda total, term: graph.apply("Add", total, term), terms, start)


def _distance(graph: OnnxGraph, features: Features, score: DistanceTerms) -> Tensor:
    """Column after column, as the compiled scorer adds their squares."""
    differences = [
        graph.apply("Sub", features.column(column), graph.constant(at))
        for column, at in zip(score.columns, score.centre, strict=True)
    ]
    squares = [graph.apply("Mul", difference, difference) for difference in differences]
    total = reduce(lambda total, square: graph.apply("Add", total, square), squares)
    return graph.apply("Sqrt", total)


def _trees(graph: OnnxGraph, features: Features, ensemble: Ensemble) -> Tensor:
    used = sorted(ensemble.used) or [0]
    values = graph.columns([features.column(ensemble.columns[at]) for at in used])
    nodes = _Nodes({at: position for position, at in enumerate(used)})
    for tree in ensemble.trees:
        nodes.add(tree)
    summed = graph.apply("TreeEnsemble", values, domain=ML, **nodes.attributes())
    return graph.apply("Add", graph.column(summed, 0), graph.constant(float(ensemble.base)))


class _Nodes:
    """Nodes and leaves of all trees, as the specification of `TreeEnsemble` lists them.

    Thresholds are those of the compiled form: of trees that scikit-learn reads in float32 they were
    moved so that float64 takes the same way.

    Args:
        places: of the columns that trees split by.
    """

    def __init__(self, places: dict[int, int]) -> None:
        self._places = places
        self._roots: list[int] = []
        self._features: list[int] = []
        self._splits: list[float] = []
        self._modes: list[int] = []
        self._missing_left: list[int] = []
        self._children: tuple[list[int], list[int]] = ([], [])
        self._are_leaves: tuple[list[int], list[int]] = ([], [])
        self._leaves: list[float] = []
        self._members: list[float] = []

    def add(self, tree: Tree) -> None:
        """Add the nodes of a tree."""
        left, right, values = tree.left.tolist(), tree.right.tolist(), tree.value.tolist()
        inner = [node for node, child in enumerate(left) if child >= 0]
        ends = [node for node, child in enumerate(left) if child < 0]
        node_at = {node: len(self._features) + at for at, node in enumerate(inner)}
        leaf_at = {node: len(self._leaves) + at for at, node in enumerate(ends)}
        self._leaves += [float(values[node]) for node in ends]
        self._roots.append(len(self._features))
        if not inner:
            # A tree has one node at least: either way it comes to the only leaf.
            self._split(0, 0.0, AT_MOST, missing_left=False)
            self._to(leaf_at[0], leaf_at[0], (1, 1))
        for node in inner:
            place, missing_left = self._places[int(tree.feature[node])], tree.missing_left[node]
            codes = tree.categories.get(node)
            if codes:
                self._split(place, 0.0, AMONG, missing_left=missing_left)
                self._members += [*map(float, sorted(codes)), float("nan")]
            else:
                threshold = float(tree.threshold[node]) if codes is None else NO_CATEGORY
                self._split(place, threshold, AT_MOST, missing_left=missing_left)
            sides = left[node], right[node]
            ids = [leaf_at[side] if left[side] < 0 else node_at[side] for side in sides]
            self._to(ids[0], ids[1], (int(left[sides[0]] < 0), int(left[sides[1]] < 0)))

    def _split(self, place: int, threshold: float, mode: int, *, missing_left: bool) -> None:
        self._features.append(place)
        self._splits.append(threshold)
        self._modes.append(mode)
        self._missing_left.append(int(missing_left))

    def _to(self, left: int, right: int, are_leaves: tuple[int, int]) -> None:
        for side, child, is_leaf in zip((0, 1), (left, right), are_leaves, strict=True):
            self._children[side].append(child)
            self._are_leaves[side].append(is_leaf)

    def attributes(self) -> dict[str, Any]:
        """The attributes of the operator."""
        import numpy as np
        from onnx import numpy_helper

        def tensor(values: list[Any], kind: type) -> Any:
            return numpy_helper.from_array(np.array(values, dtype=kind))

        attributes = {
            "n_targets": 1,
            "aggregate_function": SUM,
            "post_transform": 0,
            "tree_roots": self._roots,
            "nodes_featureids": self._features,
            "nodes_splits": tensor(self._splits, np.float64),
            "nodes_modes": tensor(self._modes, np.uint8),
            "nodes_truenodeids": self._children[0],
            "nodes_trueleafs": self._are_leaves[0],
            "nodes_falsenodeids": self._children[1],
            "nodes_falseleafs": self._are_leaves[1],
            "nodes_missing_value_tracks_true": self._missing_left,
            "leaf_targetids": [0] * len(self._leaves),
            "leaf_weights": tensor(self._leaves, np.float64),
        }
        if self._members:
            attributes["membership_values"] = tensor(self._members, np.float64)
        return attributes
