"""Leakage, and other ways in which a label and its table do not fit together."""

from __future__ import annotations

from mlops_platform.data.profiling.finding import Finding
from mlops_platform.data.profiling.scanned_table import ScannedTable
from mlops_platform.usecases.leakage.question import Question


def leakage_findings(table: ScannedTable, question: Question) -> tuple[Finding, ...]:
    """What speaks against a question to a table, what matters most first.

    Raises:
        DataError: an expression of the question is none of this table.
        ValidationError: `question.task` is no task.
    """
    raise NotImplementedError
