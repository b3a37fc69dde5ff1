"""What is watched per window, and when it alarms."""

from typing import Annotated

from pydantic import Field

from mlops_platform.spec.base import PositiveDays, Section
from mlops_platform.spec.levels import LevelsSpec
from mlops_platform.spec.performance import PerformanceSpec


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


class MonitoringSpec(Section):
    """Everything that is computed per window."""

    drift: DriftSpec = DriftSpec()
    performance: PerformanceSpec = PerformanceSpec()
