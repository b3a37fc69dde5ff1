"""How a released model is watched, retrained, scheduled and served."""

from typing import Annotated, Literal

from pydantic import Field

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
    share_of_columns: LevelsSpec = LevelsSpec(warn=0.5)
    keep_reports_days: PositiveDays = 90


class PerformanceSpec(Section):
    """Realised performance against the champion's own test figures and the base rate."""

    label_delay_days: Annotated[int, Field(ge=0)] = Field(
        default=2, description="A window is mature this long after its end."
    )
    log_loss_increase: LevelsSpec = LevelsSpec(warn=0.02, error=0.05)


class RetrainingSpec(Section):
    """When the platform asks for a retraining."""

    policy: Literal["never", "schedule", "performance"] = "performance"
    log_loss_increase: Annotated[float, Field(gt=0)] = Field(
        default=0.02, description="Act when a mature window exceeds the test log loss by this much."
    )
    cooldown_days: Annotated[int, Field(ge=0)] = 7
    cron: str | None = Field(default=None, description="Periodic retraining, off where null.")


class SchedulesSpec(Section):
    """Which schedules start switched on."""

    windows: bool = False
    retraining: bool = False


class ServingSpec(Section):
    """What the Bento holds and how the service answers."""

    golden_rows: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=50, description="Rows packed with their expected answers."
    )
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    max_batch_rows: Annotated[int, Field(ge=1, le=100_000)] = 1000


class MonitoringSpec(Section):
    """Everything that is computed per window."""

    drift: DriftSpec = DriftSpec()
    performance: PerformanceSpec = PerformanceSpec()
