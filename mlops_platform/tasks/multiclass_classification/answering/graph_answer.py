"""The answer for rows of several classes as a graph of tensors: `row_answer` once more, of many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import TYPE_CHECKING, Any

from mlops_platform.tasks.multiclass_classification.answering.row_answer import known_factors
from mlops_platform.tasks.multiclass_classification.columns import (
    CONFIDENCE,
    DECISION,
    SET_FROM,
    SET_SIZE,
    probability,
)
from mlops_platform.tasks.multiclass_classification.probabilities import FLOOR

if TYPE_CHECKING:
    from mlops_platform.tasks.answering.graph import Graph, Tensor
    from mlops_platform.tasks.finished import Constants


def classes_graph(
    graph: Graph, numbers: Sequence[Tensor], constants: Constants, options: Mapping[str, Any]
) -> dict[str, Tensor]:
    """Outputs by their field.

    Args:
        options: as of `row_answer.answer`.
    """
    classes, apply = options["classes"], graph.apply
    # A class that the model does not know: 0 for every row, and NaN where a row has NaN.
    spread = [apply("Mul", numbers[0], graph.constant(0.0))] * len(classes)
    for (position, times), number in zip(
        known_factors(constants, len(classes)), numbers, strict=True
    ):
        spread[position] = apply("Mul", number, graph.constant(times))
    floor = graph.constant(FLOOR)
    row = _shares(graph, [apply("Max", share, floor) for share in _shares(graph, spread)])
    fields = {
        DECISION: _decided(graph, row, options),
        CONFIDENCE: apply("Max", *row),
        **{probability(position): tensor for position, tensor in enumerate(row)},
    }
    if options["coverage"] is None:
        return fields
    least = graph.constant(constants.get(SET_FROM, 0.0))
    held = [_number(graph, apply("GreaterOrEqual", share, least)) for share in row]
    size = apply("Max", _sum(graph, held), graph.constant(1.0))
    same = apply("Add", apply("Mul", size, graph.constant(0.0)), least)
    return {**fields, SET_SIZE: size, SET_FROM: same}


def _decided(graph: Graph, row: Sequence[Tensor], options: Mapping[str, Any]) -> Tensor:
    costs, classes = options["costs"], options["classes"]
    if costs is None:
        position = graph.apply("ArgMax", graph.columns(row), axis=1, keepdims=0)
    else:
        expected = [
            _sum(
                graph,
                [
                    graph.apply("Mul", share, graph.constant(costs[true][decided]))
                    for true, share in enumerate(row)
                ],
            )
            for decided in range(len(row))
        ]
        position = graph.apply("ArgMin", graph.columns(expected), axis=1, keepdims=0)
    return graph.apply("Gather", graph.constant(classes), position)


def _shares(graph: Graph, values: Sequence[Tensor]) -> list[Tensor]:
    total = _sum(graph, values)
    nothing = graph.apply("Equal", total, graph.constant(0.0))
    divisor = graph.apply("Where", nothing, graph.constant(1.0), total)
    return [graph.apply("Div", value, divisor) for value in values]


def _sum(graph: Graph, values: Sequence[Tensor]) -> Tensor:
    """One after the other, as in one row: equal to the bit."""
    return reduce(lambda total, value: graph.apply("Add", total, value), values)


def _number(graph: Graph, flag: Tensor) -> Tensor:
    return graph.apply("Where", flag, graph.constant(1.0), graph.constant(0.0))
