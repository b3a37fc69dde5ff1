"""What the outcomes themselves are like."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mlops_platform.data.profiling.concerns.lists import percent
from mlops_platform.data.profiling.finding import Finding
from mlops_platform.usecases.leakage.evidence import Evidence

RARE: Final = 0.05
FEW: Final = 50
"""Outcomes of a kind of which fewer tell little of it."""


def outcomes(evidence: Evidence) -> Iterator[Finding]:
    """Missing ones, all alike, and kinds of which there are few."""
    rows, labelled = len(evidence.frame), len(evidence.labelled)
    if labelled < rows:
        yield Finding(
            kind="unlabelled",
            level="note",
            text=(
                f"{percent(rows - labelled, rows)} of the rows have no outcome: they are scored, "
                "and not learnt from."
            ),
        )
    refusal = evidence.task.refusal(evidence.targets)
    if refusal is not None:
        yield Finding(
            kind="one_outcome",
            level="refuse",
            text=(
                f"Of {labelled:,} rows, {refusal.found}: nothing can be learnt without "
                f"{refusal.needed}."
            ),
            fix="--label",
        )
    elif evidence.task.has_classes:
        yield from _imbalance(evidence, labelled)


def _imbalance(evidence: Evidence, labelled: int) -> Iterator[Finding]:
    kind, rows = min(evidence.task.events(evidence.targets).items(), key=lambda item: item[1])
    if rows < FEW or rows < RARE * labelled:
        yield Finding(
            kind="imbalance",
            level="warn" if rows < FEW else "note",
            text=(
                f"{percent(rows, labelled)} of the outcomes are {kind} ({rows:,} of {labelled:,} "
                "that were looked at)."
            ),
        )
