"""From which values on a monitored figure alarms."""

from pydantic import Field

from mlops_platform.section import Section
from mlops_platform.spec.limit import Limit


class LevelsSpec(Section):
    """Warn and error levels of one monitored figure; null switches the level off."""

    warn: float | None = Field(default=None, description="Value beyond which the figure warns.")
    error: float | None = Field(
        default=None, description="Value beyond which the figure is an error."
    )


class MetricLevelsSpec(Section):
    """Limits of one metric that warn and that are an error; null switches the level off."""

    warn: Limit | None = Field(default=None, description="Limit beyond which the figure warns.")
    error: Limit | None = Field(
        default=None, description="Limit beyond which the figure is an error."
    )
