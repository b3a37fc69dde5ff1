"""How many alerts people can look at, and the score from which on they are raised."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Self

from pydantic import Field, model_validator

from mlops_platform.errors import TrainingError
from mlops_platform.section import Section
from mlops_platform.tasks.weights import ROUNDING

if TYPE_CHECKING:
    from mlops_platform.tasks.finished import Rows
    from mlops_platform.tasks.predictions import Numbers


class BudgetSpec(Section):
    """Alerts that may be raised: a number for each window, or a share of the rows."""

    alerts: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="Alerts of a window of the model, such as 20 a week."
    )
    share: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        default=None, description="Share of rows, where it is not a number for each window."
    )

    @model_validator(mode="after")
    def _is_one_of_them(self) -> Self:
        if (self.alerts is None) == (self.share is None):
            raise ValueError("say how many `alerts` a window may have, or their `share` of rows")
        return self

    def share_of(self, rows: Rows) -> float:
        """Share of rows that may be alerts, by how many of them a window has.

        Raises:
            TrainingError: a window has no more rows than it may have alerts.
        """
        if self.share is not None:
            return self.share
        assert self.alerts is not None
        count = len(rows.targets)
        if rows.windows is None:  # a sample: nobody knows how many rows a window has
            return min(self.alerts / count, 0.5)
        of_window = count / rows.windows
        if self.alerts >= of_window:
            raise TrainingError(
                f"task.budget.alerts: {self.alerts:g} alerts may be raised in a window, and one "
                f"has {of_window:,.0f} rows on average, so that every row would be one. Say fewer, "
                "as many as people can look at."
            )
        return self.alerts / of_window


def threshold_of(scores: Numbers, share: float, weights: Numbers | None = None) -> float:
    """The least score above which at most a share of the rows lies.

    Args:
        scores: of rows that the model has not seen, shape (rows,).
        weights: of the rows, shape (rows,); None where all count the same.

    Raises:
        TrainingError: the share is less than one of these rows.
    """
    import numpy as np

    order = np.argsort(-scores, kind="stable")
    counts = np.ones(len(scores)) if weights is None else weights
    above = np.cumsum(counts[order]) / counts.sum()
    allowed = int(np.searchsorted(above, share + ROUNDING, side="right"))
    if not allowed:
        raise TrainingError(
            f"task.budget: {share:.3g} of {len(scores):,} validation rows is less than one alert, "
            "so that no threshold can be told. Lengthen the validation part, or allow more alerts."
        )
    # Rows of one score are alerts together or not at all: a budget is kept, not reached.
    first_left = min(allowed, len(scores) - 1)
    return float(np.nextafter(scores[order][first_left], np.inf))
