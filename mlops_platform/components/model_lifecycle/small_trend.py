"""A trend that an asset's page shows at once: Dagster opens a larger picture in a window only."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Final, TypeGuard
from urllib.parse import quote

import dagster as dg

from mlops_platform.formats.digits import digits

MOST_CHARACTERS: Final = 999
"""From a thousand on Dagster shows a button in the place of Markdown."""
COLOURS: Final = ("steelblue", "darkorange", "gray")
WIDTH, HEIGHT = 300, 80
Line = Sequence[float | None]


def small_trend(
    lines: Mapping[str, Line], windows: Sequence[str]
) -> dg.MarkdownMetadataValue | None:
    """One line for each figure, over as many of the latest windows as there is room for.

    Args:
        lines: by name, at most three, each with one figure for a window; None where it is unknown.
        windows: their names, oldest first.

    Returns:
        Markdown, or None where no figure is known.
    """
    for first in range(len(windows)):
        latest = {name: line[first:] for name, line in lines.items()}
        if not any(_is_known(value) for line in latest.values() for value in line):
            return None
        markdown = _markdown(latest, windows[first:])
        if len(markdown) <= MOST_CHARACTERS:
            return dg.MetadataValue.md(markdown)
    return None


def _markdown(lines: Mapping[str, Line], windows: Sequence[str]) -> str:
    known = [value for line in lines.values() for value in line if _is_known(value)]
    least, most = min(known), max(known)
    shown = {name: line for name, line in lines.items() if any(map(_is_known, line))}
    colours = dict(zip(lines, COLOURS, strict=False))
    legend = ", ".join(f"{name} ({colours[name]})" for name in shown)
    paths = "".join(_path(line, colours[name], least, most) for name, line in shown.items())
    svg = (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{WIDTH}' height='{HEIGHT + 4}'>"
        f"<g fill='none' stroke-width='2'>{paths}</g></svg>"
    )
    # No colour by `#` and no bracket: each would end the address.
    address = quote(svg, safe="<>/=':,.+-")
    picture = f"![{legend}](data:image/svg+xml,{address})"
    span = f"{windows[0]} to {windows[-1]}: {digits(least)} to {digits(most)}"
    return f"{picture}\n\n{legend}; {span}"


def _path(line: Line, colour: str, least: float, most: float) -> str:
    """A figure that is unknown interrupts its line; one that stands alone is a dot."""
    step = WIDTH / max(len(line) - 1, 1)
    pieces, pen_is_down = "", False
    for position, value in enumerate(line):
        if not _is_known(value):
            pen_is_down = False
            continue
        height = HEIGHT * (most - value) / (most - least) if most > least else HEIGHT / 2
        point = f"{position * step:.0f},{2 + height:.0f}"
        pieces += f"L{point}" if pen_is_down else f"M{point}h2"
        pen_is_down = True
    return f"<path stroke='{colour}' d='{pieces}'/>"


def _is_known(value: float | None) -> TypeGuard[float]:
    return value is not None and isfinite(value)
