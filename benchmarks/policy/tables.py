"""The policies' results as Markdown and as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.report import markdown_table
from mlops_platform.drawing import BLUE, GREY, INK, ORANGE, STYLE


@dataclass(frozen=True)
class Line:
    """One policy on one configuration.

    Attributes:
        kind: `calendar`, `hindsight`, `published` or `ours`; the picture tells them apart.
        share: of the log loss that weekly retraining saves, from the first of April on.
        over_starts: the same, mean over the weeks in which the first champion may have begun.
    """

    policy: str
    kind: str
    fits: int
    share: float
    over_starts: float | None = None
    fits_over_starts: float | None = None


@dataclass(frozen=True)
class Config:
    """An estimator on a history, with the two losses that its shares are measured by."""

    name: str
    never: float
    weekly: float
    cpu_seconds: float
    lines: Sequence[Line]


def policy_table(configs: Sequence[Config]) -> str:
    """Share and number of fits of every policy; in brackets the means over the starts."""
    header = ["policy", *(config.name for config in configs)]
    anchors = [
        ["log loss, never", *(f"{one.never:.4f}" for one in configs)],
        ["log loss, every week", *(f"{one.weekly:.4f}" for one in configs)],
        ["CPU s of a fit", *(f"{one.cpu_seconds:.2f}" for one in configs)],
    ]
    names = list(dict.fromkeys(line.policy for one in configs for line in one.lines))
    rows = [
        [name, *(_cell(next((o for o in one.lines if o.policy == name), None)) for one in configs)]
        for name in names
    ]
    return markdown_table(header, [*anchors, *rows])


def draw(configs: Sequence[Config], path: Path) -> None:
    """Share against number of fits, one panel per configuration."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(STYLE):
        lines = -(-len(configs) // 2)
        figure = Figure(figsize=(10, 3.5 * lines), dpi=110, layout="constrained")
        panels = figure.subplots(lines, 2, squeeze=False).flat
        for axes, config in zip(panels, configs, strict=False):
            for kind, colour in (("hindsight", ORANGE), ("calendar", GREY)):
                of_kind = sorted((o for o in config.lines if o.kind == kind), key=lambda o: o.fits)
                shares = [line.share for line in of_kind]
                axes.plot([o.fits for o in of_kind], shares, ".-", color=colour, label=kind)
            for kind, colour in (("published", INK), ("rule", GREY), ("growth", BLUE)):
                of_kind = [line for line in config.lines if line.kind == kind]
                shares = [line.share for line in of_kind]
                axes.scatter([o.fits for o in of_kind], shares, color=colour, label=kind, zorder=3)
            axes.set_title(config.name)
            axes.set_xlim(0, 20)
            axes.set_ylim(0, 1.3)
            axes.set_xlabel("fits")
            axes.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
            axes.legend(loc="lower right")
        figure.savefig(path)


def _cell(line: Line | None) -> str:
    if line is None:
        return "–"
    cell = f"{line.share:.0%} / {line.fits}"
    if line.over_starts is None or line.fits_over_starts is None:
        return cell
    return f"{cell} ({line.over_starts:.0%} / {line.fits_over_starts:.1f})"
