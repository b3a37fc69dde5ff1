"""What wrong decisions cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from mlops_platform.section import Section
from mlops_platform.tasks.binary_classification.columns import DECISION
from mlops_platform.tasks.custom import CostFunction, costs_section
from mlops_platform.told_apart import ToldApart, has, lacks

if TYPE_CHECKING:
    from mlops_platform.tasks.predictions import Numbers, Predictions, Targets

Cost = Annotated[float, Field(gt=0)]


class Costs(Section):
    """What a wrong decision costs, in any one unit; the threshold minimises the expected cost."""

    false_positive: Cost = Field(
        default=1.0, description="Of a decision for what does not come true."
    )
    false_negative: Cost = Field(
        default=1.0, description="Of a decision against what does come true."
    )

    def of_rows(self, targets: Targets, predictions: Predictions) -> Numbers:
        """Cost of each row's decision, shape (rows,)."""
        import numpy as np

        positive = predictions[DECISION]
        costs: Numbers = np.where(
            targets == 1, ~positive * self.false_negative, positive * self.false_positive
        )
        return costs


DecisionCosts = Annotated[
    Costs | CostFunction,
    ToldApart(costs_section(Costs), (lacks("function"), has("function"))),
]
