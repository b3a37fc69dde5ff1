"""From which values on a monitored figure alarms."""

from mlops_platform.section import Section
from mlops_platform.spec.limit import Limit


class LevelsSpec(Section):
    """Warn and error levels of one monitored figure; null switches the level off."""

    warn: float | None = None
    error: float | None = None


class MetricLevelsSpec(Section):
    """Limits of one metric that warn and that are an error; null switches the level off."""

    warn: Limit | None = None
    error: Limit | None = None
