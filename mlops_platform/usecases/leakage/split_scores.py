"""The same small model judged on a random split and on one by time."""

from __future__ import annotations

from mlops_platform.data.profiling.scanned_table import ScannedTable
from mlops_platform.record import Record
from mlops_platform.usecases.leakage.question import Question


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
    def text(self) -> str:
        """Both in one sentence."""
        return (
            f"a small model saves {self.random_saved:.0%} of the {self.loss_name} of the "
            f"{self.baseline_name} where rows are split at random, and {self.time_saved:.0%} "
            "where the latest are left for the test: what is promised is the second"
        )


def split_scores(table: ScannedTable, question: Question) -> SplitScores | None:
    """Fit a small model twice; None without time, or with too few rows or outcomes.

    Raises:
        DataError: an expression of the question is none of this table.
    """
    raise NotImplementedError
