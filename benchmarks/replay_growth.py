"""The whole demo: seconds of every window, how they grow, and what a retraining takes."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.processes import Usage, measured, mlops
from benchmarks.report import markdown_table, say

AT_EITHER_END = 5
"""Windows whose median stands for the beginning, and for the end."""


@dataclass(frozen=True)
class ReplayedWindow:
    """Seconds of one window.

    Attributes:
        retrain: of the sensor's tick; next to nothing where the policy waits.
        verdict: what became of the retraining, None where there was none.
    """

    start: str
    land: float
    watch: float
    retrain: float
    verdict: str | None

    @property
    def watched(self) -> float:
        """Without the retraining."""
        return self.land + self.watch


def measure_replay_growth(home: Path | None) -> str:
    """Run the demo, or read one that has finished; returns the report.

    Raises:
        RuntimeError: it failed, or has too few windows to compare its beginning with its end.
    """
    if home is not None:
        summary = home / "demo" / "summary.json"
        finished = datetime.fromtimestamp(summary.stat().st_mtime, UTC)
        said = (
            f"Read from a demo that had finished at {finished:%Y-%m-%d %H:%M} UTC: all that stands "
            "under circumstances is of the reading."
        )
        return _report(home, said)
    with tempfile.TemporaryDirectory(prefix="mlops-benchmark-") as temporary:
        folder = Path(temporary)
        environment, log = {"MLOPS_HOME": str(folder / "home")}, folder / "log"
        measured(mlops("setup"), environment, log)
        usage = measured(mlops("demo"), environment, log)
        say(f"demo: {usage.wall_seconds:.1f} s")
        return _report(folder / "home", _used(usage))


def _used(usage: Usage) -> str:
    return (
        f"From start to exit: {usage.wall_seconds:.0f} s of wall time, {usage.cpu_seconds:.0f} s "
        f"of CPU time, {usage.peak_bytes / 1e6:,.0f} MB at its peak."
    )


def _report(home: Path, said: str) -> str:
    summary = json.loads((home / "demo" / "summary.json").read_text())
    windows = _replayed_windows(summary)
    if len(windows) < 2 * AT_EITHER_END:
        raise RuntimeError(
            f"The demo in {home} replayed {len(windows)} windows. Give it at least "
            f"{2 * AT_EITHER_END}: without --windows it replays seventeen."
        )
    # The summary was written while the last phase, which wrote it, still ran.
    known = json.loads((home / "demo" / "seconds.json").read_text())
    phases = {**summary["seconds"], "sum up": known["sum up"]}
    return "\n\n".join(
        [
            said,
            _growth(windows),
            _retrainings(windows),
            "Seconds by phase:",
            _phases(phases),
            "Seconds by window:",
            _windows(windows),
        ]
    )


def _replayed_windows(summary: Mapping[str, Any]) -> list[ReplayedWindow]:
    verdicts = {one["decided_after"]: one["verdict"] for one in summary["retrainings"]}
    return [
        ReplayedWindow(**seconds, verdict=verdicts.get(seconds["start"]))
        for seconds in summary["seconds_by_window"]
    ]


def _growth(windows: Sequence[ReplayedWindow]) -> str:
    """Medians, since the first window also pays for the imports."""
    seconds = [window.watched for window in windows]
    first, last = median(seconds[:AT_EITHER_END]), median(seconds[-AT_EITHER_END:])
    return (
        f"Landing and watching a window took {first:.2f} s in the median of the first "
        f"{AT_EITHER_END} windows and {last:.2f} s in that of the last {AT_EITHER_END}: "
        f"**{last / first:.2f}** times as long."
    )


def _retrainings(windows: Sequence[ReplayedWindow]) -> str:
    rows = []
    for verdict in sorted({window.verdict for window in windows if window.verdict is not None}):
        seconds = [window.retrain for window in windows if window.verdict == verdict]
        cells = f"{median(seconds):.1f}", f"{min(seconds):.1f}", f"{max(seconds):.1f}"
        rows.append([verdict, str(len(seconds)), *cells])
    header = ["retraining", "times", "median s", "shortest s", "longest s"]
    return markdown_table(header, rows) if rows else "Nothing was retrained."


def _phases(seconds: Mapping[str, float]) -> str:
    order = ["land", "build features", "train, judge and release", "replay", "sum up"]
    rows = [[phase, f"{seconds[phase]:.1f}"] for phase in order]
    whole = sum(seconds[phase] for phase in order)
    return markdown_table(["phase", "s"], [*rows, ["**all**", f"**{whole:.1f}**"]])


def _windows(windows: Sequence[ReplayedWindow]) -> str:
    rows = [
        [
            window.start,
            f"{window.land:.2f}",
            f"{window.watch:.2f}",
            f"**{window.watched:.2f}**",
            f"{window.retrain:.2f}",
            window.verdict or "",
        ]
        for window in windows
    ]
    return markdown_table(["window", "land", "watch", "both", "retrain", "verdict"], rows)
