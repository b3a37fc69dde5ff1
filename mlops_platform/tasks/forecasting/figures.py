"""Figures of a forecast: errors and coverage by step, and those of any interval."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlops_platform.drawing import BLUE, GREY, ORANGE, STYLE, card_canvas, png_of
from mlops_platform.tasks.forecasting.details import ForecastDetails
from mlops_platform.tasks.regression.figures import figures_of as interval_figures

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def forecast_figures(metrics: Mapping[str, float], details: ForecastDetails) -> dict[str, bytes]:
    """PNG bytes by name."""
    from matplotlib import rc_context

    with rc_context(STYLE):
        own = {
            "error_by_horizon": png_of(_errors(details, metrics["d2"])),
            "coverage_by_horizon": png_of(_coverage(details)),
        }
    return {**own, **interval_figures(metrics, details.interval.model_dump(mode="json"))}


def _errors(details: ForecastDetails, d2: float) -> Figure:
    figure, axes = card_canvas(3.6)
    steps = [part.last for part in details.steps]
    naive = [part.naive_error for part in details.steps]
    own = [part.figures["absolute_error"] for part in details.steps]
    axes.plot(steps, naive, color=GREY, linestyle="--", marker="o", label="seasonal naive")
    axes.plot(steps, own, color=BLUE, marker="o", label="forecast")
    axes.set(xlabel="step", ylabel="mean absolute error", ylim=(0, None))
    axes.set_title(f"Error by horizon: D2 {d2:.3f} over all steps")
    axes.legend(loc="lower right")
    return figure


def _coverage(details: ForecastDetails) -> Figure:
    figure, axes = card_canvas(3.2)
    steps = [part.last for part in details.steps]
    covered = [part.figures["coverage"] for part in details.steps]
    axes.axhline(details.coverage, color=ORANGE, linestyle="--", label="promised")
    axes.plot(steps, covered, color=BLUE, marker="o", label="test rows")
    axes.set(xlabel="step", ylabel="share inside", ylim=(0, 1.02))
    axes.set_title("Coverage by horizon")
    axes.legend(loc="lower right")
    return figure
