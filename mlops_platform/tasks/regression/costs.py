"""What errors cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from mlops_platform.section import Section
from mlops_platform.tasks.custom import CostFunction, costs_section
from mlops_platform.tasks.regression.columns import PREDICTION
from mlops_platform.told_apart import ToldApart, has, lacks

if TYPE_CHECKING:
    from mlops_platform.tasks.predictions import Numbers, Predictions, Targets

Cost = Annotated[float, Field(ge=0)]


class ErrorCosts(Section):
    """What one unit of error costs, in any one unit."""

    too_low: Cost = Field(default=1.0, description="Of one unit that was predicted too low.")
    too_high: Cost = Field(default=1.0, description="Of one unit that was predicted too high.")

    def of_rows(self, targets: Targets, predictions: Predictions) -> Numbers:
        """Cost of each row's error, shape (rows,)."""
        import numpy as np

        missing = targets - predictions[PREDICTION]
        costs: Numbers = np.where(missing > 0, missing * self.too_low, -missing * self.too_high)
        return costs


PredictionCosts = Annotated[
    ErrorCosts | CostFunction,
    ToldApart(costs_section(ErrorCosts), (lacks("function"), has("function"))),
]
