"""What is to be known of a scanned table before a model is made of it."""

from __future__ import annotations

from mlops_platform.data.profiling.finding import Finding
from mlops_platform.data.profiling.profile import TableProfile


def findings(profile: TableProfile) -> tuple[Finding, ...]:
    """Everything that a profile alone tells, what matters most first."""
    raise NotImplementedError
