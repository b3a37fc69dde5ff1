"""Columns that alone tell too much of the outcome, or by whether they have a value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from mlops_platform.data.profiling.concerns.lists import percent
from mlops_platform.data.profiling.finding import Finding, Level
from mlops_platform.data.profiling.profile import ColumnProfile
from mlops_platform.usecases.leakage.evidence import LABEL, Evidence
from mlops_platform.usecases.leakage.skill import Skill, column_skill, skill_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

REFUSED: Final = 0.9
"""Share of the loss that no single honest column saves on later rows."""
WARNED: Final = 0.5
"""The same, of a column that stands out from all others."""
STANDS_OUT: Final = 0.6
"""What it leaves of the loss, at most, of what the next best column leaves."""
TWINS: Final = 0.97
"""Rank correlation from which two columns are one, written twice."""
TOLD_BY_ABSENCE: Final = 0.3
"""Share of the loss that whether there is a value may save."""
LEAST_LATER: Final = 30
LEAST_ABSENT: Final = 10
"""Rows with, and rows without a value, for its absence to tell anything."""


def telling_columns(evidence: Evidence) -> Iterator[Finding]:
    """Of absence first: a column that is told by it tells much by its values, too."""
    if not evidence.is_judgeable or len(evidence.labelled) - evidence.first_later < LEAST_LATER:
        return
    absences = {column.name: _absence(evidence, column) for column in evidence.columns}
    skills = {column.name: column_skill(evidence, column) for column in evidence.columns}
    for column in evidence.columns:
        by_absence, skill = absences[column.name], skills[column.name]
        if by_absence is not None and by_absence.saved >= TOLD_BY_ABSENCE:
            yield _of_absence(evidence, column, by_absence)
            if skill.saved < REFUSED or by_absence.saved >= REFUSED:
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
    rival = next((other for other in others if not _are_twins(evidence, column, other)), None)
    best = 0.0 if rival is None else max(skills[rival.name].saved, 0.0)
    # A rival that tells all is a leak itself, and no measure of honest columns.
    if best >= REFUSED:
        return "warn"
    return "warn" if 1 - skill.saved <= STANDS_OUT * (1 - best) else None


def _are_twins(evidence: Evidence, column: ColumnProfile, other: ColumnProfile) -> bool:
    from scipy.stats import spearmanr

    one, two = evidence.numbers(column), evidence.numbers(other)
    if one is None or two is None:
        return False
    return abs(float(spearmanr(one, two, nan_policy="omit").statistic)) >= TWINS


def _absent(evidence: Evidence, column: ColumnProfile) -> NDArray[np.bool_] | None:
    """Of each labelled row, whether there is no value; None where that is rare."""
    absent = evidence.values(column).isna().to_numpy()
    if not LEAST_ABSENT <= absent.sum() <= len(absent) - LEAST_ABSENT:
        return None
    return absent


def _absence(evidence: Evidence, column: ColumnProfile) -> Skill | None:
    import numpy as np

    absent = _absent(evidence, column)
    if absent is None:
        return None
    return skill_of(evidence, absent.astype(np.int64), len(absent))


def _of_absence(evidence: Evidence, column: ColumnProfile, skill: Skill) -> Finding:
    absent = evidence.values(column).isna().sum()
    rows = len(evidence.labelled)
    return Finding(
        kind="missing_tells_label",
        columns=(column.name,),
        level="refuse" if skill.saved >= REFUSED else "warn",
        text=(
            f"whether '{column.name}' has a value ({percent(rows - absent, rows)} of the rows "
            f"have) {skill.text} on later rows: it seems to be filled in with the outcome."
        ),
        fix=f"--drop {column.output}",
    )


def unlabelled_alike(evidence: Evidence) -> Iterator[Finding]:
    """Columns without value in just the rows without outcome."""
    without = evidence.frame[LABEL].isna()
    if not LEAST_ABSENT <= without.sum() <= len(without) - LEAST_ABSENT:
        return
    for column in evidence.columns:
        absent = evidence.frame[column.output].isna()
        either = int((absent | without).sum())
        both = int((absent & without).sum())
        if both >= ALIKE * either:
            yield Finding(
                kind="missing_with_label",
                columns=(column.name,),
                level="warn",
                text=(
                    f"'{column.name}' has no value in {percent(both, either)} of the rows in which "
                    "it or the outcome is missing: they seem to become known together."
                ),
                fix=f"--drop {column.output}",
            )


ALIKE: Final = 0.98
