"""The answer for rows of a clustering as a graph of tensors: `row_answer` once more, of many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import TYPE_CHECKING

from mlops_platform.tasks.clustering.columns import (
    CLUSTER,
    DISTANCE,
    MARGIN,
    NAMES,
    STABILITIES,
    STABILITY,
    UNIT,
)

if TYPE_CHECKING:
    from mlops_platform.tasks.answering.graph import Graph, Tensor
    from mlops_platform.tasks.finished import Constants


def cluster_graph(
    graph: Graph, numbers: Sequence[Tensor], constants: Constants
) -> Mapping[str, Tensor]:
    """Outputs by their field, of the numbers of a clusterer."""
    clusters = len(numbers) // 2
    belonging, distances = numbers[:clusters], numbers[clusters:]
    code = graph.apply("ArgMax", graph.columns(belonging), axis=1, keepdims=0)
    nothing, farthest = graph.constant(0.0), graph.constant(float("inf"))
    is_own = [
        graph.apply("Equal", belongs, graph.apply("Max", *belonging)) for belongs in belonging
    ]
    pairs = list(zip(is_own, distances, strict=True))
    own = reduce(
        lambda total, part: graph.apply("Add", total, part),
        [graph.apply("Where", owned, distance, nothing) for owned, distance in pairs],
    )
    others = [graph.apply("Where", owned, farthest, distance) for owned, distance in pairs]
    nearest = graph.apply("Min", *others)
    greater = graph.apply("Max", own, nearest)
    margin = graph.apply("Div", graph.apply("Sub", nearest, own), greater)
    names = [str(int(constants[name])) for name in NAMES[:clusters]]
    stabilities = [float(constants[name]) for name in STABILITIES[:clusters]]
    return {
        CLUSTER: graph.apply("Gather", graph.constant(names), code),
        DISTANCE: graph.apply("Div", own, graph.constant(float(constants[UNIT]))),
        MARGIN: graph.apply("Where", graph.apply("Greater", greater, nothing), margin, nothing),
        STABILITY: graph.apply("Gather", graph.constant(stabilities), code),
    }
