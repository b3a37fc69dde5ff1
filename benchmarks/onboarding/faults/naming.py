"""What the platform says of a table: whether it names the fault, and what else it warns of."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.onboarding.faults.clean_table import CleanTable
from benchmarks.onboarding.faults.kinds import KINDS, Faulty
from mlops_platform.data.profiling.finding import Finding
from mlops_platform.data.profiling.findings import findings
from mlops_platform.data.profiling.scan import scan_files
from mlops_platform.usecases.leakage.judge import leakage_findings
from mlops_platform.usecases.leakage.question import Question


@dataclass(frozen=True)
class Outcome:
    """Whether a fault was named: the right kind of the right column."""

    table: str
    kind: str
    seed: int
    column: str | None
    variant: str
    named: bool


def said_of(frame: pd.DataFrame, table: CleanTable) -> tuple[Finding, ...]:
    """Everything that is found in a frame, as a file."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "table.csv"
        frame.to_csv(file, index=False)
        with scan_files([file]) as scanned:
            question = Question(**table.question)
            return (*findings(scanned.profile), *leakage_findings(scanned, question))


def outcome_of(table: CleanTable, kind: str, seed: int) -> Outcome:
    """Put a fault into a table, and look whether it is named.

    Raises:
        NoPlaceError: no column could have it.
    """
    generator = np.random.default_rng([seed, *map(ord, kind + table.name)])
    fault = KINDS[kind]
    faulty = fault.put(table, generator)
    named = any(
        finding.kind in fault.named_by and (faulty.column is None or _is_of(finding, faulty))
        for finding in said_of(faulty.frame, table)
    )
    return Outcome(table.name, kind, seed, faulty.column, faulty.variant, named)


def _is_of(finding: Finding, faulty: Faulty) -> bool:
    return faulty.column in finding.columns


def warnings_of(table: CleanTable) -> list[Finding]:
    """What is warned of in the table as it is."""
    return [finding for finding in said_of(table.frame, table) if finding.level != "note"]
