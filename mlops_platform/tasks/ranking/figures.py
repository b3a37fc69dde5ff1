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
