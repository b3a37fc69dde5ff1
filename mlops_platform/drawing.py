"""The one look of every figure: legible at 600 pixels on a light page."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, GRID, GREY = "#1f2933", "#d9dee4", "#8a94a0"
BLUE, ORANGE, RED = "#2563a8", "#c2570c", "#b3261e"
STYLE: Any = {
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "legend.frameon": False,
}
WIDTH = 6.0
"""Inches; heights follow from what is drawn."""
CARD_DOTS_PER_INCH = 150
"""Of the figures of a model card, which are printed too."""


def new_figure(
    height: float, dots_per_inch: int, layout: Literal["constrained"] | None = "constrained"
) -> Figure:
    """Empty figure of the common width; draw and save it within `rc_context(STYLE)`.

    Args:
        layout: None where the margins are set by hand.
    """
    from matplotlib.figure import Figure

    return Figure(figsize=(WIDTH, height), dpi=dots_per_inch, layout=layout)


def card_canvas(height: float) -> tuple[Figure, Axes]:
    """Empty figure of a model card, with one pair of axes."""
    figure = new_figure(height, CARD_DOTS_PER_INCH)
    return figure, figure.subplots()


def png_of(figure: Figure) -> bytes:
    """The figure as the bytes of a PNG file."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()
