"""When a model is trained anew."""

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from mlops_platform.spec.base import Section


class RetrainingSpec(Section):
    """When the platform asks for a retraining."""

    policy: Literal["never", "schedule", "performance"] = "performance"
    log_loss_increase: Annotated[float, Field(gt=0)] = Field(
        default=0.02,
        description="Act when a mature window exceeds by this much what the test promises.",
    )
    worse_than_base_rate: bool = Field(
        default=True,
        description="Act as well if a mature window is predicted no better than by the base rate.",
    )
    cooldown_days: Annotated[int, Field(ge=0)] = Field(
        default=7, description="Least time between two retrainings that the policy asks for."
    )
    max_attempts: Annotated[int, Field(ge=1)] = Field(
        default=3, description="Runs of one retraining that fail before a verdict."
    )
    cron: str | None = Field(
        default=None, description="Periodic retraining in five cron fields, off where null."
    )

    @field_validator("cron")
    @classmethod
    def _cron_has_five_fields(cls, cron: str | None) -> str | None:
        if cron is not None and len(cron.split()) != 5:
            raise ValueError(
                f"'{cron}' is no cron schedule; write its five fields (minute, hour, day of the "
                "month, month, day of the week), for example '0 6 * * 1'"
            )
        return cron

    @model_validator(mode="after")
    def _a_schedule_has_its_times(self) -> Self:
        if self.policy == "schedule" and self.cron is None:
            raise ValueError(
                "`policy: schedule` lacks its times; add `cron`, for example '0 6 1 * *'"
            )
        return self
