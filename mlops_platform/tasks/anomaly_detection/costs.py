"""What missed anomalies and false alerts cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from mlops_platform.section import Section
from mlops_platform.tasks.anomaly_detection.columns import DECISION
from mlops_platform.tasks.custom import CostFunction, costs_section
from mlops_platform.told_apart import ToldApart, has, lacks

if TYPE_CHECKING:
    from mlops_platform.tasks.predictions import Numbers, Predictions, Targets

Cost = Annotated[float, Field(gt=0)]


class AlertCosts(Section):
    """What a wrong decision costs, in any one unit; how many alerts there are says the budget."""

    missed_anomaly: Cost = Field(default=10.0, description="Of an anomaly without an alert.")
    false_alert: Cost = Field(default=1.0, description="Of an alert of what is no anomaly.")

    def of_rows(self, targets: Targets, predictions: Predictions) -> Numbers:
        """Cost of each row's decision, shape (rows,); NaN where nobody knows what the row was."""
        import numpy as np

        alerts = predictions[DECISION]
        costs: Numbers = np.where(
            targets == 1, ~alerts * self.missed_anomaly, alerts * self.false_alert
        )
        return np.where(np.isnan(targets), np.nan, costs)


DecisionCosts = Annotated[
    AlertCosts | CostFunction,
    ToldApart(costs_section(AlertCosts), (lacks("function"), has("function"))),
]
