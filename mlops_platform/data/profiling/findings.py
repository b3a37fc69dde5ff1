"""What is to be known of a scanned table before a model is made of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from mlops_platform.data.profiling.concerns.cardinality import cardinality
from mlops_platform.data.profiling.concerns.constants import constants
from mlops_platform.data.profiling.concerns.history import future_rows, history
from mlops_platform.data.profiling.concerns.identifiers import identifiers
from mlops_platform.data.profiling.concerns.keys import keys
from mlops_platform.data.profiling.concerns.missing import missing_values
from mlops_platform.data.profiling.concerns.moments import moments
from mlops_platform.data.profiling.concerns.personal import personal
from mlops_platform.data.profiling.concerns.text import dialect
from mlops_platform.data.profiling.finding import Finding
from mlops_platform.data.profiling.profile import TableProfile

CONCERNS: Final[tuple[Callable[[TableProfile], Iterable[Finding]], ...]] = (
    *(keys, moments, history, future_rows, identifiers, missing_values, constants),
    *(cardinality, personal, dialect),
)
LEVELS: Final = ("refuse", "warn", "note")


def findings(profile: TableProfile) -> tuple[Finding, ...]:
    """Everything that a profile alone tells, what matters most first."""
    return by_level(finding for concern in CONCERNS for finding in concern(profile))


def by_level(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """What matters most first, otherwise as they come."""
    return tuple(sorted(found, key=lambda finding: LEVELS.index(finding.level)))
