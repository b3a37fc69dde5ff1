"""When a window's inputs and predictions count as drifted."""

from typing import Annotated, Literal

from pydantic import Field

from mlops_platform.section import PositiveDays, Section
from mlops_platform.spec.monitoring.levels import LevelsSpec

FixedStatistic = Literal["jensen_shannon", "psi", "kolmogorov_smirnov", "p_value"]


class FixedDriftSpec(Section):
    """Thresholds that are the same for every model; `rule: fixed` judges by them."""

    statistic: FixedStatistic = Field(
        default="jensen_shannon",
        description=(
            "What is held against the threshold: a distance, or the p-value of Kolmogorov-Smirnov "
            "(numeric) and of chi-square (categorical), which counts below the threshold."
        ),
    )
    column_threshold: Annotated[float, Field(gt=0, le=10)] = Field(
        default=0.1, description="Statistic from which a column counts as drifted."
    )
    share_of_columns: LevelsSpec = Field(
        default=LevelsSpec(warn=0.5), description="Levels of the share of drifted columns."
    )
    prediction: LevelsSpec = Field(
        default=LevelsSpec(warn=0.1),
        description=(
            "Levels of the Jensen-Shannon distance of the predicted scores, of all rows and of the "
            "segment that is furthest."
        ),
    )


class DriftSpec(Section):
    """Drift of the inputs and of the predictions, window against reference."""

    rule: Literal["calibrated", "fixed"] = Field(
        default="calibrated",
        description=(
            "`calibrated` alarms at what windows of the reference itself hardly ever show, `fixed` "
            "at thresholds, which alarm in most weeks of data that cluster by day."
        ),
    )
    false_alarm_rate: Annotated[float, Field(gt=0, le=0.5)] = Field(
        default=0.02,
        description=(
            "Share of windows without drift in which the whole model may alarm of drift. Checks of "
            "performance and quality alarm by themselves; all together are to stay below 5 %."
        ),
    )
    severity: Literal["warn", "error"] = Field(
        default="warn", description="Severity of an alarm by the calibrated rule."
    )
    season_days: Annotated[int, Field(ge=0, le=120)] = Field(
        default=30,
        description=(
            "Where the reference holds days of an earlier year within so many days of the window's "
            "date, they alone are the reference; 0 always takes all days."
        ),
    )
    fixed: FixedDriftSpec = Field(
        default=FixedDriftSpec(), description="Thresholds of `rule: fixed`."
    )
    sample_rows: Annotated[int, Field(ge=100, le=100_000)] = Field(
        default=5000, description="Rows of the deterministic sample that Evidently explains."
    )
    keep_reports_days: PositiveDays = Field(
        default=90, description="Days after which the Evidently report of a window is deleted."
    )
