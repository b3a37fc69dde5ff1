"""Which policies and histories the past is replayed under, and what a retraining costs."""

from typing import Annotated

from pydantic import Field

from mlops_platform.spec.base import Identifier, PositiveDays, Section
from mlops_platform.spec.retraining import RetrainingSpec


class BacktestSpec(Section):
    """The replay of the past that recommends a retraining policy and a history."""

    first_training_days: PositiveDays = Field(
        default=90, description="Days of features before the first champion of the replay."
    )
    histories: Annotated[tuple[PositiveDays | None, ...], Field(min_length=1)] = Field(
        default=(None, 90), description="Rolling histories in days; null is all that is known."
    )
    policies: dict[Identifier, RetrainingSpec] = Field(
        default={},
        description="Policies to compare with the declared one and the baselines, by name.",
        examples=[{"monthly": {"policy": {"rule": "schedule", "every_days": 28}}}],
    )
    retraining_cost: Annotated[float, Field(ge=0)] = Field(
        default=0.0, description="Of one retraining, in the unit of `training.costs`."
    )
    seeds: Annotated[int, Field(ge=1, le=20)] = Field(
        default=1, description="Fits of every training with different seeds, for the intervals."
    )
    workers: Annotated[int, Field(ge=1)] = Field(
        default=2, description="Fits made at once by joblib's configured backend."
    )
