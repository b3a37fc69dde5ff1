"""What follows raw scores, as operators: the functions of `compiled/links.py` for many rows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import TYPE_CHECKING, Final

from mlops_platform.serving.scoring.compiled.links import (
    SMALLEST,
    Complement,
    Exponential,
    Identity,
    Isotonic,
    Joint,
    Link,
    Nearest,
    Sigmoid,
    Softmax,
    Temperature,
)

if TYPE_CHECKING:
    from mlops_platform.exporting.onnx_form.builder import OnnxGraph
    from mlops_platform.tasks import Tensor

DOUBLE_TYPE: Final = 11
"""ONNX's number of float64."""


def linked_number(graph: OnnxGraph, link: Link, raw: Tensor) -> Tensor:
    """The number of each row, shape (rows,)."""
    if isinstance(link, Identity):
        return raw
    if isinstance(link, Exponential):
        return graph.apply("Exp", raw)
    if isinstance(link, Sigmoid):
        scaled = graph.apply("Mul", raw, graph.constant(float(link.slope)))
        return _expit(graph, graph.apply("Add", scaled, graph.constant(float(link.offset))))
    if isinstance(link, Temperature):
        other = graph.apply("Sub", graph.constant(1.0), raw)
        log_odds = graph.apply("Sub", _log(graph, raw), _log(graph, other))
        return _expit(graph, graph.apply("Mul", log_odds, graph.constant(float(link.factor))))
    return _isotonic(graph, link, raw)


def joint_numbers(graph: OnnxGraph, joint: Joint, numbers: Sequence[Tensor]) -> list[Tensor]:
    """Probabilities of the classes, or what is nearest and how far all are, shape (rows,) each."""
    if isinstance(joint, Nearest):
        count = len(numbers) // 2
        closest = graph.apply("ArgMax", graph.columns(numbers[count:]), axis=1, keepdims=0)
        is_it = [graph.apply("Equal", closest, graph.positions([at])) for at in range(count)]
        belonging = [graph.apply("Cast", belongs, to=DOUBLE_TYPE) for belongs in is_it]
        return [*belonging, *numbers[:count]]
    if isinstance(joint, Complement):
        return [graph.apply("Sub", graph.constant(1.0), numbers[0]), numbers[0]]
    if isinstance(joint, Softmax):
        scores = numbers if joint.is_margin else [_log(graph, number) for number in numbers]
        factor = graph.constant(float(joint.factor))
        scaled = [graph.apply("Mul", factor, score) for score in scores]
        greatest = graph.apply("Max", *scaled)
        odds = [graph.apply("Exp", graph.apply("Sub", score, greatest)) for score in scaled]
        return [graph.apply("Div", part, _sum(graph, odds)) for part in odds]
    total = _sum(graph, numbers)
    nothing = graph.apply("Equal", total, graph.constant(0.0))
    same = graph.constant(1 / len(numbers))
    return [
        graph.apply("Where", nothing, same, graph.apply("Div", number, total)) for number in numbers
    ]


def _expit(graph: OnnxGraph, log_odds: Tensor) -> Tensor:
    """`1 / (1 + exp(-x))`: where the exponential overflows it is 0, as it should be."""
    odds_against = graph.apply("Exp", graph.apply("Neg", log_odds))
    one = graph.constant(1.0)
    return graph.apply("Div", one, graph.apply("Add", one, odds_against))


def _log(graph: OnnxGraph, probability: Tensor) -> Tensor:
    return graph.apply("Log", graph.apply("Add", probability, graph.constant(SMALLEST)))


def _sum(graph: OnnxGraph, tensors: Sequence[Tensor]) -> Tensor:
    return reduce(lambda total, tensor: graph.apply("Add", total, tensor), tensors)


def _isotonic(graph: OnnxGraph, link: Isotonic, raw: Tensor) -> Tensor:
    """A line from knot to knot; a row's knot is the last of those that it has reached."""
    knots = [float(knot) for knot in link.raw]
    levels = [float(level) for level in link.probabilities]
    if len(knots) == 1:
        # Level everywhere; a row of NaN stays one.
        nothing = graph.apply("Mul", raw, graph.constant(0.0))
        return graph.apply("Add", nothing, graph.constant(levels[0]))
    within = graph.apply(
        "Min", graph.apply("Max", raw, graph.constant(knots[0])), graph.constant(knots[-1])
    )
    upright = graph.apply("Unsqueeze", within, graph.positions([1]))
    reached = graph.apply("GreaterOrEqual", upright, graph.constant(knots[1:-1] or [float("inf")]))
    counted = graph.apply("Cast", reached, to=7)
    at = graph.apply("ReduceSum", counted, graph.positions([1]), keepdims=0)
    pairs = zip(knots, knots[1:], levels, levels[1:], strict=False)
    slopes = [(above - below) / (end - start) for start, end, below, above in pairs]
    start, level, slope = (
        graph.apply("Gather", graph.constant(values), at)
        for values in (knots[:-1], levels[:-1], slopes)
    )
    rise = graph.apply("Mul", slope, graph.apply("Sub", within, start))
    return graph.apply("Add", rise, level)
