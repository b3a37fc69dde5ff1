"""What the ways came to from July to December, and whether the platform's reached its goals."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from benchmarks.intervals.champions import COVERAGE
from benchmarks.intervals.choice import DEARER, PLATFORM
from benchmarks.intervals.weeks import REPORTED, Served, Weeks
from benchmarks.report import markdown_table

UNCONDITIONAL, PLAIN = "unconditional quantiles", "quantile regression"
SPLIT, STILL = "split conformal, held-out rows", "CQR by reaches"
DEPLOYED = "CQR by reaches, held-out rows"


RIVALS = {PLAIN: DEARER, STILL: DEARER, UNCONDITIONAL: 1.0}
"""By how much the interval score may be that of another way."""


def goal_table(
    served: Mapping[str, Mapping[str, Served]],
    judged: str = PLATFORM,
    rivals: Mapping[str, float] = RIVALS,
) -> str:
    """Every goal of one way, by deployment."""
    columns = [_goals(by_way, judged, rivals) for by_way in served.values()]
    rows = [[goal, *(goals[goal] for goals in columns)] for goal in columns[0]]
    return markdown_table([judged, *(f"retrained {name}" for name in served)], rows)


def _goals(
    by_way: Mapping[str, Served], judged: str, rivals: Mapping[str, float]
) -> dict[str, str]:
    platform, weeks = by_way[judged], Weeks.of(by_way[judged])
    mean = float(weeks.coverage[REPORTED].mean())
    wide, narrow = (weeks.within(reach, REPORTED) for reach in (0.05, 0.02))
    score = float(weeks.score[REPORTED].mean())
    others = {way: score / float(Weeks.of(by_way[way]).score[REPORTED].mean()) for way in rivals}
    widths = platform.upper - platform.lower
    unusable = int((~np.isfinite(widths) | (widths <= 0)).sum())
    return {
        "mean coverage within 0.01 of 0.9": _reached(f"{mean:.3f}", abs(mean - COVERAGE) <= 0.01),
        "0.85–0.95 in 95 % of the weeks": _reached(f"{wide:.0%}", wide >= 0.95),
        "0.88–0.92 in 75 % of the weeks": _reached(f"{narrow:.0%}", narrow >= 0.75),
        **{
            f"score over that of {way}, at most {most:g}": _reached(f"{ratio:.3f}", ratio <= most)
            for (way, ratio), most in zip(others.items(), rivals.values(), strict=True)
        },
        "empty or infinite intervals": _reached(str(unusable), unusable == 0),
    }


def _reached(value: str, reached: bool) -> str:
    return value if reached else f"**{value}, missed**"


def way_table(name: str, by_way: Mapping[str, Served]) -> str:
    """Coverage of the weeks, interval score and width of every way in one deployment."""
    header = [
        *("retrained " + name, "mean coverage", "0.85–0.95", "0.88–0.92", "least", "most"),
        *("interval score", "width"),
    ]
    rows = []
    for way, served in by_way.items():
        weeks = Weeks.of(served)
        coverage = weeks.coverage[REPORTED]
        rows.append(
            [
                way,
                f"{coverage.mean():.3f}",
                f"{weeks.within(0.05, REPORTED):.0%}",
                f"{weeks.within(0.02, REPORTED):.0%}",
                f"{coverage.min():.3f}",
                f"{coverage.max():.3f}",
                f"{weeks.score[REPORTED].mean():.1f}",
                f"{weeks.width[REPORTED].mean():.1f}",
            ]
        )
    return markdown_table(header, rows)
