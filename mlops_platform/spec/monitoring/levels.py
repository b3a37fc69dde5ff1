"""LevelsSpec: from which values on a monitored figure alarms."""

from mlops_platform.section import Section


class LevelsSpec(Section):
    """Warn and error levels of one monitored figure; null switches the level off."""

    warn: float | None = None
    error: float | None = None
