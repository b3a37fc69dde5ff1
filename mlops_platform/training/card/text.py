"""A model card as Markdown and as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

from mlops_platform.clock import moment_text
from mlops_platform.fairness.limits import interval_text
from mlops_platform.fairness.record import FigureInterval, Gap, GroupFigure, ReferenceGap
from mlops_platform.formats.digits import digits
from mlops_platform.templates import Templates, markdown_cell
from mlops_platform.training.card.record import Card

LEAST_COUNT: Final = 10
"""A figure without a fraction, from here on, is one of something that is counted."""


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
        (f"{_words(name).capitalize()} on the test rows", b64encode(png).decode("ascii"))
        for name, png in figures.items()
    ]
    return _TEMPLATES.render("card.html.j2", card=card, images=images)


def _option(value: object) -> str:
    """What the YAML says of a task, in words."""
    if isinstance(value, Mapping):
        return ", ".join(
            f"{_words(name)} ({_option(part)})"
            if isinstance(part, Mapping)
            else f"{_words(name)} {_option(part)}"
            for name, part in value.items()
        )
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return _words(value) if isinstance(value, str) and "." not in value else str(value)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _days(span: tuple[date, date], has_event_time: bool) -> str:
    """When rows were, or landed where nothing says when they were."""
    first, last = span
    days = f"from {first} to {last}" if first < last else f"on {first}"
    return days if has_event_time else f"that landed {days}"


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    is_count = isinstance(value, int) or (abs(value) >= LEAST_COUNT and value == round(value))
    return f"{value:,.0f}" if is_count else f"{value:,.4f}"


def _figure(figure: GroupFigure) -> str:
    """Of a group, with its interval; marked where it is compared with none."""
    few = "" if figure.judged else ", few"
    return f"{_with_interval(figure.value, figure.interval)}{few}"


def _gap(gap: Gap | None) -> str:
    return _with_interval(gap.value, gap.interval) if gap else "-"


def _reference_difference(gap: ReferenceGap) -> str:
    return _with_interval(gap.difference, gap.difference_interval)


def _reference_ratio(gap: ReferenceGap) -> str:
    return _with_interval(gap.ratio, gap.ratio_interval)


def _with_interval(value: float | None, interval: FigureInterval | None) -> str:
    if value is None:
        return "-"
    return f"{digits(value)} ({interval_text(interval)})" if interval else digits(value)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


_TEMPLATES: Final = Templates(
    "mlops_platform.training.card",
    {
        "cell": markdown_cell,
        "words": _words,
        "number": _number,
        "moment": moment_text,
        "percent": _percent,
        "option": _option,
        "days": _days,
        "figure": _figure,
        "gap": _gap,
        "reference_difference": _reference_difference,
        "reference_ratio": _reference_ratio,
    },
)
