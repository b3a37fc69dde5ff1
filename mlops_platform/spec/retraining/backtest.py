"""Which policies and histories the past is replayed under, and what a retraining costs."""

from typing import Annotated, Final

from pydantic import Field, field_validator

from mlops_platform.section import Identifier, PositiveDays, Section
from mlops_platform.spec.retraining.retraining import RetrainingSpec

RESERVED: Final = ("declared", "never")
"""Names of what is always compared: the model's own `retraining`, and no retraining at all."""


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
        default=0.0, description="Of one retraining, in the unit of `task.costs`."
    )
    seeds: Annotated[int, Field(ge=1, le=20)] = Field(
        default=1, description="Fits of every training with different seeds, for the intervals."
    )
    workers: Annotated[int, Field(ge=1)] = Field(
        default=2, description="Fits made at once by processes of this machine."
    )
    dask_scheduler: str | None = Field(
        default=None,
        description=(
            "Address of a Dask scheduler, such as tcp://127.0.0.1:8786, whose workers make the "
            "fits instead: of one thread each, on the same folders and packages."
        ),
    )

    @field_validator("policies")
    @classmethod
    def _names_are_free(cls, policies: dict[str, RetrainingSpec]) -> dict[str, RetrainingSpec]:
        taken = sorted(policies.keys() & set(RESERVED))
        if taken:
            raise ValueError(f"{taken} are always compared anyway; choose other names")
        return policies
