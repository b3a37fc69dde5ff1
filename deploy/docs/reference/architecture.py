"""The picture of the package's layers, drawn from the contract that import-linter proves."""

import re
import tomllib
from html import escape
from typing import Final

from mlops_platform.settings import PROJECT_ROOT

WIDTH, ROW, GAP, MARGIN = 900, 40, 14, 20
COLOURS: Final = ("#2b6cb0", "#2c7a7b", "#2f855a", "#975a16", "#6b46c1", "#4a5568")
NAMES: Final = re.compile(r"[^|:()\s]+")


def layers() -> list[list[str]]:
    """Rooms of each layer, the one that knows all others first."""
    declared = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = declared["tool"]["importlinter"]["contracts"]
    contract = next(contract for contract in contracts if contract["type"] == "layers")
    return [NAMES.findall(layer) for layer in contract["layers"]]


def picture() -> str:
    """The layers as SVG: a row each, rooms that do not know each other beside each other."""
    rows = [row for layer in layers() for row in _rows(layer)]
    height = 2 * MARGIN + len(rows) * (ROW + GAP)
    drawn = [_row(rooms, position) for position, rooms in enumerate(rows)]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
            'font-family="Helvetica, Arial, sans-serif" font-size="15" role="img" '
            'aria-labelledby="title">',
            '<title id="title">The layers of the package; imports go down only</title>',
            f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
            *drawn,
            "</svg>",
            "",
        ]
    )


def _rows(layer: list[str], most: int = 6) -> list[list[str]]:
    return [layer[start : start + most] for start in range(0, len(layer), most)]


def _row(rooms: list[str], position: int) -> str:
    top = MARGIN + position * (ROW + GAP)
    width = (WIDTH - 2 * MARGIN - GAP * (len(rooms) - 1)) / len(rooms)
    colour = COLOURS[min(position // 2, len(COLOURS) - 1)]
    boxes = []
    for number, room in enumerate(rooms):
        left = MARGIN + number * (width + GAP)
        boxes.append(
            f'<rect x="{left:.0f}" y="{top}" width="{width:.0f}" height="{ROW}" rx="5" '
            f'fill="{colour}"/><text x="{left + width / 2:.0f}" y="{top + 26}" fill="#ffffff" '
            f'text-anchor="middle">{escape(room)}</text>'
        )
    return "\n".join(boxes)
