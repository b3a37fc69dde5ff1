"""Columns that tell the outcome by whether they have a value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from mlops_platform.data.profiling.concerns.lists import percent
from mlops_platform.data.profiling.finding import Finding
from mlops_platform.data.profiling.profile import ColumnProfile
from mlops_platform.usecases.leakage.evidence import LABEL, Evidence
from mlops_platform.usecases.leakage.skill import skill_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SAVED: Final = 0.3
"""Share of the baseline's loss that whether there is a value may save."""
APART: Final = (0.8, 0.99)
"""Warned and refused: by how much more often than not a row with a value has the higher outcome."""
LEAST_ROWS: Final = 10
"""With, and without a value, for its absence to tell anything."""
LEAST_PURE: Final = 20
"""Rows that all have one outcome, for it to be no chance."""
CHANCE: Final = 1e-6
ALIKE: Final = 0.98


def absence_of(evidence: Evidence, column: ColumnProfile) -> Finding | None:
    """What it tells whether a column has a value; None where that is little."""
    absent = evidence.values(column).isna().to_numpy()
    rows = len(absent)
    if not LEAST_ROWS <= absent.sum() <= rows - LEAST_ROWS:
        return None
    skill = skill_of(evidence, absent.astype("int64"), rows)
    apart = _apart(evidence, absent)
    if skill.saved < SAVED and apart < APART[0] and not _is_pure(evidence, absent):
        return None
    return Finding(
        kind="missing_tells_label",
        columns=(column.name,),
        level="refuse" if apart >= APART[1] else "warn",
        text=(
            f"whether '{column.name}' has a value ({percent(rows - int(absent.sum()), rows)} of "
            f"the rows have) tells the outcome: alone it {skill.text} on later rows."
        ),
        fix=f"--drop {column.output}",
    )


def _apart(evidence: Evidence, absent: NDArray[np.bool_]) -> float:
    """From 0 to 1: how far outcomes of rows with and without a value are apart, by their ranks."""
    from scipy.stats import rankdata

    ranks = rankdata(evidence.targets)
    without = int(absent.sum())
    pairs = without * (len(absent) - without)
    higher = float(ranks[absent].sum()) - without * (without + 1) / 2
    return abs(2 * higher / pairs - 1)


def _is_pure(evidence: Evidence, absent: NDArray[np.bool_]) -> bool:
    """Whether all rows with, or all without a value have one and the same class."""
    import numpy as np

    if not evidence.task.has_classes:
        return False
    for side in (absent, ~absent):
        classes = np.unique(evidence.targets[side])
        share = float((evidence.targets == classes[0]).mean())
        if len(classes) == 1 and side.sum() >= LEAST_PURE and share ** side.sum() < CHANCE:
            return True
    return False


def unlabelled_alike(evidence: Evidence) -> Iterator[Finding]:
    """Columns without value in just the rows without outcome."""
    without = evidence.frame[LABEL].isna()
    if not LEAST_ROWS <= without.sum() <= len(without) - LEAST_ROWS:
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
                    f"'{column.name}' and the outcome are both missing in {percent(both, either)} "
                    "of the rows in which one of them is: they seem to become known together."
                ),
                fix=f"--drop {column.output}",
            )
