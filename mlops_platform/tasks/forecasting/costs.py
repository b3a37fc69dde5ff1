"""What errors of forecasts cost, and what it costs to change one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from mlops_platform.tasks.custom import CostFunction, costs_section
from mlops_platform.tasks.forecasting.stability import changes
from mlops_platform.tasks.regression.costs import Cost, ErrorCosts
from mlops_platform.told_apart import ToldApart, has, lacks

if TYPE_CHECKING:
    from mlops_platform.tasks.predictions import Numbers, Predictions, Targets


class ForecastCosts(ErrorCosts):
    """What one unit of error costs, and one of change, in any one unit."""

    change: Cost = Field(
        default=0.0,
        description=(
            "Of one unit by which a forecast differs from that of the same outcome at the origin "
            "before."
        ),
    )

    def of_changes(self, changes: Numbers) -> Numbers:
        """Cost of each row's change, shape (rows,); 0 where there was no forecast before."""
        import numpy as np

        costs: Numbers = self.change * np.nan_to_num(changes)
        return costs


ForecastingCosts = Annotated[
    ForecastCosts | CostFunction,
    ToldApart(costs_section(ForecastCosts), (lacks("function"), has("function"))),
]


def costs_of_rows(
    targets: Targets, predictions: Predictions, costs: ForecastingCosts, step_hours: float
) -> Numbers:
    """Cost of each row, shape (rows,).

    Args:
        step_hours: from one step to the next.
    """
    of_errors = costs.of_rows(targets, predictions)
    if not isinstance(costs, ForecastCosts) or not costs.change:
        return of_errors
    return of_errors + costs.of_changes(changes(predictions, step_hours))
