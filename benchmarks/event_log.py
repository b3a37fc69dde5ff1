"""What Dagster's event log says about the steps of a deployment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Step:
    """One executed step; times are in seconds since 1970."""

    key: str
    started_at: float
    ended_at: float

    @property
    def seconds(self) -> float:
        """From start to end."""
        return self.ended_at - self.started_at


def steps_of(home: Path) -> list[Step]:
    """Every step of every run below a folder of the platform, in the order of their start."""
    import dagster as dg

    os.environ["DAGSTER_HOME"] = str(home / "dagster")
    with dg.DagsterInstance.get() as instance:
        steps = [
            Step(found.step_key, found.start_time, found.end_time)
            for run in instance.get_runs()
            for found in instance.get_run_step_stats(run.run_id)
            if found.start_time is not None and found.end_time is not None
        ]
    return sorted(steps, key=lambda step: step.started_at)
