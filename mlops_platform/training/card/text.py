"""A model card as Markdown and as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mlops_platform.templates import Templates
from mlops_platform.training.card.record import Card

FIGURE_TITLES: Mapping[str, str] = {
    "calibration": "Calibration on the test rows",
    "curves": "ROC and precision-recall curves",
    "confusion": "Confusion matrix",
    "subgroups": "Subgroups",
    "importance": "Permutation importance",
}


def card_markdown(card: Card) -> str:
    """The card as Markdown tables and text."""
    return _TEMPLATES.render("card.md.j2", card=card)


def card_html(card: Card, figures: Mapping[str, bytes] = {}) -> str:
    """The card as one HTML page without any outside reference; prints well, light and dark.

    Args:
        card: what to show.
        figures: PNG bytes by name, as `figures_of` gives them; embedded.
    """
    from base64 import b64encode

    images = [
        (title, b64encode(figures[name]).decode("ascii"))
        for name, title in FIGURE_TITLES.items()
        if name in figures
    ]
    return _TEMPLATES.render("card.html.j2", card=card, images=images)


def _cell(value: object) -> str:
    """Text that cannot break out of a Markdown table cell or become HTML."""
    text = str(value).replace("\\", "\\\\").replace("|", "\\|")
    return " ".join(text.replace("<", "&lt;").split())


def _words(name: str) -> str:
    return name.replace("_", " ")


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4f}"


_TEMPLATES: Final = Templates(
    "mlops_platform.training.card", {"cell": _cell, "words": _words, "number": _number}
)
