"""Coverage of carriers and airports, and how sure it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from benchmarks.intervals.flights import DAY, SUBGROUPS
from benchmarks.intervals.weeks import FIRST_DAY, REPORTED, Served
from benchmarks.report import markdown_table

FEWEST_ROWS = 300
RESAMPLES, SEED = 2000, 0


def subgroup_table(served: Mapping[str, Served]) -> str:
    """Coverage by deployment, with its interval; bold where the interval goes below 0.85."""
    cells = {name: dict(_coverage_of_subgroups(of)) for name, of in served.items()}
    subgroups = next(iter(cells.values()))
    rows = [[subgroup, *(of[subgroup] for of in cells.values())] for subgroup in subgroups]
    return markdown_table(["subgroup", *(f"retrained {name}" for name in cells)], rows)


def _coverage_of_subgroups(served: Served) -> Iterator[tuple[str, str]]:
    reported = served.rows.days >= FIRST_DAY + 7 * REPORTED.start * DAY
    random = np.random.default_rng(SEED)
    for column in SUBGROUPS:
        names = vars(served.rows)[column]
        for name in np.unique(names):
            kept = reported & (names == name)
            if kept.sum() < FEWEST_ROWS:
                continue
            inside = served.inside[kept]
            days, at = np.unique(served.rows.days[kept], return_inverse=True)
            draws = random.multinomial(len(days), np.full(len(days), 1 / len(days)), RESAMPLES)
            means = (draws @ np.bincount(at, weights=inside)) / (draws @ np.bincount(at))
            low, high = np.quantile(means, [0.05, 0.95])
            mark = "**" if low < 0.85 else ""
            text = f"{mark}{inside.mean():.3f}{mark} ({low:.3f}–{high:.3f})"
            yield f"{column} {name}, {kept.sum()} rows", text
