"""CleanTable: a table without known faults, with a label and a time."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

TIME: Final = "observed_at"
"""The column of a time that was made, where a table has none."""
FIRST: Final = pd.Timestamp("2021-01-01")
STEP: Final = pd.Timedelta(hours=6)


@dataclass(frozen=True, eq=False)
class CleanTable:
    """What faults are put into.

    Args:
        source: where it is from.
        label: its column; SQL of the outcome is `outcome`.
        time: its column.
    """

    name: str
    source: str
    frame: pd.DataFrame
    label: str
    outcome: str
    task: str
    time: str = TIME

    @property
    def columns(self) -> list[str]:
        """Those that a fault may be put into."""
        return [str(name) for name in self.frame if name not in (self.label, self.time)]

    @property
    def question(self) -> dict[str, Any]:
        """What is asked of it."""
        return {"label": self.outcome, "time": self.time, "task": {"type": self.task}}


def data_file(package: str, *parts: str) -> Path:
    """A file that an installed package ships; the package need not be importable."""
    spec = find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]).joinpath(*parts)


def with_time(frame: pd.DataFrame, drifting: str, seed: int) -> pd.DataFrame:
    """Rows in an order in which a column drifts a little, each at a time of its own.

    Files have their own order, often by the outcome: a time made of that would be a fault.
    """
    generator = np.random.default_rng(seed)
    drift = frame[drifting].rank(pct=True).fillna(0.5).to_numpy()
    ordered = frame.iloc[np.argsort(drift + generator.random(len(frame)))].reset_index(drop=True)
    jitter = pd.to_timedelta(generator.integers(0, 3600, len(frame)), unit="s")
    ordered[TIME] = FIRST + STEP * np.arange(len(frame)) + jitter
    return ordered
