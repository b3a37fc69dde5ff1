"""The platform beside a bare script: whose turn it is, and both in one table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from benchmarks.processes import Usage
from benchmarks.report import markdown_table

BARE, PLATFORM = "bare script", "platform"
ELSEWHERE = "elsewhere"
"""Phase of what the clock shows beyond all others."""

Figures = tuple[Sequence[float], Sequence[float]]
"""Of the bare script and of the platform, one per repetition."""


def in_turn(repetition: int) -> tuple[str, str]:
    """Who runs first and who second; whoever runs second finds warm file caches."""
    return (BARE, PLATFORM) if repetition % 2 == 0 else (PLATFORM, BARE)


def usage_figures(usages: Mapping[str, Sequence[Usage]]) -> dict[str, Figures]:
    """Wall time, CPU time and peak memory of both, by the name of the row."""
    bare, platform = usages[BARE], usages[PLATFORM]
    return {
        "wall s": ([one.wall_seconds for one in bare], [one.wall_seconds for one in platform]),
        "CPU s": ([one.cpu_seconds for one in bare], [one.cpu_seconds for one in platform]),
        "peak MB": (
            [one.peak_bytes / 1e6 for one in bare],
            [one.peak_bytes / 1e6 for one in platform],
        ),
    }


def ratio_table(figures: Mapping[str, Figures]) -> str:
    """Medians of both and their ratio, one row per name."""
    header = ["median of", BARE, PLATFORM, "ratio of medians", "ratio by repetition"]
    rows = [
        [
            name,
            f"{median(bare):.1f}",
            f"{median(platform):.1f}",
            f"**{median(platform) / median(bare):.2f}**",
            ", ".join(f"{p / b:.2f}" for b, p in zip(bare, platform, strict=True)),
        ]
        for name, (bare, platform) in figures.items()
    ]
    return markdown_table(header, rows)


def phase_table(
    phases: Sequence[str], runs: Mapping[str, Sequence[Mapping[str, float]]], decimals: int = 1
) -> str:
    """Median seconds of both by phase and their difference; a phase that one lacks takes none."""
    rows = []
    for phase in phases:
        bare, platform = (
            median(seconds.get(phase, 0.0) for seconds in runs[name]) for name in (BARE, PLATFORM)
        )
        cells = f"{bare:.{decimals}f}", f"{platform:.{decimals}f}"
        rows.append([phase, *cells, f"{platform - bare:+.{decimals}f}"])
    return markdown_table(["phase", BARE, PLATFORM, "difference"], rows)
