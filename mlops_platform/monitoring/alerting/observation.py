"""Observation: one look at one thing that can fail."""

from datetime import datetime
from typing import Any

from pydantic import Field

from mlops_platform.record import Record
from mlops_platform.spec import AlertSeverity


class Observation(Record):
    """What a look has found.

    Args:
        check: what was looked at, such as ``drift_report/prediction_drift`` or ``run/train``.
        cause: tells the faults of one check apart; a pass with None is one of all of them.
        severity: None where it passed.
        seen_at: by the clock of the machine that looked, which orders looks at the same thing.
        window: the window that was looked at, where it was one.
        run_id: the run that looked or failed.
        summary: what was found, in words.
        facts: figures for the post-mortem; finite numbers, strings, lists and mappings only.
    """

    check: str
    cause: str | None = ""
    severity: AlertSeverity | None
    seen_at: datetime
    window: str | None = None
    run_id: str | None = None
    summary: str
    facts: dict[str, Any] = Field(default={})

    @property
    def occasion(self) -> str:
        """Two looks at the same window, or at the same run, are one occasion."""
        return self.window or self.run_id or ""
