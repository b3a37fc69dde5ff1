"""Columns that alone tell too much of the outcome."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from mlops_platform.data.profiling.finding import Finding, Level
from mlops_platform.data.profiling.profile import ColumnProfile
from mlops_platform.usecases.leakage.absence import absence_of
from mlops_platform.usecases.leakage.evidence import Evidence
from mlops_platform.usecases.leakage.skill import Skill, column_skill

REFUSED: Final = 0.9
"""Share of the loss that no single honest column saves on later rows."""
WARNED: Final = 0.4
"""The same, of a column that stands out from all others."""
STANDS_OUT: Final = 0.6
"""What it leaves of the loss, at most, of what the next best column leaves."""
TWINS: Final = 0.97
"""Rank correlation from which two columns are one, written twice."""
LEAST_LATER: Final = 30


def telling_columns(evidence: Evidence) -> Iterator[Finding]:
    """Of absence first: a column that is told by it tells much by its values, too."""
    if not evidence.is_judgeable or len(evidence.labelled) - evidence.first_later < LEAST_LATER:
        return
    skills = {column.name: column_skill(evidence, column) for column in evidence.columns}
    for column in evidence.columns:
        skill, absence = skills[column.name], absence_of(evidence, column)
        if absence is not None:
            yield absence
            if skill.saved < REFUSED or absence.level == "refuse":
                continue
        level = _level(evidence, column, skills)
        if level is not None:
            yield Finding(
                kind="leakage",
                columns=(column.name,),
                level=level,
                text=(
                    f"'{column.name}' alone, fitted on earlier rows, {skill.text} on later ones: "
                    "is it known before the outcome?"
                ),
                fix=f"--drop {column.output}",
            )


def _level(evidence: Evidence, column: ColumnProfile, skills: Mapping[str, Skill]) -> Level | None:
    skill = skills[column.name]
    if skill.saved >= REFUSED:
        return "refuse"
    if skill.saved < WARNED:
        return None
    others = sorted(
        (other for other in evidence.columns if other.name != column.name),
        key=lambda other: -skills[other.name].saved,
    )
    # One that tells all is a leak itself, and no measure of honest columns.
    honest = (other for other in others if skills[other.name].saved < REFUSED)
    rival = next((other for other in honest if not _are_twins(evidence, column, other)), None)
    best = 0.0 if rival is None else max(skills[rival.name].saved, 0.0)
    return "warn" if 1 - skill.saved <= STANDS_OUT * (1 - best) else None


def _are_twins(evidence: Evidence, column: ColumnProfile, other: ColumnProfile) -> bool:
    from scipy.stats import spearmanr

    one, two = evidence.numbers(column), evidence.numbers(other)
    if one is None or two is None:
        return False
    return abs(float(spearmanr(one, two, nan_policy="omit").statistic)) >= TWINS
