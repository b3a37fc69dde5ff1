"""The same small model judged on a random split and on one by time."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from mlops_platform.data.profiling.profile import ColumnProfile
from mlops_platform.data.profiling.scanned_table import ScannedTable
from mlops_platform.record import Record
from mlops_platform.tasks import Rows
from mlops_platform.usecases.leakage.evidence import Evidence, gather
from mlops_platform.usecases.leakage.question import Question

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_ROWS: Final = 50_000
LEAST_ROWS: Final = 200
ONE_SCORE: Final = MappingProxyType({"max_iter": 50, "learning_rate": 0.2})
SEVERAL_CLASSES: Final = MappingProxyType(
    {"max_iter": 30, "learning_rate": 0.1, "max_leaf_nodes": 8}
)
"""With trees of its own for each class a bolder model is worse than the shares of these: of five
classes of 1,461 drawn rows it added 12 to 63 % to their loss, where this saves 3 to 34 %."""
CATEGORIES: Final = 200
"""Of a column of words, the most frequent; all others are one."""
SEED: Final = 20


class SplitScores(Record):
    """Loss of the task, lower is better, on rows that the model has not seen.

    Args:
        loss_name, baseline_name: in words, as the task calls them.
        rows: that were looked at.
        random_loss, random_baseline: of the model and its baseline, rows drawn at random.
        time_loss, time_baseline: the same where the latest rows are the unseen ones.
    """

    loss_name: str
    baseline_name: str
    rows: int
    random_loss: float
    random_baseline: float
    time_loss: float
    time_baseline: float

    @property
    def random_saved(self) -> float:
        """Share of the baseline's loss that the model saves on the random split."""
        return 1 - self.random_loss / self.random_baseline if self.random_baseline else 0.0

    @property
    def time_saved(self) -> float:
        """The same on the split by time."""
        return 1 - self.time_loss / self.time_baseline if self.time_baseline else 0.0

    @property
    def tells(self) -> bool:
        """Whether the model has learnt anything that the two splits could differ in."""
        return self.random_saved > 0

    @property
    def text(self) -> str:
        """Both in one sentence."""
        return (
            f"On rows drawn at random the {self.loss_name} of a small model is "
            f"{self.random_loss:.4g} ({self.baseline_name}: {self.random_baseline:.4g}), on the "
            f"latest rows {self.time_loss:.4g} ({self.baseline_name}: {self.time_baseline:.4g}): "
            f"{_saved(self.random_saved)} at random, and {_saved(self.time_saved)} by time, which "
            "is what can be promised."
        )


def _saved(share: float) -> str:
    return f"{share:.0%} saved" if share >= 0 else f"{-share:.0%} lost"


def split_scores(table: ScannedTable, question: Question) -> SplitScores | None:
    """Fit a small model twice; None without time, or with too few rows or outcomes.

    Features are all numbers, booleans and words that could be some, without ids.

    Raises:
        DataError: an expression of the question is none of this table.
    """
    import numpy as np

    if question.time is None:
        return None
    evidence = gather(table, question, MOST_ROWS)
    rows, cut = len(evidence.labelled), evidence.first_later
    columns = [column for column in evidence.columns if _is_feature(column)]
    if rows < LEAST_ROWS or not columns or not evidence.is_judgeable:
        return None
    order = np.random.default_rng(SEED).permutation(rows)
    by_time = np.arange(rows)
    if any(evidence.task.refusal(evidence.targets[part]) for part in (order[:cut], order[cut:])):
        return None
    random_loss, random_baseline = _losses(evidence, columns, (order[:cut], order[cut:]))
    time_loss, time_baseline = _losses(evidence, columns, (by_time[:cut], by_time[cut:]))
    return SplitScores(
        loss_name=evidence.task.loss_name,
        baseline_name=evidence.task.baseline_name,
        rows=rows,
        random_loss=random_loss,
        random_baseline=random_baseline,
        time_loss=time_loss,
        time_baseline=time_baseline,
    )


def _is_feature(column: ColumnProfile) -> bool:
    return column.kind in ("number", "boolean", "category") and column.looks_like_id is None


Parts = tuple["NDArray[np.int64]", "NDArray[np.int64]"]


def _losses(evidence: Evidence, columns: list[ColumnProfile], parts: Parts) -> tuple[float, float]:
    """Mean loss of the model and of its baseline on the second part, fitted on the first."""
    import numpy as np
    from threadpoolctl import threadpool_limits

    seen, unseen = parts
    task, targets = evidence.task, evidence.targets
    matrix = np.column_stack([_encoded(evidence, column, seen) for column in columns])
    words = [column.kind == "category" for column in columns]
    with threadpool_limits(limits=1):
        rows = Rows(matrix[seen], targets[seen])
        predictions = task.raw_predictions(_estimator(evidence, words), rows, matrix[unseen])
    own = task.row_losses(targets[unseen], predictions)
    baseline = task.baseline_losses(targets[unseen], task.baseline(targets[seen]))
    return float(own.mean()), float(baseline.mean())


def _estimator(evidence: Evidence, words: list[bool]) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    size = SEVERAL_CLASSES if evidence.task.judged_classes else ONE_SCORE
    shared = {
        **size,
        "categorical_features": words,
        "random_state": SEED,
    }
    if evidence.task.has_classes:
        return HistGradientBoostingClassifier(early_stopping=False, **shared)
    return HistGradientBoostingRegressor(early_stopping=False, loss=evidence.task.loss, **shared)


def _encoded(
    evidence: Evidence, column: ColumnProfile, seen: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Numbers as they are; words by their rank among those that were seen."""
    import numpy as np

    numbers = evidence.numbers(column)
    if numbers is not None:
        return numbers
    values = evidence.values(column)
    frequent = values.iloc[seen].value_counts().index[:CATEGORIES]
    codes = values.map({word: at for at, word in enumerate(frequent)}).to_numpy(dtype=np.float64)
    codes[np.isnan(codes) & values.notna().to_numpy()] = len(frequent)
    return codes
