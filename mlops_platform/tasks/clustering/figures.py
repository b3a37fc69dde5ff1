"""A figure of clusters: how many rows each has, and how surely they belong to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlops_platform.drawing import BLUE, GREY, STYLE, card_canvas, png_of
from mlops_platform.tasks.clustering.details import Details
from mlops_platform.tasks.clustering.stability import LEAST_STABLE

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def figures_of(details: Mapping[str, Any]) -> dict[str, bytes]:
    """PNG bytes by name."""
    from matplotlib import rc_context

    with rc_context(STYLE):
        return {"clusters": png_of(_clusters(Details.model_validate(details)))}


def _clusters(details: Details) -> Figure:
    figure, axes = card_canvas(3.4)
    names = [each.name for each in details.clusters]
    lefts = range(len(names))
    axes.bar(lefts, [each.share for each in details.clusters], color=BLUE, label="share of rows")
    axes.plot(
        lefts, [each.stability for each in details.clusters], "o", color=GREY, label="stability"
    )
    axes.axhline(LEAST_STABLE, color=GREY, linestyle="--", label="below it a cluster dissolves")
    axes.set(ylim=(0, 1.3), xlabel="cluster", xticks=lefts, xticklabels=names)
    axes.set_title("Share and stability of each cluster")
    axes.legend(loc="upper center", ncols=3)
    return figure
