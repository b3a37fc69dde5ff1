"""Targeting: who is acted on first where not everybody can be, and what that brings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple

from pydantic import Field

from mlops_platform.errors import SpecError
from mlops_platform.section import Section
from mlops_platform.tasks.binary_classification.columns import SCORE
from mlops_platform.tasks.metric import Metric

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mlops_platform.tasks.binary_classification.metrics import Labels
    from mlops_platform.tasks.predictions import Numbers, Predictions

LIMITS: Final = ("share", "rows", "budget")
TOP: Final = 0.1
"""Share of the rows whose probabilities are looked at apart: those that are acted on first."""

Positive = Annotated[float, Field(gt=0)]


class Targeting(Section):
    """How many of the rows with the highest probabilities are acted on: one of three limits."""

    share: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        default=None, description="Of the rows that are measured together."
    )
    rows: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="Of those that are measured together, as those of a window."
    )
    budget: Positive | None = Field(
        default=None, description="Spent on the rows that are measured together; needs `cost`."
    )
    cost: Positive | None = Field(default=None, description="Of acting on one row.")
    benefit: Positive | None = Field(
        default=None,
        description="Of acting on a row that is positive, in the unit of `cost`; profit needs it.",
    )

    def faults(self) -> list[SpecError]:
        """Contradictions within the section."""
        limits = [name for name in LIMITS if getattr(self, name) is not None]
        if len(limits) != 1:
            fix = f"Write one of {', '.join(LIMITS)}: how many rows can be acted on."
            return [SpecError("task.targeting", " and ".join(limits) or "none of them", fix)]
        if self.budget is not None and self.cost is None:
            fix = "Write `cost` as well, of acting on one row: it says how many it pays for."
            return [SpecError("task.targeting.budget", self.budget, fix)]
        return []

    def affordable(self, rows: float) -> float:
        """How many of so many rows are acted on."""
        if self.share is not None:
            return self.share * rows
        if self.rows is not None:
            return min(float(self.rows), rows)
        assert self.budget is not None
        assert self.cost is not None  # `faults` demands it
        return min(self.budget / self.cost, rows)

    def profit(self, rows: Numbers | float, positives: Numbers | float) -> Numbers | float:
        """Benefit of the positives among the rows that are acted on, less what acting costs."""
        assert self.benefit is not None
        return self.benefit * positives - (self.cost or 0.0) * rows

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """Of the rows that are acted on, by name."""
        named = {
            "targeted_lift": Metric(
                "how much more frequent positives are among those acted on; 1 is guessing",
                greater_is_better=True,
                compute=partial(_of_targeted, targeting=self, figure="lift"),
                headline=True,
            ),
            "targeted_gain": Metric(
                "share of all positives that are acted on",
                greater_is_better=True,
                compute=partial(_of_targeted, targeting=self, figure="gain"),
            ),
            "targeted_precision": Metric(
                "share of positives among those acted on",
                greater_is_better=True,
                compute=partial(_of_targeted, targeting=self, figure="precision"),
            ),
            "top_calibration_error": Metric(
                "distance of probability and frequency in the tenth of the highest probabilities",
                greater_is_better=False,
                compute=_top_calibration_error,
                defined_for_any_targets=True,
            ),
        }
        if self.benefit is None:
            return named
        profit = Metric(
            "what acting brings in all, less what it costs",
            greater_is_better=True,
            compute=partial(_profit, targeting=self),
            headline=True,
        )
        return {**named, "targeted_profit": profit}


class Targeted(NamedTuple):
    """Those that are acted on, by weight, and all rows.

    Attributes:
        positives: among them.
        stated: positives to be expected by their probabilities.
    """

    rows: float
    positives: float
    stated: float
    all_rows: float
    all_positives: float

    @property
    def precision(self) -> float:
        """Share of positives among them."""
        return self.positives / self.rows

    @property
    def gain(self) -> float:
        """Share of all positives that are among them; not a number where there is none."""
        return self.positives / self.all_positives if self.all_positives else float("nan")

    @property
    def lift(self) -> float:
        """How much more frequent positives are among them; not a number where there is none."""
        expected = self.rows * self.all_positives / self.all_rows
        return self.positives / expected if expected else float("nan")


@dataclass(frozen=True)
class Ranked:
    """Rows by falling probability, added up; those of equal probability are one step.

    Args:
        rows: up to each step, with their weights, shape (steps + 1,); the first is 0.
        positives: among them.
        stated: sum of their probabilities.
    """

    rows: NDArray[np.float64]
    positives: NDArray[np.float64]
    stated: NDArray[np.float64]

    def positives_of(self, rows: Numbers | float) -> Numbers:
        """How many of the first rows are positive.

        Of rows of equal probability the part that is among the first has its share of them, which
        is what chance makes of it: the order of the rows does not matter.
        """
        import numpy as np

        return np.asarray(np.interp(rows, self.rows, self.positives))

    def stated_of(self, rows: Numbers | float) -> Numbers:
        """How many of them were to be expected by their probabilities."""
        import numpy as np

        return np.asarray(np.interp(rows, self.rows, self.stated))

    @property
    def all_rows(self) -> float:
        """By weight."""
        return float(self.rows[-1])

    def first(self, rows: float) -> Targeted:
        """Those that are acted on, where so many are."""
        positives, stated = float(self.positives_of(rows)), float(self.stated_of(rows))
        return Targeted(rows, positives, stated, self.all_rows, float(self.positives[-1]))


def ranked(labels: Labels, scores: Numbers, weights: Numbers | None = None) -> Ranked:
    """Sort rows by their probability.

    Args:
        labels: 0 and 1, shape (rows,).
        scores: probabilities, shape (rows,).
        weights: of the rows, shape (rows,); None where all count the same.
    """
    import numpy as np

    counts = np.ones(len(scores)) if weights is None else weights
    distinct, step_of_row = np.unique(-scores, return_inverse=True)

    def up_to_each_step(values: Numbers) -> Numbers:
        of_steps = np.bincount(step_of_row, weights=values, minlength=len(distinct))
        return np.concatenate([[0.0], np.cumsum(of_steps)])

    return Ranked(
        *(up_to_each_step(counts * values) for values in (np.ones(len(scores)), labels, scores))
    )


def _of_targeted(
    labels: Labels, predictions: Predictions, targeting: Targeting, figure: str
) -> float:
    order = ranked(labels, predictions[SCORE], predictions.weights)
    acted_on = order.first(targeting.affordable(order.all_rows))
    return float(getattr(acted_on, figure))


def _profit(labels: Labels, predictions: Predictions, targeting: Targeting) -> float:
    order = ranked(labels, predictions[SCORE], predictions.weights)
    acted_on = order.first(targeting.affordable(order.all_rows))
    return float(targeting.profit(acted_on.rows, acted_on.positives))


def _top_calibration_error(labels: Labels, predictions: Predictions) -> float:
    order = ranked(labels, predictions[SCORE], predictions.weights)
    top = order.first(TOP * order.all_rows)
    return abs(top.positives - top.stated) / top.rows
