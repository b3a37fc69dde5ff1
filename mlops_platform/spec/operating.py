"""How a released model is watched, retrained and scheduled."""

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from mlops_platform.spec.base import PositiveDays, Section


class LevelsSpec(Section):
    """Warn and error levels of one monitored figure; null switches the level off."""

    warn: float | None = None
    error: float | None = None


class DriftSpec(Section):
    """Drift of the inputs and of the predictions, window against reference."""

    sample_rows: Annotated[int, Field(ge=100, le=100_000)] = Field(
        default=5000, description="Rows of the deterministic sample that Evidently explains."
    )
    column_threshold: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.1, description="Jensen-Shannon distance from which a column counts as drifted."
    )
    share_of_columns: LevelsSpec = Field(
        default=LevelsSpec(warn=0.5), description="Levels of the share of drifted columns."
    )
    prediction: LevelsSpec = Field(
        default=LevelsSpec(warn=0.1),
        description="Levels of the Jensen-Shannon distance of the predicted scores.",
    )
    keep_reports_days: PositiveDays = 90


class PerformanceSpec(Section):
    """Realised performance against the champion's own test figures and the base rate."""

    mature_after_days: Annotated[int, Field(ge=0)] = Field(
        default=2,
        description=(
            "A window is mature this long after its last label could be reported: its end plus "
            "the label's reporting delay."
        ),
    )
    log_loss_increase: LevelsSpec = Field(
        default=LevelsSpec(warn=0.02, error=0.05),
        description="Levels of a mature window's log loss over what the champion's test promises.",
    )
    better_than_base_rate: Literal["off", "warn", "error"] = Field(
        default="warn",
        description="Severity where always predicting the training base rate did as well.",
    )


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


class SchedulesSpec(Section):
    """Which schedules and sensors start switched on."""

    windows: bool = False
    retraining: bool = False
    rollout: bool = Field(
        default=False, description="The verdicts on a challenger and on a new champion."
    )


class MonitoringSpec(Section):
    """Everything that is computed per window."""

    drift: DriftSpec = DriftSpec()
    performance: PerformanceSpec = PerformanceSpec()
