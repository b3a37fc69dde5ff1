"""What is watched per window, and when it alarms."""

from typing import Annotated, Literal

from pydantic import Field

from mlops_platform.spec.base import Section
from mlops_platform.spec.drift import DriftSpec
from mlops_platform.spec.levels import LevelsSpec


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
