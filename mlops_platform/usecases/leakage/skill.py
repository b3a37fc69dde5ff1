"""What a single column tells of the outcome: fitted on earlier rows, judged on later ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mlops_platform.data.profiling.profile import ColumnProfile
    from mlops_platform.tasks import Task
    from mlops_platform.tasks.predictions import Targets
    from mlops_platform.usecases.leakage.evidence import Evidence

    Bins = NDArray[np.int64]

BIN_ROWS: Final = (20, 5)
"""Rows of a bin: many for what is noisy, few for what tells the outcome exactly."""
MOST_BINS: Final = 128
PRIOR_ROWS: Final = 1.0
"""Weight of the overall baseline within each bin, in rows."""


class Skill(NamedTuple):
    """How well a column alone does on later rows.

    Args:
        saved: share of the baseline's loss; negative where it does harm.
        auc: ROC AUC, where outcomes are two classes.
    """

    saved: float
    auc: float | None

    @property
    def text(self) -> str:
        """Figures in words."""
        auc = "" if self.auc is None else f", ROC AUC {self.auc:.3f}"
        return f"saves {self.saved:.0%} of the baseline's loss{auc}"


def column_skill(evidence: Evidence, column: ColumnProfile) -> Skill:
    """The better one of coarse and of fine bins."""
    skills = [
        skill_of(evidence, _bins(evidence, column, bin_rows), len(evidence.targets))
        for bin_rows in BIN_ROWS
    ]
    return max(skills)


def skill_of(evidence: Evidence, bins: Bins, rows: int) -> Skill:
    """The skill of predicting, in each bin, what earlier rows of it say.

    Args:
        bins: of the labelled rows, by number.
        rows: how many of them.
    """
    import numpy as np

    cut, task, targets = evidence.first_later, evidence.task, evidence.targets
    earlier, later = slice(0, cut), slice(cut, rows)
    overall = task.baseline(targets[earlier])
    losses, scores = np.empty(rows - cut), np.empty(rows - cut)
    for number in np.unique(bins[later]):
        here, seen = bins[later] == number, bins[earlier] == number
        constants = _shrunk(task, targets[earlier][seen], overall)
        losses[here] = task.baseline_losses(targets[later][here], constants)
        scores[here] = next(iter(constants.values()))
    baseline = float(task.baseline_losses(targets[later], overall).sum())
    saved = 1 - float(losses.sum()) / baseline if baseline > 0 else 0.0
    return Skill(saved, _auc(task, targets[later], scores))


def _shrunk(task: Task, targets: Targets, overall: dict[str, float]) -> dict[str, float]:
    """The baseline of some outcomes, drawn a little towards that of all."""
    rows = len(targets)
    if not rows:
        return overall
    own = task.baseline(targets)
    return {
        name: (rows * value + PRIOR_ROWS * overall[name]) / (rows + PRIOR_ROWS)
        for name, value in own.items()
    }


def _auc(task: Task, targets: Targets, scores: NDArray[np.float64]) -> float | None:
    import numpy as np

    if not task.has_classes or len(np.unique(targets)) != 2:
        return None
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(targets, scores))


def _bins(evidence: Evidence, column: ColumnProfile, bin_rows: int) -> Bins:
    """Bins that are drawn by the earlier rows; a missing value has one of its own."""
    import numpy as np

    cut, numbers = evidence.first_later, evidence.numbers(column)
    most = max(min(cut // bin_rows, MOST_BINS), 2)
    if numbers is None:
        return _word_bins(list(evidence.values(column)), cut, (most, bin_rows))
    seen = numbers[:cut][np.isfinite(numbers[:cut])]
    if not len(seen):
        return np.isnan(numbers).astype(np.int64)
    different = np.unique(seen)
    edges = np.unique(np.quantile(seen, np.arange(1, most) / most))
    if len(different) <= most:
        # Between two values that are there: all of a value are in one bin.
        edges = (different[:-1] + different[1:]) / 2
    bins = np.searchsorted(edges, numbers, side="left")
    return np.where(np.isnan(numbers), -1, bins).astype(np.int64)


def _word_bins(words: Sequence[Any], cut: int, limits: tuple[int, int]) -> Bins:
    """One for each frequent word of the earlier rows, and one for all others."""
    import numpy as np
    import pandas as pd

    most, least_rows = limits
    counts = pd.Series(words[:cut], dtype=object).value_counts()
    frequent = {word: at for at, word in enumerate(counts[counts >= least_rows].index[:most])}
    absent, other = -1, len(frequent)
    series = pd.Series(words, dtype=object)
    bins = series.map(frequent).fillna(other).to_numpy(dtype=np.int64)
    return np.where(series.isna().to_numpy(), absent, bins)
