"""The answer for rows of a forecast as a graph of tensors: `row_answer` once more, of many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mlops_platform.tasks.forecasting.columns import (
    LEAST_SCALE,
    NAIVE,
    NAIVE_ERROR,
    NAIVE_SHARE,
    PASSED,
    STEP,
    STEP_FIELD,
    factor_name,
)
from mlops_platform.tasks.regression.answering.graph_answer import interval_graph
from mlops_platform.tasks.regression.columns import FACTOR

if TYPE_CHECKING:
    from mlops_platform.tasks.answering.graph import Graph, Tensor
    from mlops_platform.tasks.finished import Constants


def forecast_graph(
    graph: Graph, numbers: Sequence[Tensor], constants: Constants, ends: Sequence[int]
) -> dict[str, Tensor]:
    """Outputs by their field.

    Args:
        ends: the last step of each bucket.
    """
    predicted, lower, upper, loss, baseline_loss, *passed = numbers
    apply = graph.apply
    if constants.get(NAIVE_SHARE):
        predicted = apply("Add", predicted, passed[PASSED.index(NAIVE)])
    least = graph.constant(constants.get(LEAST_SCALE, 0.0))
    scale = apply("Max", passed[PASSED.index(NAIVE_ERROR)], least)
    lower = apply("Add", predicted, apply("Mul", scale, lower))
    upper = apply("Add", predicted, apply("Mul", scale, upper))
    step = passed[PASSED.index(STEP)]
    factors = [constants[FACTOR] * constants[factor_name(at)] for at in range(len(ends))]
    factor = graph.constant(factors[0])
    for end, later in zip(ends[:-1], factors[1:], strict=True):
        behind = apply("Greater", step, graph.constant(float(end)))
        factor = apply("Where", behind, graph.constant(later), factor)
    heads = (predicted, lower, upper, loss, baseline_loss)
    passed_on = {
        STEP_FIELD if name == STEP else name: tensor
        for name, tensor in zip(PASSED, passed, strict=True)
    }
    return {**interval_graph(graph, heads, factor, constants), **passed_on}
