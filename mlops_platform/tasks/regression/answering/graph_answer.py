"""The answer for rows with an interval as a graph of tensors: `row_answer` once more, of many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mlops_platform.tasks.regression.columns import (
    BASELINE_LOSS_SCALE,
    LEAST_REACH,
    LOSS_SCALE,
    OUTPUTS,
)

if TYPE_CHECKING:
    from mlops_platform.tasks.answering.graph import Graph, Tensor
    from mlops_platform.tasks.finished import Constants


def interval_graph(
    graph: Graph, numbers: Sequence[Tensor], factor: Tensor, constants: Constants
) -> dict[str, Tensor]:
    """Outputs by their field.

    Args:
        numbers: of the model; those of the interval's heads.
        factor: of the reaches, for all rows or for each.
    """
    predicted, lower, upper, loss, baseline_loss = numbers
    apply, least = graph.apply, graph.constant(constants[LEAST_REACH])
    below = apply("Max", apply("Sub", predicted, lower), least)
    above = apply("Max", apply("Sub", upper, predicted), least)
    lower_end = apply("Sub", predicted, apply("Mul", factor, below))
    upper_end = apply("Add", predicted, apply("Mul", factor, above))
    tensors = (
        *(predicted, lower_end, upper_end, apply("Sub", upper_end, lower_end)),
        apply("Mul", loss, graph.constant(constants[LOSS_SCALE])),
        apply("Mul", baseline_loss, graph.constant(constants[BASELINE_LOSS_SCALE])),
    )
    return {output.field: tensor for output, tensor in zip(OUTPUTS, tensors, strict=True)}
