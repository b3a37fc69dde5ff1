"""Figures of a ranking: what is found by looking farther down, beside the rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from mlops_platform.drawing import BLUE, GREY, ORANGE, STYLE, card_canvas, png_of
from mlops_platform.tasks.ranking.details import Details

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def figures_of(details: Mapping[str, Any]) -> dict[str, bytes]:
    """PNG bytes by name."""
    from matplotlib import rc_context

    read = Details.model_validate(details)
    with rc_context(STYLE):
        return {
            "precision_by_rank": png_of(_by_rank(read, "precision")),
            "recall_by_rank": png_of(_by_rank(read, "recall")),
        }


def _by_rank(details: Details, name: Literal["precision", "recall"]) -> Figure:
    figure, axes = card_canvas(3.4)
    places = [place.k for place in details.places]
    for label, color, orders in (
        ("model", BLUE, [place.model for place in details.places]),
        ("rule", ORANGE, [place.rule for place in details.places]),
    ):
        axes.plot(
            places, [getattr(order, name) for order in orders], color=color, marker="o", label=label
        )
    if name == "precision":
        at_random = [place.at_random for place in details.places]
        axes.plot(places, at_random, color=GREY, linestyle="--", label="at random")
    axes.axvline(details.k, color=GREY, linewidth=0.8)
    axes.set(xlabel="rows of a group that are looked at", ylabel=name, ylim=(0, 1.02))
    axes.set_title(f"{name.capitalize()} of the first rows, a mean over groups")
    axes.legend(loc="best")
    return figure
