"""Figures of a multiclass classifier: confusion, calibration and figures by class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from mlops_platform.drawing import BLUE, GREY, ORANGE, STYLE, card_canvas, png_of
from mlops_platform.tasks.multiclass_classification.details import Details, OneClass

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_SHOWN: Final = 12
"""Classes that a picture has room for: the most frequent ones."""
LONGEST: Final = 18
"""Characters of a class's name on an axis."""


def figures_of(metrics: Mapping[str, float], details: Mapping[str, Any]) -> dict[str, bytes]:
    """PNG bytes by name."""
    from matplotlib import rc_context

    read = Details.model_validate(details)
    with rc_context(STYLE):
        figures = {
            "confusion": _confusion(read),
            "calibration": _calibration(read, metrics["class_wise_calibration_error"]),
            "classes": _classes(read, metrics["macro_f1"]),
        }
        return {name: png_of(figure) for name, figure in figures.items()}


def _shown(details: Details) -> list[int]:
    """Positions of the most frequent classes, in the declared order."""
    by_rows = sorted(
        range(len(details.classes)), key=lambda position: -details.classes[position].rows
    )
    return sorted(by_rows[:MOST_SHOWN])


def _of_all(details: Details, shown: list[int]) -> str:
    return "" if len(shown) == len(details.classes) else f" (the {len(shown)} most frequent)"


def _name(part: OneClass) -> str:
    name = part.name if len(part.name) <= LONGEST else f"{part.name[: LONGEST - 1]}…"
    # Between dollars matplotlib reads a formula.
    return name.replace("$", r"\$")


def _confusion(details: Details) -> Figure:
    shown = _shown(details)
    figure, axes = card_canvas(2.2 + 0.35 * len(shown))
    shares = [
        [details.confusion[row][column] / max(sum(details.confusion[row]), 1) for column in shown]
        for row in shown
    ]
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1.6, aspect="auto")
    for row, of_row in enumerate(shares):
        for column, share in enumerate(of_row):
            axes.text(column, row, f"{share:.0%}", ha="center", va="center", fontsize=8)
    axes.grid(False)
    names = [_name(details.classes[position]) for position in shown]
    axes.set_xticks(range(len(shown)), names, rotation=30, ha="right")
    axes.set_yticks(range(len(shown)), names)
    axes.set(xlabel="decided", ylabel="came true")
    axes.set_title(f"What was decided of each class{_of_all(details, shown)}")
    return figure


def _calibration(details: Details, error: float) -> Figure:
    figure, axes = card_canvas(4.2)
    shown = [details.classes[position] for position in _shown(details)]
    points = [(point.predicted, point.observed) for part in shown for point in part.calibration]
    end = min(1.0, 1.08 * max(value for point in points for value in point)) or 1.0
    axes.plot([0, end], [0, end], color=GREY, linestyle="--", label="perfectly calibrated")
    for part in shown:
        predicted = [point.predicted for point in part.calibration]
        observed = [point.observed for point in part.calibration]
        axes.plot(predicted, observed, marker="o", markersize=3, label=_name(part))
    axes.set(xlim=(0, end), ylim=(0, end), xlabel="mean predicted probability")
    axes.set_ylabel("share in which it came true")
    axes.set_title(f"Calibration by class: error {error:.3f}, bins of equal size")
    axes.legend(loc="upper left", fontsize=7)
    return figure


def _classes(details: Details, macro_f1: float) -> Figure:
    shown = _shown(details)
    figure, axes = card_canvas(1.6 + 0.4 * len(shown))
    parts = [details.classes[position] for position in shown]
    places = list(range(len(parts)))
    axes.barh([at - 0.2 for at in places], [p.precision for p in parts], 0.38, color=BLUE)
    axes.barh([at + 0.2 for at in places], [p.recall for p in parts], 0.38, color=ORANGE)
    axes.set_yticks(places, [f"{_name(part)} ({part.rows:,})" for part in parts])
    axes.invert_yaxis()
    axes.set(xlim=(0, 1), xlabel="precision (blue) and recall (orange)")
    axes.set_title(f"By class{_of_all(details, shown)}: macro F1 {macro_f1:.3f}")
    return figure
