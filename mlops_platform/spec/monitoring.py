"""What is watched per window, and when it alarms."""

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


class MonitoringSpec(Section):
    """Everything that is computed per window."""

    drift: DriftSpec = DriftSpec()
    performance: PerformanceSpec = PerformanceSpec()
