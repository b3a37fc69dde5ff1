"""Figures of a regression: outcomes by prediction, errors, coverage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlops_platform.drawing import BLUE, GREY, ORANGE, STYLE, card_canvas, png_of
from mlops_platform.tasks.regression.details import Details

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def figures_of(metrics: Mapping[str, float], details: Mapping[str, Any]) -> dict[str, bytes]:
    """PNG bytes by name."""
    from matplotlib import rc_context

    read = Details.model_validate(details)
    with rc_context(STYLE):
        figures = {
            "outcomes_by_prediction": _outcomes(read, metrics["d2"]),
            "errors": _errors(read, metrics["bias"]),
            "coverage": _coverage(read, metrics["coverage"]),
        }
        return {name: png_of(figure) for name, figure in figures.items()}


def _outcomes(details: Details, d2: float) -> Figure:
    figure, axes = card_canvas(4.2)
    predicted = [part.predicted for part in details.bins]
    ends = [min(predicted), max(predicted)]
    axes.fill_between(
        predicted,
        [part.lower for part in details.bins],
        [part.upper for part in details.bins],
        color=BLUE,
        alpha=0.15,
        label="mean interval",
    )
    axes.vlines(
        predicted,
        [part.low for part in details.bins],
        [part.high for part in details.bins],
        color=GREY,
        label="middle 90 % of outcomes",
    )
    axes.plot(ends, ends, color=GREY, linestyle="--", label="as predicted")
    observed = [part.observed for part in details.bins]
    axes.plot(predicted, observed, color=BLUE, marker="o", label="mean outcome")
    axes.set(xlabel="mean prediction", ylabel="outcome")
    axes.set_title(f"Outcomes by prediction: D2 {d2:.3f}, bins of equal size")
    axes.legend(loc="upper left")
    return figure


def _errors(details: Details, bias: float) -> Figure:
    figure, axes = card_canvas(3.2)
    axes.stairs(details.errors, details.error_edges, fill=True, color=BLUE)
    axes.axvline(0, color=GREY, linestyle="--")
    axes.set(xlabel="predicted minus observed (both ends hold what lies beyond)", ylabel="rows")
    axes.set_title(f"Errors: {bias:+.3g} on average")
    return figure


def _coverage(details: Details, coverage: float) -> Figure:
    figure, axes = card_canvas(3.2)
    parts = sorted(details.bins, key=lambda part: part.width)
    axes.axhline(details.coverage, color=ORANGE, linestyle="--", label="promised")
    axes.plot(
        [part.width for part in parts],
        [part.coverage for part in parts],
        color=BLUE,
        marker="o",
        label="test rows",
    )
    axes.set(xlabel="mean width of the interval", ylabel="share inside", ylim=(0, 1.02))
    axes.set_title(f"Coverage {coverage:.3f}, by bins of similar prediction")
    axes.legend(loc="lower right")
    return figure
