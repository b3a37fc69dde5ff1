"""Leakage, and other ways in which a label and its table do not fit together."""

from __future__ import annotations

from mlops_platform.data.profiling.finding import Finding
from mlops_platform.data.profiling.findings import by_level
from mlops_platform.data.profiling.scanned_table import ScannedTable
from mlops_platform.usecases.leakage.absence import unlabelled_alike
from mlops_platform.usecases.leakage.determined import determining_columns
from mlops_platform.usecases.leakage.evidence import gather
from mlops_platform.usecases.leakage.level_jumps import level_jumps
from mlops_platform.usecases.leakage.moments import later_times, outcome_moments, rows_to_come
from mlops_platform.usecases.leakage.outcomes import outcomes
from mlops_platform.usecases.leakage.question import Question
from mlops_platform.usecases.leakage.row_order import shuffled_time
from mlops_platform.usecases.leakage.single_columns import telling_columns


def leakage_findings(table: ScannedTable, question: Question) -> tuple[Finding, ...]:
    """What speaks against a question to a table, what matters most first.

    Columns of the label, of the time, of the entity and dropped ones are no features, and are not
    looked at; a column that was told of for its skill is not told of again for deciding the label.

    Raises:
        DataError: an expression of the question is none of this table.
        ValidationError: `question.task` is no task.
    """
    evidence = gather(table, question)
    findings = [*outcomes(evidence), *outcome_moments(evidence), *rows_to_come(table, evidence)]
    telling = [*telling_columns(evidence), *unlabelled_alike(evidence)]
    named = {name for finding in telling for name in finding.columns}
    findings += telling
    findings += [
        finding for finding in determining_columns(evidence) if named.isdisjoint(finding.columns)
    ]
    findings += [*later_times(evidence), *level_jumps(evidence), *shuffled_time(evidence)]
    return by_level(findings)
